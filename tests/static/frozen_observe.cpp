// expect-error: no member named 'observe'
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What is frozen does not change.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/frozen.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
auto run(qfmt::Frozen<S>& frozen, qfmt::MatrixView<float const> batch) {
  return frozen.observe(batch);
}
