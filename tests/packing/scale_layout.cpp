// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/layout_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/scale_layout.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class L>
void check_layout() {
  static_assert(ScaleLayout<L>);
  expect_held(laws::places_are_distinct<L>());
  expect_held(laws::rearranges_back<L>());
  expect_held(laws::padding_fills_the_buffer<L>());
}

// Negative controls.
struct ForgetsColumnAtoms : Swizzled128x4 {
  static constexpr index_t offset(Shape scales, index_t row, index_t col) noexcept {
    return Swizzled128x4::offset(scales, row, col % 4);
  }
};
struct NotPadded : Swizzled8x4 {
  static constexpr index_t size(Shape scales) noexcept { return scales.size(); }
};

}  // namespace

TEST_CASE("laws of every layout") {
  check_layout<RowMajor>();
  check_layout<Swizzled128x4>();
  check_layout<Swizzled8x4>();
  check_layout<ColumnMajorWords>();
}

TEST_CASE("sabotaged layouts violate a law") {
  expect_violated(laws::places_are_distinct<ForgetsColumnAtoms>());
  expect_violated(laws::places_are_distinct<NotPadded>());
  expect_violated(laws::rearranges_back<ForgetsColumnAtoms>());
  expect_violated(laws::padding_fills_the_buffer<ForgetsColumnAtoms>());
  expect_violated(laws::padding_fills_the_buffer<NotPadded>());
}

TEST_CASE("128 x 4: the formula of the specification, and its inverse") {
  // offset = ((m / 128) KT + k / 4) 512 + (m % 32) 16 + ((m % 128) / 32) 4 + k % 4, KT = ceil(cols
  // / 4)
  struct Row {
    index_t row, col, offset;
  };
  Shape const scales{300, 10};  // KT = 3
  for (auto const& [row, col, offset] :
       {Row{0, 0, 0}, Row{0, 3, 3}, Row{1, 0, 16}, Row{31, 0, 496}, Row{32, 0, 4}, Row{96, 3, 15},
        Row{127, 3, 511}, Row{0, 4, 512}, Row{0, 9, 1025}, Row{128, 0, 1536},
        Row{299, 9, 2 * 1536 + 1024 + 11 * 16 + 4 + 1}}) {
    CHECK(Swizzled128x4::offset(scales, row, col) == offset);
  }
  CHECK(Swizzled128x4::size(scales) == 3 * 3 * 512);
  // reshape (M / 128, KT, 32, 4, 4) and permute (0, 3, 2, 1, 4): the place of every byte, from the
  // other side.
  index_t wrong = 0;
  for (index_t byte = 0; byte < Swizzled128x4::size(scales); ++byte) {
    index_t const atom = byte / 512;
    index_t const row = atom / 3 * 128 + byte % 16 / 4 * 32 + byte % 512 / 16;
    index_t const col = atom % 3 * 4 + byte % 4;
    wrong += Swizzled128x4::offset(scales, row, col) != byte ? 1 : 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("8 x 4, words, and rows: places by hand") {
  CHECK(Swizzled8x4::offset({20, 9}, 0, 3) == 3);
  CHECK(Swizzled8x4::offset({20, 9}, 1, 0) == 4);
  CHECK(Swizzled8x4::offset({20, 9}, 0, 4) == 32);
  CHECK(Swizzled8x4::offset({20, 9}, 8, 0) == 96);
  CHECK(Swizzled8x4::size({20, 9}) == 3 * 3 * 32);
  CHECK(Swizzled8x4::size({8, 12}) == 3 * 32);  // nothing beyond whole atoms
  CHECK(Swizzled128x4::size({128, 12}) == 3 * 512);
  CHECK(ColumnMajorWords::offset({6, 8}, 0, 1) == 1);
  CHECK(ColumnMajorWords::offset({6, 8}, 1, 0) == 4);
  CHECK(ColumnMajorWords::offset({6, 8}, 0, 4) == 32);  // six rows take eight words
  CHECK(ColumnMajorWords::size({6, 8}) == 64);
  CHECK(ColumnMajorWords::size({301, 17}) == 5 * 304 * 4);
  CHECK(ColumnMajorWords::offset({256, 8}, 0, 4) == 1024);
  CHECK(RowMajor::offset({6, 8}, 2, 3) == 19);
}

TEST_CASE("rearranging codes of scales, in constant expressions") {
  constexpr bool good = [] {
    std::array<Code<E8M0>, 4> const scales{Code<E8M0>{1}, Code<E8M0>{2}, Code<E8M0>{3},
                                           Code<E8M0>{4}};
    std::array<Code<E8M0>, 32> swizzled{};
    for (auto& s : swizzled) s.bits = 0xEE;
    rearrange<RowMajor, Swizzled8x4>(scales.data(), Shape{2, 2}, swizzled.data());
    return swizzled[0].bits == 1 && swizzled[1].bits == 2 && swizzled[2].bits == 0 &&
           swizzled[4].bits == 3 && swizzled[5].bits == 4 && swizzled[31].bits == 0;
  }();
  static_assert(good);
  CHECK(good);
}
