// expect-error: found by calibration
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The tensor's part of a Local scheme is frozen: quantize() would take it from the tokens.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

auto run(qfmt::MatrixView<float const> tokens) {
  return qfmt::quantize<qfmt::preset::NVFP4::InputActivations>(tokens);
}
