// expect-error: calibrated before it is quantized
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The input of an FP8 layer has one static scale, which calibration finds.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize_input.hpp>

auto run(qfmt::MatrixView<float const> tokens) {
  return qfmt::quantize_input<qfmt::preset::FP8>(tokens);
}
