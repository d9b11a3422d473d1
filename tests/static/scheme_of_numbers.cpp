// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A scheme is over a format, not over a number type.

#include <qfmt/tensor/scheme.hpp>

using Wrong = qfmt::QuantScheme<float, qfmt::PerTensor>;
