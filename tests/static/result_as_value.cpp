// expect-error: cannot convert|no viable conversion
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A result is asked before its value is taken.

#include <qfmt/tensor/result.hpp>

qfmt::Result<int> load();
int const value = load();
