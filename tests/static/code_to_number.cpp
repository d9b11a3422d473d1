// expect-error: cannot convert|no viable conversion
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A code has no value of its own; it has to be decoded.

#include <qfmt/formats/e4m3.hpp>

float const value = qfmt::Code<qfmt::E4M3>{0x38};
