// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/formats/all.hpp>
#include <qfmt/gemm/bf16_weights.hpp>

using namespace qfmt;

static_assert(has_bf16_weights<BlockScheme<MXFP4>> && has_bf16_weights<QuantScheme<E4M3, PerChannel>>);
static_assert(has_bf16_weights<QuantScheme<INT4, PerGroup<32>>> && has_bf16_weights<QuantScheme<E5M2, PerBlock<128, 128>>>);
// Blocks of 16 whose scale does not go into the weight; zero points; integers of 8 bits.
static_assert(!has_bf16_weights<QuantScheme<INT4, PerGroup<16>>> && !has_bf16_weights<QuantScheme<INT4, PerGroup<32>, Asymmetric>>);
static_assert(!has_bf16_weights<QuantScheme<INT8, PerChannel>>);

TEST_CASE("each column of a block has one place") {
  auto const check = []<class S>() {
    std::uint32_t seen = 0;
    for (std::uint16_t const column : Bf16Weights<S>::column_of) seen |= std::uint32_t{1} << column;
    CHECK(seen == 0xFFFFFFFFu);
  };
  check.template operator()<BlockScheme<MXFP4>>();
  check.template operator()<QuantScheme<E4M3, PerChannel>>();
}

TEST_CASE("codes as BF16") {
  using W = Bf16Weights<BlockScheme<NVFP4>>;
  for (std::uint8_t code = 0; code < 32; ++code)
    CHECK(to_float(Code<BF16>{W::words[code]}) == decode(Code<E2M1>{static_cast<std::uint8_t>(code % 16)}));
  using W8 = Bf16Weights<QuantScheme<E4M3, PerChannel>>;
  for (std::uint8_t code = 0; code < 127; ++code) {
    auto const word = static_cast<std::uint16_t>(W8::bytes(24)[code] << 8 | W8::bytes(16)[code]);
    CHECK(to_float(Code<BF16>{word}) == decode(Code<E4M3>{code}));
  }
}
