// expect-error: no matching function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Only floating-point values are encoded: an integer argument is usually a bit pattern.

#include <qfmt/formats/e4m3.hpp>

auto const code = qfmt::encode<qfmt::E4M3>(0x38);
