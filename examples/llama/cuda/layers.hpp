// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "../model.hpp"

namespace llama::cuda {

/// Lets the linear layers of a model's decoder multiply on the device: their weights are loaded once
/// more from the model's directory, packed and copied there. Everything else stays on the host. Gives
/// the number of layers.
///
/// Errors: unsupported unless config.json has one group, of NVFP4A16 or MXFP4A16; out_of_memory; those
/// of io::load_layer.
qfmt::Result<int> move_to_device(std::filesystem::path const& directory, Model& model);

}  // namespace llama::cuda
