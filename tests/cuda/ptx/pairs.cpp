// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/cuda/ptx/pairs.cuh>

using namespace qfmt;
using cuda::ptx::add;
using cuda::ptx::half_of;
using cuda::ptx::make_pair;
using cuda::ptx::multiply;

TEST_CASE("cuda: the halves of a register") {
  static_assert(make_pair<Code<BF16>>(1.0f, -2.0f) == 0xC0003F80);
  static_assert(make_pair<Code<FP16>>(1.0f, -2.0f) == 0xC0003C00);
  CHECK(half_of<Code<BF16>>(0xC0003F80, 0) == 1.0f);
  CHECK(half_of<Code<FP16>>(0xC0003C00, 1) == -2.0f);
}

TEST_CASE("cuda: products and sums of pairs are rounded once, subnormals kept") {
  CHECK(multiply<Code<FP16>>(make_pair<Code<FP16>>(0x1p-24f, 3.0f), 0x5C005C00) ==
        make_pair<Code<FP16>>(0x1p-16f, 768.0f));
  CHECK(multiply<Code<BF16>>(make_pair<Code<BF16>>(0x1p-133f, -0.0f), 0x7B807B80) ==
        make_pair<Code<BF16>>(0x1p-13f, -0.0f));
  CHECK(add<Code<BF16>>(make_pair<Code<BF16>>(136.0f, 143.0f), 0xC308C308) ==
        make_pair<Code<BF16>>(0.0f, 7.0f));
  // 1 + 2^-8 is halfway between two BF16 numbers: to the even one.
  CHECK(add<Code<BF16>>(make_pair<Code<BF16>>(1.0f, 1.0f),
                        make_pair<Code<BF16>>(0x1p-8f, 0x1.8p-8f)) ==
        make_pair<Code<BF16>>(1.0f, 1.0f + 0x1p-7f));
}
