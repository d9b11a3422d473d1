// expect-error: could not convert|cannot convert|no known conversion|no viable conversion|invalid initialization
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Calibrators of different schemes have seen different things.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using A = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
using B = qfmt::QuantScheme<qfmt::INT8, qfmt::PerTensor>;
auto run(qfmt::Calibrator<A>& a, qfmt::Calibrator<B> const& b) {
  return a.merge(b);
}
