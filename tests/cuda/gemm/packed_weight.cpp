// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <set>

#include <qfmt/cuda/gemm/packed_weight.hpp>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;
using cuda::PackedLayout;

TEST_CASE("cuda: the parts of a packed weight") {
  // 30 x 100 NVFP4: two row blocks of two tiles of 512 bytes; eight scales for each of 32 rows.
  constexpr PackedLayout<BlockScheme<NVFP4>> map{{30, 100}};
  static_assert(map.row_blocks() == 2 && map.tiles() == 2 && map.scale_cols() == 8);
  static_assert(map.tile_at(1, 1) == 3 * 512);
  static_assert(map.scales_at() == 2048 && map.scales() == 256 && map.bytes() == 2304);
  constexpr PackedLayout<Int4Asymmetric> asymmetric{{16, 129}};
  static_assert(asymmetric.scale_cols() == 2 && asymmetric.scales_at() == 3 * 512);
  static_assert(asymmetric.zero_points_at() == 1536 + 256 && asymmetric.bytes() == 1792 + 256);
  CHECK(PackedLayout<Int8Rows>{{17, 5}}.scales() == 32);
}

TEST_CASE("cuda: every scale has a place, and a warp's are one line") {
  constexpr PackedLayout<BlockScheme<NVFP4>> map{{48, 256}};
  std::set<index_t> places;
  for (index_t row = 0; row < 48; ++row)
    for (index_t column = 0; column < map.scale_cols(); ++column)
      places.insert(map.scale_index(row, column));
  CHECK(static_cast<index_t>(places.size()) == map.scales());
  CHECK(*places.rbegin() == map.scales() - 1);
  // Lane (g, t) reads two bytes, of rows g and g + 8 and segment t: 64 bytes for a tile.
  for (index_t lane = 0; lane < 32; ++lane) {
    index_t const at = map.scale_index(16 + lane / 4, 4 + lane % 4);
    CHECK(at / 64 == map.scale_index(16, 4) / 64);
    CHECK(map.scale_index(16 + lane / 4 + 8, 4 + lane % 4) == at + 1);
  }
}

TEST_CASE("cuda: which schemes can be packed") {
  using cuda::Packable;
  static_assert(Packable<QuantScheme<INT4, PerGroup<192>>>);
  static_assert(!Packable<QuantScheme<INT4, PerGroup<48>>>);
  static_assert(!Packable<QuantScheme<UINT4, PerChannel>>);
  CHECK(Packable<QuantScheme<E5M2, PerTensor>>);
}
