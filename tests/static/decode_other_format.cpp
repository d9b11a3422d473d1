// expect-error: no matching function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A code of one format is not a code of another.

#include <qfmt/formats/all.hpp>

float const value = qfmt::decode<qfmt::E5M2>(qfmt::Code<qfmt::E4M3>{0x38});
