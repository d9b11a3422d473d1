// expect-error: no matching function|no matching constructor
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Frozen parameters come from a calibration or from a checkpoint.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/frozen.hpp>

using S = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>;
qfmt::Frozen<S> frozen;
