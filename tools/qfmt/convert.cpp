// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "convert.hpp"

#include "commands.hpp"

namespace qfmt::tool {

Result<oneshot::ConvertReport> convert(std::filesystem::path const& input,
                                       std::filesystem::path const& output) {
  oneshot::ConvertJob job;
  job.input = input;
  job.output = output;
  job.read = reading;
  return oneshot::convert_checkpoint(job);
}

}  // namespace qfmt::tool
