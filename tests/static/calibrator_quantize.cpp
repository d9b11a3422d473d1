// expect-error: no member named 'quantize'
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What is still calibrating does not quantize: freeze() it first.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
auto run(qfmt::Calibrator<S> const& calibrator, qfmt::MatrixView<float const> x) {
  return calibrator.quantize(x);
}
