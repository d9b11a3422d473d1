// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A scheme names a scale policy.

#include <qfmt/tensor/scheme.hpp>

using Wrong = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor, float>;
