// expect-error: rounds by TowardZero, Up or NearestAway
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// E8M0 has no mantissa, so none of its codes is even.

#include <qfmt/formats/e8m0.hpp>

auto const code = qfmt::encode<qfmt::E8M0>(1.0f, qfmt::NearestEven{});
