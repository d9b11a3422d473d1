// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "commands.hpp"

namespace qfmt::tool {

Result<oneshot::DequantizeReport> dequantize(DequantizeOptions const& options) {
  oneshot::DequantizeJob job;
  job.input = options.input;
  job.output = options.output;
  job.read = reading;
  if (options.dtype != "auto") {
    job.dtype = options.dtype == "F32"    ? io::Dtype::F32
                : options.dtype == "BF16" ? io::Dtype::BF16
                                          : io::Dtype::F16;
  }
  return oneshot::dequantize_checkpoint(job);
}

}  // namespace qfmt::tool
