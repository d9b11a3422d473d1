// expect-error: no match for 'operator\+'|invalid operands
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A format is a codebook, not a number class.

#include <qfmt/formats/e4m3.hpp>

auto const sum = qfmt::Code<qfmt::E4M3>{0x38} + qfmt::Code<qfmt::E4M3>{0x38};
