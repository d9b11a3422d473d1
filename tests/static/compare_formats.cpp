// expect-error: no match for 'operator=='|invalid operands
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Equal bits of different formats are not equal codes.

#include <qfmt/formats/all.hpp>

bool const equal = qfmt::Code<qfmt::E8M0>{0x38} == qfmt::Code<qfmt::E4M3>{0x38};
