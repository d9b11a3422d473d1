// expect-error: no match for 'operator<'|invalid operands
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The order of codes is not the order of values.

#include <qfmt/formats/e4m3.hpp>

bool const less = qfmt::Code<qfmt::E4M3>{0x38} < qfmt::Code<qfmt::E4M3>{0xB8};
