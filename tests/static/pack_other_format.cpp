// expect-error: cannot convert|no matching function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Codes are packed as what they are.

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/pack.hpp>

void run(qfmt::Code<qfmt::INT8> const* codes, qfmt::uint8_t* bytes) {
  qfmt::pack<qfmt::INT4>(codes, 2, bytes, 1);
}
