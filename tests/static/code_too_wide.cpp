// expect-error: narrowing conversion|cannot be narrowed
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A bit pattern must fit the storage of the format.

#include <qfmt/formats/e4m3.hpp>

constexpr qfmt::Code<qfmt::E4M3> code{0x138};
