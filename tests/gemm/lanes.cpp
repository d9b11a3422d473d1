// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/gemm/lanes.hpp>
#include <support/samples.hpp>

using qfmt::Lanes;

TEST_CASE("lanes hold four numbers in order") {
  float const from[] = {-1.0f, 1.0f, 2.5f, -0.0f, 4.0f};
  float to[] = {9.0f, 9.0f, 9.0f, 9.0f, 9.0f, 9.0f};
  Lanes::load(from + 1).store(to + 1);  // no alignment
  CHECK(to[0] == 9.0f);
  for (int i = 0; i < 4; ++i) CHECK(to[1 + i] == from[1 + i]);
  CHECK(to[5] == 9.0f);
  Lanes::broadcast(3.0f).store(to);
  for (int i = 0; i < 4; ++i) CHECK(to[i] == 3.0f);
}

TEST_CASE("a product is rounded before it is added") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: the last term is lost in binary32, and seen by a fused operation.
  float const a = 1.0f + 0x1p-12f;
  float const sum = -(1.0f + 0x1p-11f);
  CHECK(qfmt::plus_product(sum, a, a) == 0.0f);
  float out[4];
  Lanes::broadcast(sum).plus_product(Lanes::broadcast(a), Lanes::broadcast(a)).store(out);
  for (float const lane : out) CHECK(lane == 0.0f);
  CHECK(std::fma(a, a, sum) == 0x1p-24f);
}

TEST_CASE("lanes and numbers give the same bits") {
  qfmt::test::Samples samples{1};
  for (int i = 0; i < 1000; ++i) {
    float sums[4], a[4], b[4], out[4];
    for (int j = 0; j < 4; ++j) sums[j] = samples.any_finite(), a[j] = samples.any_finite(), b[j] = samples.normal();
    Lanes::load(sums).plus_product(Lanes::load(a), Lanes::load(b)).store(out);
    for (int j = 0; j < 4; ++j) {
      CHECK(std::bit_cast<std::uint32_t>(out[j]) == std::bit_cast<std::uint32_t>(qfmt::plus_product(sums[j], a[j], b[j])));
    }
  }
}
