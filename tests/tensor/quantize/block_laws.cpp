// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The laws of quantization, over the block formats.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/quantize_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::any_quantizer;

TEST_CASE("laws of the block formats") {
  BlockFormats::for_each([]<class B>() {
    auto const q = any_quantizer<BlockScheme<B>>();
    CHECK(q.tile_cols == B::block_size);
    expect_held(laws::tiles_are_independent(q));
    expect_held(laws::scales_with_powers_of_two(q));
    expect_held(laws::zeros_and_padding(q));
    expect_held(laws::permutes_with_its_input(q));
    expect_held(laws::negates_with_its_input(q));
    if constexpr (!CodebookFormat<typename B::Element>)
      expect_held(laws::error_is_bounded(q));
  });
}

TEST_CASE("formats with power-of-two scales are idempotent, those with rounded scales are not") {
  BlockFormats::for_each([]<class B>() {
    if constexpr (!is_same_v<B, NVFP4> && !is_same_v<B, MXS1M3>)
      expect_held(laws::idempotent(any_quantizer<BlockScheme<B>>()));
  });
  expect_held(
      laws::idempotent(any_quantizer<QuantScheme<E2M1, PerGroup<32>, PowerOfTwo<mx::Floor>>>()));
  expect_held(
      laws::idempotent(any_quantizer<QuantScheme<E4M3, PerGroup<32>, PowerOfTwo<mx::Ceil>>>()));
  // Integers over the half range 7.5: the extreme moves by half a code each time. Also a negative
  // control.
  expect_violated(laws::idempotent(any_quantizer<QuantScheme<INT4, PerGroup<32>>>()));
}

TEST_CASE("sabotaged block quantizers violate a law") {
  using Nv = BlockScheme<NVFP4>;
  auto const inverted_global = any_quantizer<Nv>(
      [](QuantTensor<Nv>& t) { t.global.encode_scale = 1.0f / t.global.encode_scale; });
  expect_violated(laws::error_is_bounded(inverted_global));
  expect_violated(laws::scales_with_powers_of_two(inverted_global));

  using Mx = BlockScheme<MXFP4>;
  auto const bias_off_by_one = any_quantizer<Mx>([](QuantTensor<Mx>& t) {
    for (auto& scale : t.scales) --scale.bits;
  });
  expect_violated(laws::error_is_bounded(bias_off_by_one));
  auto const sign_of_zero = any_quantizer<Mx>([](QuantTensor<Mx>& t) {
    for (auto& byte : t.codes) byte = static_cast<std::uint8_t>(byte & 0x77);
  });
  expect_violated(laws::negates_with_its_input(sign_of_zero));
}
