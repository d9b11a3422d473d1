// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A row written past the caches: every alignment, lengths around those of the pieces, nothing outside.

#include <doctest/doctest.h>
#include <vector>

#include <qfmt/tensor/x86/stream.hpp>

#include "guarded.hpp"
#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

#if defined(QFMT_X86)

namespace {

struct Counted {
  index_t skipped = 0;
  void operator()(index_t first, index_t count, float* to) const {
    for (index_t i = 0; i < count; ++i) to[i] = static_cast<float>(first + i + 1 + skipped);
  }
};

int wrong_values(Guarded& memory, std::size_t count, std::size_t shift, Counted const& produce) {
  int wrong = 0;
  for (auto const at : {Guarded::At::begin, Guarded::At::end}) {
    for (std::byte& b : memory.everything()) b = std::byte{0x5A};
    std::span<float> const row = memory.place<float>(at, count, shift);
    x86::avx512::stream_row(row.data(), static_cast<index_t>(count), produce);
    for (std::size_t i = 0; i < count; ++i) wrong += row[i] != static_cast<float>(i + 1);
    for (std::byte const& b : memory.everything()) {
      bool const inside = &b >= reinterpret_cast<std::byte const*>(row.data()) &&
                          &b < reinterpret_cast<std::byte const*>(row.data() + count);
      wrong += !inside && b != std::byte{0x5A};
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("a streamed row: every alignment and length") {
  if (vector_levels().size() < 2)
    return;
  Guarded memory{8192};
  for (std::size_t shift = 0; shift < 16; ++shift) {
    for (std::size_t count = 16; count <= 1100; count += count < 70 || count > 1010 ? 1 : 37)
      CHECK_MESSAGE(wrong_values(memory, count, shift, Counted{}) == 0, shift, count);
  }
  CHECK(wrong_values(memory, 100, 3, Counted{1}) != 0);
}

#endif
