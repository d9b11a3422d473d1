// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/format.hpp>
#include <qfmt/packing/scale_layout.hpp>
#include <vector>

using namespace qfmt;

namespace {

using Layouts = TypeList<RowMajor, Swizzled128x4, Swizzled8x4, ColumnMajorWords>;
constexpr Shape shapes[] = {{1, 1}, {3, 5}, {8, 4}, {9, 4}, {127, 3}, {128, 4}, {129, 5}, {300, 17}, {0, 0}, {5, 0}};

/// How many scales have a place outside the buffer, or one that is taken.
template <class Layout>
index_t violations(Shape scales) {
  index_t bad = 0;
  std::vector<bool> taken(static_cast<std::size_t>(Layout::size(scales)));
  for (index_t row = 0; row < scales.rows; ++row) {
    for (index_t col = 0; col < scales.cols; ++col) {
      index_t const at = Layout::offset(scales, row, col);
      if (at < 0 || at >= Layout::size(scales) || taken[static_cast<std::size_t>(at)]) {
        ++bad;
      } else {
        taken[static_cast<std::size_t>(at)] = true;
      }
    }
  }
  return bad;
}

/// Two columns exchange their places in every second row only: what a wrong swizzle does.
struct Broken {
  static constexpr index_t size(Shape s) { return RowMajor::size(s); }
  static constexpr index_t offset(Shape s, index_t row, index_t col) { return RowMajor::offset(s, row, col % 2 == 1 ? col - 1 : col); }
};

}  // namespace

TEST_CASE("every layout gives every scale a place of its own") {
  for (Shape const scales : shapes) {
    CAPTURE(scales.rows);
    CAPTURE(scales.cols);
    Layouts::for_each([scales]<class L>() { CHECK(violations<L>(scales) == 0); });
  }
  CHECK(violations<Broken>({3, 5}) > 0);
}

TEST_CASE("sizes include the padding") {
  CHECK(RowMajor::size({300, 17}) == 5100);
  CHECK(Swizzled128x4::size({300, 17}) == 3 * 5 * 512);
  CHECK(Swizzled8x4::size({300, 17}) == 38 * 5 * 32);
  CHECK(ColumnMajorWords::size({301, 17}) == 5 * 304 * 4);
}

TEST_CASE("places that the vendors' documents name") {
  // (row, column) of a matrix of scales 256 x 8: cuBLAS, "1D Block Scaling Factors Layout".
  constexpr Shape scales{256, 8};
  CHECK(Swizzled128x4::offset(scales, 0, 3) == 3);
  CHECK(Swizzled128x4::offset(scales, 32, 0) == 4);
  CHECK(Swizzled128x4::offset(scales, 64, 0) == 8);
  CHECK(Swizzled128x4::offset(scales, 1, 0) == 16);
  CHECK(Swizzled128x4::offset(scales, 127, 3) == 511);
  CHECK(Swizzled128x4::offset(scales, 0, 4) == 512);
  CHECK(Swizzled128x4::offset(scales, 128, 0) == 1024);
  CHECK(Swizzled8x4::offset(scales, 7, 3) == 31);
  CHECK(Swizzled8x4::offset(scales, 8, 0) == 64);
  CHECK(ColumnMajorWords::offset(scales, 1, 0) == 4);
  CHECK(ColumnMajorWords::offset(scales, 0, 4) == 1024);
}

TEST_CASE("rearranging there and back is the identity, and padding is zero") {
  constexpr Shape scales{130, 6};
  std::vector<uint8_t> original(static_cast<std::size_t>(scales.size()));
  for (std::size_t i = 0; i < original.size(); ++i) original[i] = static_cast<uint8_t>(i % 251 + 1);
  Layouts::for_each([&]<class L>() {
    std::vector<uint8_t> there(static_cast<std::size_t>(L::size(scales)), 0xEE);
    rearrange<RowMajor, L>(original.data(), scales, there.data());
    index_t zeros = 0;
    for (uint8_t const scale : there) zeros += scale == 0;
    CHECK(zeros == L::size(scales) - scales.size());
    std::vector<uint8_t> back(original.size());
    rearrange<L, RowMajor>(there.data(), scales, back.data());
    CHECK(back == original);
  });
}
