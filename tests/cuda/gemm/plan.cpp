// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <string>

#include <qfmt/cuda/gemm/plan.hpp>

using namespace qfmt;
using namespace qfmt::cuda;

namespace {
constexpr Device h200{90, 132};
}

TEST_CASE("cuda: the backend is the table's first row that fits") {
  CHECK(backend_for(1, {75, 68}) == Backend::Simt);
  CHECK(backend_for(1, {80, 108}) == Backend::Skinny);
  CHECK(backend_for(32, h200) == Backend::Skinny);
  CHECK(backend_for(33, h200) == Backend::MmaSm80);
  CHECK(backend_for(1 << 20, {121, 48}) == Backend::MmaSm80);
  CHECK(std::string{name(Backend::MmaSm80)} == "mma_sm80");
}

TEST_CASE("cuda: K is divided only where rows are too few, and never into crumbs") {
  CHECK(splits_for(256, 64, h200) == 1);  // 4096 x 4096: nearly two for each multiprocessor
  CHECK(splits_for(264, 64, h200) == 1);
  CHECK(splits_for(133, 64, h200) == 1);
  CHECK(splits_for(132, 64, h200) == 2);
  CHECK(splits_for(64, 448, h200) == 4);  // 1024 x 28672
  CHECK(splits_for(1, 64, h200) == 4);    // as many as leave each warp two tiles
  CHECK(splits_for(1, 15, h200) == 1);
  CHECK(splits_for(0, 0, h200) == 1);
}

TEST_CASE("cuda: tokens of a block and blocks of a grid") {
  CHECK(token_tiles_for(1) == 1);
  CHECK(token_tiles_for(9) == 2);
  CHECK(token_tiles_for(17) == 4);
  CHECK(token_blocks_for(0, 64, 1) == 1);
  CHECK(token_blocks_for(65, 64, 1) == 2);
  CHECK(token_blocks_for(index_t{1} << 30, 64, 1) == 65535);
  CHECK(token_blocks_for(1000, 8, 256) == 125);
  CHECK(token_blocks_for(index_t{1} << 30, 8, 256) * 256 <= 65535);
  CHECK(token_blocks_for(8, 8, 65535) == 1);
}
