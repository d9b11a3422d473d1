// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/conformance_block_inputs.hpp>

using namespace qfmt;

TEST_CASE("every block format has its blocks, all of them finite") {
  BlockFormats::for_each([]<class B>() {
    int blocks = 0;
    conformance::for_each_block<B>([&](std::vector<float> const& values, float tensor_amax) {
      ++blocks;
      CHECK(values.size() == static_cast<std::size_t>(B::block_size));
      for (float const x : values) CHECK((is_finite(x) && std::fabs(x) <= tensor_amax));
    });
    CHECK(blocks > 30);
  });
}

TEST_CASE("blocks that suit a search: many, and none whose errors overflow or vanish") {
  int suited = 0;
  conformance::for_each_block<NVFP4>([&](std::vector<float> const& values, float tensor_amax) {
    if (!conformance::suits_search(values, tensor_amax))
      return;
    ++suited;
    double largest = 0.0;
    for (float const x : values) largest = std::fmax(largest, std::fabs(static_cast<double>(x)));
    CHECK(largest >= 0x1p-30);
    CHECK(largest <= 0x1p30);
  });
  CHECK(suited > 60);
}
