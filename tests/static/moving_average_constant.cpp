// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// An average that never moves is none: the averaging constant is in (0, 1].

#include <qfmt/observers/moving_average.hpp>

using Wrong = qfmt::MovingAverage<0, 100>;
