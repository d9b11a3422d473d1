// expect-error: no matching function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// E8M0 has no mantissa to break ties with: its rounding is named.

#include <qfmt/formats/e8m0.hpp>

auto const code = qfmt::encode<qfmt::E8M0>(1.0f);
