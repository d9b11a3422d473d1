// expect-error: has no tensor part to share
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Layers share the tensor's part of two-level parameters; there must be one.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
auto run(qfmt::Calibrator<S> const& q, qfmt::Calibrator<S> const& k) {
  return qfmt::fused_global(q, k);
}
