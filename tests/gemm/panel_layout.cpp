// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/gemm/panel_layout.hpp>
#include <qfmt/tensor/presets.hpp>
#include <set>
#include <support/laws/expect.hpp>
#include <vector>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// No two codes, scales or zero points share a bit; all are inside; scales are those of the groups.
Violations is_a_bijection(PanelLayout map, Shape matrix) {
  Violations found{"every part has a place of its own"};
  auto const bytes = static_cast<std::size_t>(map.bytes(matrix));
  std::vector<int> used(2 * bytes);  // by nibble
  std::set<index_t> scales, zero_points;
  auto const take = [&](index_t first_nibble, index_t nibbles) {
    for (index_t i = first_nibble; i < first_nibble + nibbles; ++i) {
      bool const inside = i >= 0 && i < static_cast<index_t>(used.size());
      found.expect(inside && used[static_cast<std::size_t>(i)]++ == 0, [&] { return "nibble " + std::to_string(i); });
    }
  };
  for (index_t row = 0; row < matrix.rows; ++row) {
    for (index_t col = 0; col < matrix.cols; ++col) {
      PanelLayout::Place const place = map.code(row, col, matrix.cols);
      take(2 * place.byte + place.shift / 4, map.code_bits / 4);
      index_t const scale = map.scale(row, col, matrix.cols);
      if (scales.insert(scale).second) take(2 * scale, 2 * map.scale_bytes);
      if (map.zero_point_bytes == 0) continue;
      index_t const zero_point = map.zero_point(row, col, matrix.cols);
      if (zero_points.insert(zero_point).second) take(2 * zero_point, 2 * map.zero_point_bytes);
    }
  }
  auto const groups = static_cast<std::size_t>(matrix.rows * ceil_div(matrix.cols, map.group));
  found.expect(scales.size() == groups, [&] { return std::to_string(scales.size()) + " scales"; });
  found.expect(zero_points.size() == (map.zero_point_bytes == 0 ? 0 : groups), [] { return std::string{"zero points"}; });
  return found;
}

using Schemes = TypeList<BlockScheme<NVFP4>, BlockScheme<MXFP4>, BlockScheme<MXFP8_E4M3>, QuantScheme<INT4, PerGroup<32>>,
                         QuantScheme<INT4, PerGroup<128>, SymmetricScale<Code<BF16>>>, QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>,
                         QuantScheme<INT4, PerGroup<32>, AsymmetricScale<Code<FP16>>, Static<MinMax>>, QuantScheme<INT8, PerChannel>,
                         QuantScheme<INT8, PerChannel, SymmetricScale<Code<BF16>>>, QuantScheme<E4M3, PerTensor>, QuantScheme<E4M3, PerBlock<128, 128>>>;

}  // namespace

TEST_CASE("the layout is a bijection, for matrices of any size") {
  Schemes::for_each([]<class S>() {
    for (Shape const matrix : {Shape{1, 1}, Shape{17, 40}, Shape{16, 64}, Shape{5, 129}, Shape{33, 300}}) {
      CAPTURE(S::Format::name);
      CAPTURE(matrix.cols);
      PanelLayout const map = panel_layout<S>(matrix.cols);
      expect_held(is_a_bijection(map, matrix));
      CHECK(map.bytes(matrix) % PanelLayout::line == 0);
      CHECK(map.codes_at() % PanelLayout::line == 0);
      CHECK(map.group_bytes() % PanelLayout::line == 0);
    }
  });
}

TEST_CASE("the law rejects a layout whose groups overlap") {
  PanelLayout map = panel_layout<BlockScheme<NVFP4>>(64);
  expect_held(is_a_bijection(map, {17, 40}));
  map.group = 12;  // a line and a half of nibbles
  expect_violated(is_a_bijection(map, {17, 40}));
}

TEST_CASE("the layout is the one that is drawn") {
  // NVFP4: a strip is 4 groups of 16 columns: 64 scales, then 4 times 2 lines of codes.
  PanelLayout const nvfp4 = panel_layout<BlockScheme<NVFP4>>(128);
  CHECK(nvfp4.scale(3, 20, 128) == 16 + 3);
  CHECK(nvfp4.code(3, 0, 128).byte == 64 + 3 * 4);
  CHECK(nvfp4.code(3, 4, 128).byte == 64 + 3 * 4);
  CHECK(nvfp4.code(3, 4, 128).shift == 4);
  CHECK(nvfp4.code(3, 16 + 8 + 2, 128).byte == 64 + 128 + 64 + 3 * 4 + 2);
  CHECK(nvfp4.code(16, 64, 128).byte == 2 * 576 + 576 + 64);
  // INT8 by channel: 64 bytes of scales, then a line for every 4 columns.
  PanelLayout const int8 = panel_layout<QuantScheme<INT8, PerChannel>>(100);
  CHECK(int8.panel_bytes(100) == 64 + 128 * 16);
  CHECK(int8.code(2, 9, 100).byte == 64 + 2 * 64 + 2 * 4 + 1);
  CHECK(int8.flip == 0x80);
}
