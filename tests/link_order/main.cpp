// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cinttypes>
#include <cstdio>

#include <qfmt/tensor/isa.hpp>

std::uint64_t plain(qfmt::Isa isa);
std::uint64_t tuned(qfmt::Isa isa);

/// Prints the checksum that all share; 1 if two differ.
int main() {
  std::uint64_t const expected = plain(qfmt::Isa::portable);
  int different = 0;
  for (qfmt::Isa const isa : {qfmt::Isa::portable, qfmt::Isa::avx2, qfmt::Isa::avx512}) {
    if (isa > qfmt::detected_isa())
      continue;
    different += plain(isa) != expected;
    different += tuned(isa) != expected;
  }
  std::printf("%016" PRIx64 "\n", expected);
  return different == 0 ? 0 : 1;
}
