// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The laws of quantization, over schemes of every kind.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/quantize_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::any_quantizer;
using laws::AnyQuantizer;

namespace {

void check_general_laws(AnyQuantizer const& q) {
  expect_held(laws::tiles_are_independent(q));
  expect_held(laws::scales_with_powers_of_two(q));
  expect_held(laws::zeros_and_padding(q));
}

}  // namespace

TEST_CASE("laws of integer schemes") {
  auto const int8 = any_quantizer<QuantScheme<INT8, PerChannel>>();
  auto const int4 = any_quantizer<QuantScheme<INT4, PerGroup<32>>>();
  auto const int3 = any_quantizer<QuantScheme<INT3, PerGroup<16>, SymmetricScale<Code<BF16>>>>();
  auto const asymmetric =
      any_quantizer<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>();
  auto const uint8 = any_quantizer<QuantScheme<UINT8, PerTensor, Asymmetric, Dynamic>>();
  for (auto const& q : {int8, int4, int3, asymmetric, uint8}) {
    check_general_laws(q);
    expect_held(laws::error_is_bounded(q));
  }
  for (auto const& q : {int8, int4, int3, asymmetric})
    expect_held(laws::permutes_with_its_input(q));
}

TEST_CASE("laws of FP8 schemes") {
  auto const per_channel = any_quantizer<QuantScheme<E4M3, PerChannel>>();
  auto const per_tensor = any_quantizer<QuantScheme<E5M2, PerTensor>>();
  auto const block = any_quantizer<QuantScheme<E4M3, PerBlock<3, 32>>>();
  auto const pairs = any_quantizer<QuantScheme<E4M3, PerBlock<2, 16>>>();
  for (auto const& q : {per_channel, per_tensor, block, pairs}) {
    check_general_laws(q);
    expect_held(laws::error_is_bounded(q));
    expect_held(laws::negates_with_its_input(q));
  }
  expect_held(laws::permutes_with_its_input(per_channel));
}

TEST_CASE("laws of tiles that are columns, and of single elements") {
  // Heads of keys, an input of its own scale, and the finest tiling there is.
  auto const heads = any_quantizer<QuantScheme<INT8, Tiling<whole, 7>>>();
  auto const column = any_quantizer<QuantScheme<E4M3, Tiling<whole, 1>>>();
  for (auto const& q : {heads, column}) {
    check_general_laws(q);
    expect_held(laws::error_is_bounded(q));
  }
  check_general_laws(any_quantizer<QuantScheme<INT8, Tiling<1, 1>>>());
}

TEST_CASE("sabotaged quantizers violate a law") {
  using Group = QuantScheme<INT4, PerGroup<16>>;
  auto const scale_of_next_tile = any_quantizer<Group>([](QuantTensor<Group>& t) {
    std::rotate(t.scales.begin(), t.scales.begin() + 1, t.scales.end());
  });
  auto const swapped_nibbles = any_quantizer<Group>([](QuantTensor<Group>& t) {
    for (auto& byte : t.codes) byte = static_cast<std::uint8_t>(byte << 4 | byte >> 4);
  });
  auto const last_row_dropped = any_quantizer<Group>([](QuantTensor<Group>& t) {
    std::fill(t.codes.end() - t.row_bytes, t.codes.end(), std::uint8_t{0});
  });
  auto const scale_rounded_after = any_quantizer<Group>([](QuantTensor<Group>& t) {
    for (auto& scale : t.scales) scale = round_to<Code<BF16>>(scale * 1.01f);
  });
  auto const one_scale_for_all = any_quantizer<Group>(
      [](QuantTensor<Group>& t) { std::fill(t.scales.begin(), t.scales.end(), t.scales.front()); });
  auto const dirty_padding = any_quantizer<Group>([](QuantTensor<Group>& t) {
    t.codes.back() = static_cast<std::uint8_t>(t.codes.back() | 0xF0);
  });
  auto const adds_a_constant = any_quantizer<Group>([](QuantTensor<Group>& t) {
    for (auto& scale : t.scales) scale += 1e-3f;
  });
  expect_violated(laws::error_is_bounded(scale_of_next_tile));
  expect_violated(laws::tiles_are_independent(scale_of_next_tile));
  expect_violated(laws::error_is_bounded(swapped_nibbles));
  expect_violated(laws::error_is_bounded(last_row_dropped));
  expect_violated(laws::error_is_bounded(scale_rounded_after));
  expect_violated(laws::tiles_are_independent(one_scale_for_all));
  expect_violated(laws::zeros_and_padding(dirty_padding));
  expect_violated(laws::scales_with_powers_of_two(adds_a_constant));

  using Asym = QuantScheme<INT4, PerGroup<16>, Asymmetric, Static<MinMax>>;
  auto const zero_point_off_by_one = any_quantizer<Asym>([](QuantTensor<Asym>& t) {
    for (auto& zero_point : t.zero_points) ++zero_point;
  });
  expect_violated(laws::error_is_bounded(zero_point_off_by_one));
  expect_violated(laws::zeros_and_padding(zero_point_off_by_one));
}
