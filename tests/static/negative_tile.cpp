// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A tile has no negative side.

#include <qfmt/scaling/granularity.hpp>

using Wrong = qfmt::Tiling<-1, 16>;
