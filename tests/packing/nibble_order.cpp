// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <initializer_list>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/nibble_order.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Every element has a half byte of its own; whole blocks fill their bytes.
template <class O>
bool places_are_distinct(index_t block) {
  for (index_t const count : {block, 3 * block}) {
    std::vector<int> used(static_cast<std::size_t>(count), 0);
    for (index_t i = 0; i < count; ++i) {
      NibblePlace const place = O::place(i);
      if (place.byte < 0 || place.byte >= count / 2)
        return false;
      ++used[static_cast<std::size_t>(2 * place.byte + (place.high ? 1 : 0))];
    }
    if (!std::all_of(used.begin(), used.end(), [](int n) { return n == 1; }))
      return false;
  }
  return true;
}

struct Collides {
  static constexpr NibblePlace place(index_t i) noexcept { return {i / 2, i % 4 >= 2}; }
};

}  // namespace

TEST_CASE("nibble orders: every element has its own half of a byte") {
  CHECK(places_are_distinct<LowFirst>(2));
  CHECK(places_are_distinct<HighFirst>(2));
  CHECK(places_are_distinct<SplitHalves<2>>(2));
  CHECK(places_are_distinct<SplitHalves<16>>(16));
  CHECK(places_are_distinct<SplitHalves<32>>(32));
  CHECK_FALSE(places_are_distinct<Collides>(4));  // negative control
  static_assert(NibbleOrder<LowFirst> && NibbleOrder<SplitHalves<16>> && !NibbleOrder<Collides> &&
                !NibbleOrder<int>);
}

TEST_CASE("nibble orders: bytes by hand") {
  Bytes const low_first{0x10, 0x32, 0x54, 0x76};
  Bytes out(4);
  reorder_nibbles<LowFirst, HighFirst>(low_first.data(), 8, out.data(), 4);
  CHECK(out == Bytes{0x01, 0x23, 0x45, 0x67});
  reorder_nibbles<LowFirst, SplitHalves<8>>(low_first.data(), 8, out.data(), 4);
  CHECK(out == Bytes{0x40, 0x51, 0x62, 0x73});
  reorder_nibbles<LowFirst, SplitHalves<4>>(low_first.data(), 8, out.data(), 4);
  CHECK(out == Bytes{0x20, 0x31, 0x64, 0x75});
  reorder_nibbles<LowFirst, SplitHalves<8>>(low_first.data(), 3, out.data(),
                                            4);  // what is behind the row becomes zero
  CHECK(out == Bytes{0x00, 0x01, 0x02, 0x00});
  // GGUF: byte j of a block of 32 has element j and element j + 16.
  CHECK(SplitHalves<32>::place(5) == NibblePlace{5, false});
  CHECK(SplitHalves<32>::place(21) == NibblePlace{5, true});
  CHECK(SplitHalves<32>::place(32) == NibblePlace{16, false});
}

TEST_CASE("nibble orders: LowFirst is what pack() does") {
  Samples samples{62};
  for (index_t const count : {1, 2, 7, 32, 33}) {
    std::vector<Code<INT4>> codes;
    for (index_t i = 0; i < count; ++i)
      codes.push_back({static_cast<std::uint8_t>(samples.bits() & 15)});
    Bytes packed(static_cast<std::size_t>(packed_bytes<INT4>(count)));
    pack<INT4>(codes.data(), count, packed.data(), static_cast<index_t>(packed.size()));
    for (index_t i = 0; i < count; ++i) {
      NibblePlace const place = LowFirst::place(i);
      unsigned const byte = packed[static_cast<std::size_t>(place.byte)];
      CHECK((place.high ? byte >> 4 : byte & 15) == codes[static_cast<std::size_t>(i)].bits);
    }
  }
}

namespace {

template <class From, class To>
int round_trip_failures(index_t block) {
  int wrong = 0;
  Samples samples{63};
  for (index_t const count : {index_t{0}, index_t{1}, block - 1, block, block + 1, 3 * block}) {
    auto const bytes = static_cast<std::size_t>(round_up(count, block) / 2);
    Bytes low(bytes, 0);
    for (index_t i = 0; i < count; ++i)
      low[static_cast<std::size_t>(i / 2)] |=
          static_cast<std::uint8_t>((samples.bits() & 15) << (i % 2 * 4));
    Bytes from(bytes, 0xEE);
    Bytes to(bytes, 0xEE);
    Bytes back(bytes, 0xEE);
    auto const n = static_cast<index_t>(bytes);
    reorder_nibbles<LowFirst, From>(low.data(), count, from.data(), n);
    reorder_nibbles<From, To>(from.data(), count, to.data(), n);
    reorder_nibbles<To, LowFirst>(to.data(), count, back.data(), n);
    wrong += back != low ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("nibble orders: from each to each and back") {
  CHECK(round_trip_failures<LowFirst, HighFirst>(2) == 0);
  CHECK(round_trip_failures<HighFirst, SplitHalves<32>>(32) == 0);
  CHECK(round_trip_failures<SplitHalves<16>, HighFirst>(16) == 0);
  CHECK(round_trip_failures<SplitHalves<32>, SplitHalves<16>>(32) == 0);
}
