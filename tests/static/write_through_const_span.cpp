// expect-error: no matching function|invalid reference to function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A span of constant bytes is for reading.

#include <qfmt/formats/int4.hpp>
#include <qfmt/packing/pack.hpp>

void run(qfmt::PackedSpan<qfmt::INT4, qfmt::uint8_t const> row) {
  row.set(0, {});
}
