// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <qfmt/oneshot/convert.hpp>

namespace qfmt::tool {

/// Writes a checkpoint of AutoAWQ or GPTQ's tools as one of compressed-tensors. Errors: those of
/// convert_checkpoint.
Result<oneshot::ConvertReport> convert(std::filesystem::path const& input,
                                       std::filesystem::path const& output);

}  // namespace qfmt::tool
