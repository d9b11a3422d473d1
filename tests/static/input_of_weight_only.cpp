// expect-error: does not quantize its input
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A weight-only layer takes its input as it is.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize_input.hpp>

auto run(qfmt::MatrixView<float const> tokens) {
  return qfmt::quantize_input<qfmt::preset::W4A16>(tokens);
}
