// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/e2m1.hpp>
#include <qfmt/packing/nibble_order.hpp>
#include <set>
#include <vector>

using namespace qfmt;

namespace {

template <class Order>
index_t violations(index_t count, index_t bytes) {
  index_t bad = 0;
  std::set<std::pair<index_t, bool>> taken;
  for (index_t i = 0; i < count; ++i) {
    NibblePlace const place = Order::place(i);
    bad += place.byte < 0 || place.byte >= bytes || !taken.insert({place.byte, place.high}).second;
  }
  return bad;
}

struct Broken {
  static constexpr NibblePlace place(index_t i) { return {i / 2, i % 4 == 1}; }
};

}  // namespace

TEST_CASE("every order gives every code a place of its own") {
  for (index_t const count : {index_t{0}, index_t{32}, index_t{64}, index_t{96}}) {
    CHECK(violations<LowFirst>(count, count / 2) == 0);
    CHECK(violations<HighFirst>(count, count / 2) == 0);
    CHECK(violations<SplitHalves<32>>(count, count / 2) == 0);
    CHECK(violations<SplitHalves<16>>(count, count / 2) == 0);
  }
  CHECK(violations<Broken>(32, 16) > 0);
}

TEST_CASE("LowFirst is what pack does") {
  std::vector<Code<E2M1>> codes;
  for (uint8_t i = 0; i < 16; ++i) codes.push_back({static_cast<uint8_t>(i * 7 % 16)});
  uint8_t bytes[8];
  pack<E2M1>(codes.data(), 16, bytes, 8);
  for (index_t i = 0; i < 16; ++i) {
    NibblePlace const place = LowFirst::place(i);
    CHECK((place.high ? bytes[place.byte] >> 4 : bytes[place.byte] & 15) == codes[static_cast<std::size_t>(i)].bits);
  }
}

TEST_CASE("rows known from elsewhere") {
  // Codes 0, 1, 2, ... of a GGUF block of 32: byte j holds codes j and j + 16.
  uint8_t low_first[16];
  for (int j = 0; j < 16; ++j) low_first[j] = static_cast<uint8_t>((2 * j % 16) | (2 * j + 1) % 16 << 4);
  uint8_t gguf[16];
  reorder_nibbles<LowFirst, SplitHalves<32>>(low_first, 32, gguf, 16);
  for (int j = 0; j < 16; ++j) CHECK(gguf[j] == (j | j << 4));
  // bitsandbytes: the even code in the high half.
  uint8_t high[16];
  reorder_nibbles<LowFirst, HighFirst>(low_first, 32, high, 16);
  CHECK(high[0] == 0x01);
  CHECK(high[1] == 0x23);
}

TEST_CASE("reordering there and back is the identity; what is behind the row becomes zero") {
  uint8_t const row[16] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0x0F, 0, 0, 0, 0, 0, 0, 0, 0};
  uint8_t there[16];
  uint8_t back[16];
  for (uint8_t& byte : there) byte = 0xEE;
  reorder_nibbles<LowFirst, SplitHalves<32>>(row, 15, there, 16);
  reorder_nibbles<SplitHalves<32>, LowFirst>(there, 15, back, 16);
  for (int i = 0; i < 16; ++i) CHECK(back[i] == row[i]);
  CHECK(there[15] == 0);  // elements 15 and 31 do not exist
}
