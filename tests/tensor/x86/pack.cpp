// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Rows packed by vectors are the bytes of pack(), and come back from every start.

#include <doctest/doctest.h>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F>
std::vector<Code<F>> codes_of(std::size_t count) {
  std::vector<Code<F>> codes(count);
  Philox const random{5};
  for (std::size_t i = 0; i < count; ++i)
    codes[i] = {static_cast<std::uint8_t>(random(i) & ((1u << F::bits) - 1))};
  return codes;
}

/// How many lengths, and spare bytes behind the row, are packed differently.
template <class F>
int different_lengths(std::vector<Code<F>> const& codes, std::vector<Code<F>> const& meant) {
  int different = 0;
  for (index_t count = 0; count <= static_cast<index_t>(codes.size()); ++count) {
    for (index_t const spare : {0, 1, 9}) {
      index_t const capacity = packed_bytes<F>(count) + spare;
      std::vector<std::uint8_t> expected(static_cast<std::size_t>(capacity) + 1, 0xA5);
      std::vector<std::uint8_t> got = expected;
      pack<F>(meant.data(), count, expected.data(), capacity);
      different += !x86::pack(Isa::avx2, codes.data(), count, got.data(), capacity);
      different += got != expected;
    }
  }
  return different;
}

#if defined(QFMT_X86)
template <class F>
int different_starts(std::vector<Code<F>> const& codes) {
  int different = 0;
  auto const size = static_cast<index_t>(codes.size());
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(packed_bytes<F>(size)));
  pack<F>(codes.data(), size, bytes.data(), packed_bytes<F>(size));
  for (index_t first = 0; first < size; ++first) {
    for (index_t count = 0; first + count <= size; ++count) {
      std::vector<Code<F>> got(static_cast<std::size_t>(count) + 1);
      x86::avx2::unpack_row<F>(bytes.data(), first, count, got.data());
      for (index_t i = 0; i < count; ++i)
        different += got[static_cast<std::size_t>(i)] != codes[static_cast<std::size_t>(first + i)];
      different += got.back().bits != 0;
    }
  }
  return different;
}
#endif

}  // namespace

TEST_CASE("vectors pack every width as pack() does, at every length") {
  if (vector_levels().empty())
    return;
  IntegerFormats::for_each([]<class F>() {
    auto const codes = codes_of<F>(150);
    CHECK_MESSAGE(different_lengths(codes, codes) == 0, std::string{F::name});
    auto changed = codes;
    changed[70] = {static_cast<std::uint8_t>(codes[70].bits ^ 1u)};
    CHECK(different_lengths(changed, codes) != 0);
  });
}

#if defined(QFMT_X86)
TEST_CASE("vectors unpack every width from every start") {
  if (vector_levels().empty())
    return;
  IntegerFormats::for_each([]<class F>() {
    CHECK_MESSAGE(different_starts(codes_of<F>(80)) == 0, std::string{F::name});
  });
}
#endif
