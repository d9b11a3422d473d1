// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "comparison.hpp"
#include "model.hpp"

namespace llama {

/// Called with the bytes that have been evaluated so far.
using Progress = std::function<void(std::size_t bytes)>;

/// How many bits the model needs for each byte of a text: the mean of -log2 p(byte | the bytes
/// before it). The text is cut into windows of 256 bytes, the last one maybe shorter, and the model
/// reads each on its own, behind the token that begins a text.
///
/// Errors: unsupported unless the model has one token for each byte and a context of 256;
/// invalid_argument for an empty text; those of Model::read.
qfmt::Result<double> bits_per_byte(Model const& model, std::string_view text,
                                   qfmt::ThreadPool& threads);

/// The same for a model directory.
qfmt::Result<double> bits_per_byte(std::filesystem::path const& directory, std::string_view text,
                                   qfmt::ThreadPool& threads);

/// The same window by window, for comparisons (comparison.hpp). Errors: as bits_per_byte.
qfmt::Result<std::vector<WindowBits>> bits_of_windows(Model const& model, std::string_view text,
                                                      qfmt::ThreadPool& threads,
                                                      Progress const& progress = {});

}  // namespace llama
