// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// No threshold holds more than all values.

#include <qfmt/observers/percentile.hpp>

using Wrong = qfmt::Percentile<101, 100>;
