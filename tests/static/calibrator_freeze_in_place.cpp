// expect-error: discards qualifiers|is an lvalue|expects an rvalue
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Freezing consumes the calibrator: std::move(calibrator).freeze().

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
auto run(qfmt::Calibrator<S>& calibrator) {
  return calibrator.freeze();
}
