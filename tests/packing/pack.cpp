// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <support/bits.hpp>
#include <support/laws/expect.hpp>
#include <support/laws/packing_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/pack.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct PackingLaws {
  template <class F>
  void operator()() const {
    expect_held(laws::round_trips<Packer<F>>());
    expect_held(laws::is_a_bit_stream<Packer<F>>());
    expect_held(laws::random_access<Packer<F>>());
  }
};

// Negative controls.

/// High nibble first.
struct SwappedNibbles : Packer<INT4> {
  static void pack(Code<INT4> const* codes, index_t count, std::uint8_t* bytes, index_t capacity) {
    Packer<INT4>::pack(codes, count, bytes, capacity);
    for (index_t i = 0; i < bytes_of(count); ++i)
      bytes[i] = static_cast<std::uint8_t>(bytes[i] << 4 | bytes[i] >> 4);
  }
  static index_t bytes_of(index_t count) { return packed_bytes<INT4>(count); }
};
/// Each nibble of INT3 wastes a bit.
struct OnePerNibble : Packer<UINT3> {
  static index_t bytes(index_t count) { return ceil_div(count, 2); }
};
/// Leaves the bytes after the codes as they were.
struct LeavesPadding : Packer<E2M1> {
  static void pack(Code<E2M1> const* codes, index_t count, std::uint8_t* bytes,
                   index_t /*capacity*/) {
    Packer<E2M1>::pack(codes, count, bytes, packed_bytes<E2M1>(count));
  }
};
/// Writes a byte too many.
struct WritesBehind : Packer<E4M3> {
  static void pack(Code<E4M3> const* codes, index_t count, std::uint8_t* bytes, index_t capacity) {
    Packer<E4M3>::pack(codes, count, bytes, capacity + 1);
  }
};
/// Clears the neighbour in the same byte.
struct ClearsNeighbour : Packer<UINT4> {
  static void set(std::uint8_t* bytes, index_t, index_t i, Code<UINT4> code) {
    bytes[i / 2] = static_cast<std::uint8_t>(code.bits << (i % 2 * 4));
  }
};
/// Takes the first of the two bytes that a code of six bits can lie in.
struct IgnoresSecondByte : Packer<E3M2> {
  static Code<E3M2> get(std::uint8_t const* bytes, index_t, index_t i) {
    return {static_cast<std::uint8_t>(bytes[i * 6 / 8] >> (i * 6 % 8) & 63)};
  }
};

}  // namespace

TEST_CASE("laws of packing, for every format") {
  FloatFormats::for_each(PackingLaws{});
  ScaleOnlyFormats::for_each(PackingLaws{});
  IntegerFormats::for_each(PackingLaws{});
  CodebookFormats::for_each(PackingLaws{});
}

TEST_CASE("sabotaged packings violate a law") {
  expect_violated(laws::is_a_bit_stream<SwappedNibbles>());
  expect_violated(laws::round_trips<SwappedNibbles>());
  expect_violated(laws::round_trips<OnePerNibble>());
  expect_violated(laws::round_trips<LeavesPadding>());
  expect_violated(laws::round_trips<WritesBehind>());
  expect_violated(laws::random_access<ClearsNeighbour>());
  expect_violated(laws::random_access<IgnoresSecondByte>());
}

TEST_CASE("bytes by hand: element 0 in the low bits") {
  std::array<Code<INT4>, 3> const nibbles{Code<INT4>{0x1}, Code<INT4>{0x2}, Code<INT4>{0x3}};
  std::array<std::uint8_t, 3> bytes{0xFF, 0xFF, 0xFF};
  pack<INT4>(nibbles.data(), 3, bytes.data(), 3);
  CHECK(bytes == std::array<std::uint8_t, 3>{0x21, 0x03, 0x00});

  std::array<Code<E2M3>, 4> const six{Code<E2M3>{0x3F}, Code<E2M3>{0x00}, Code<E2M3>{0x3F},
                                      Code<E2M3>{0x00}};
  pack<E2M3>(six.data(), 4, bytes.data(), 3);
  CHECK(bytes == std::array<std::uint8_t, 3>{0x3F, 0xF0, 0x03});

  std::array<Code<BF16>, 1> const wide{Code<BF16>{0x3F80}};
  pack<BF16>(wide.data(), 1, bytes.data(), 2);
  CHECK(bytes[0] == 0x80);
  CHECK(bytes[1] == 0x3F);
}

TEST_CASE("sizes, and packing in constant expressions") {
  static_assert(packed_bytes<INT4>(0) == 0 && packed_bytes<INT4>(1) == 1 &&
                packed_bytes<INT4>(3) == 2);
  static_assert(packed_bytes<INT3>(8) == 3 && packed_bytes<INT3>(9) == 4 &&
                packed_bytes<BF16>(5) == 10 && packed_bytes<UE4M3>(8) == 7);
  constexpr bool same = [] {
    std::array<Code<INT3>, 11> codes{};
    for (std::size_t i = 0; i < codes.size(); ++i)
      codes[i] = code<INT3>(static_cast<std::uint32_t>(i * 5 % 8));
    std::array<std::uint8_t, 5> bytes{};
    pack<INT3>(codes.data(), 11, bytes.data(), 5);
    std::array<Code<INT3>, 11> back{};
    unpack<INT3>(bytes.data(), 11, back.data());
    return codes == back;
  }();
  static_assert(same);
  // A constant expression may not read or write beyond the bytes that there are.
  constexpr bool stays_within = [] {
    std::uint8_t bytes[3] = {};
    static_assert(PackedSpan<INT3>{}.size == 0 && PackedSpan<INT3>{}.bytes == nullptr);
    PackedSpan<INT3> const threes{bytes, 8};
    for (index_t i = 0; i < 8; ++i) threes.set(i, {static_cast<std::uint8_t>(7 - i)});
    bool good = true;
    for (index_t i = 0; i < 8; ++i) good = good && threes[i].bits == 7 - i;
    PackedSpan<INT8> const whole_bytes{bytes, 3};
    whole_bytes.set(2, {0x5A});
    return good && whole_bytes[2].bits == 0x5A;
  }();
  static_assert(stays_within);
  CHECK(packed_bytes<INT4>(index_t{1} << 40) == index_t{1} << 39);
}
