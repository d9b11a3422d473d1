// expect-error: could not convert|cannot convert|no known conversion|no viable conversion|invalid initialization
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The parameters are fitted for the type of the model's tensors; batches are of that type.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
auto run(qfmt::Calibrator<S, qfmt::Code<qfmt::BF16>>& calibrator,
         qfmt::MatrixView<float const> batch) {
  return calibrator.observe(batch);
}
