// expect-error: ignoring return
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A batch that was refused is not passed over.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
void run(qfmt::Calibrator<S>& calibrator, qfmt::MatrixView<float const> batch) {
  calibrator.observe(batch);
}
