// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/scale_policy_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/asymmetric.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/symmetric.hpp>

// The laws of scale policies, over every policy with the formats that it is made for.

using namespace qfmt;
using namespace qfmt::test;
using laws::any_policy;
using laws::AnyPolicy;

namespace {

struct Bounds {
  double clip, codes, used;
};

void check_policy(AnyPolicy const& policy, Bounds bounds, int low, int high) {
  expect_held(laws::zeros_stay_zeros(policy));
  expect_held(laws::scale_is_a_number(policy));
  expect_held(laws::scales_with_powers_of_two(policy, low, high));
  expect_held(laws::extremes_fit(policy, bounds.clip, bounds.codes, bounds.used, low, high));
}

constexpr double ulp = 0x1p-22;  // what the rounding of a binary32 scale may cost
constexpr double ulp_bf16 = 0x1p-8;

}  // namespace

TEST_CASE("laws of the symmetric policy") {
  check_policy(any_policy<Symmetric, E4M3>(), {ulp, 0, 1 - ulp}, -115, 126);
  check_policy(any_policy<Symmetric, E5M2>(), {ulp, 0, 1 - ulp}, -108, 126);
  check_policy(any_policy<Symmetric, E2M1>(), {ulp, 0, 1 - ulp}, -115, 126);
  check_policy(any_policy<Symmetric, NF4>(), {ulp, 0, 1 - ulp}, -115, 126);
  // Integers use the full range of codes: the extreme lies half a code beyond the largest.
  check_policy(any_policy<Symmetric, INT8>(), {ulp, 0.5, 1 - ulp}, -115, 126);
  check_policy(any_policy<Symmetric, INT4>(), {ulp, 0.5, 1 - ulp}, -115, 126);
  check_policy(any_policy<Symmetric, INT2>(), {ulp, 0.5, 1 - ulp}, -115, 126);
  check_policy(any_policy<SymmetricScale<Code<BF16>>, INT8>(), {ulp_bf16, 0.5, 1 - ulp_bf16}, -115,
               126);
  check_policy(any_policy<Symmetric, INT8, profile::CompressedTensors>(), {ulp, 0.5, 1 - ulp}, -115,
               126);
  expect_held(laws::scale_is_monotone(any_policy<Symmetric, INT8>()));
  expect_held(laws::scale_is_monotone(any_policy<SymmetricScale<Code<BF16>>, E4M3>()));
}

TEST_CASE("laws of the asymmetric policy") {
  check_policy(any_policy<Asymmetric, INT8>(), {ulp, 0.51, 1 - ulp}, -115, 126);
  check_policy(any_policy<Asymmetric, INT4>(), {ulp, 0.51, 1 - ulp}, -115, 126);
  check_policy(any_policy<Asymmetric, UINT8>(), {ulp, 0.51, 1 - ulp}, -115, 126);
  check_policy(any_policy<Asymmetric, UINT4>(), {ulp, 0.51, 1 - ulp}, -115, 126);
  expect_held(laws::scale_is_monotone(any_policy<Asymmetric, INT4>()));
}

TEST_CASE("laws of the power-of-two policy, under each rule") {
  // Floor clips up to a binade: 8 / 6, 512 / 448, 65536 / 57344, 2 / (127 / 64).
  check_policy(any_policy<PowerOfTwo<mx::Floor>, E2M1>(), {8.0 / 6 - 1, 0, 4.0 / 6}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::Floor>, E4M3>(), {512.0 / 448 - 1, 0, 256.0 / 448}, -100,
               126);
  check_policy(any_policy<PowerOfTwo<mx::Floor>, E5M2>(), {65536.0 / 57344 - 1, 0, 32768.0 / 57344},
               -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::Floor>, MXINT8>(), {128.0 / 127 - 1, 0, 64.0 / 127}, -100,
               126);
  // Ceil wastes up to a binade.
  check_policy(any_policy<PowerOfTwo<mx::Ceil>, E2M1>(), {0, 0, 2.0 / 6}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::Ceil>, E4M3>(), {0, 0, 128.0 / 448}, -100, 126);
  // RoundUp is the smallest power that clips nothing.
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E2M1>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E2M3>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E3M2>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E4M3>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E5M2>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, MXINT8>(), {0, 0, 0.5}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, S1M3>(), {0, 0, 0.5}, -100, 126);
  // Even: scaled below 7, 496, 61440.
  check_policy(any_policy<PowerOfTwo<mx::Even>, E2M1>(), {7.0 / 6 - 1, 0, 3.5 / 6}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::Even>, E4M3>(), {496.0 / 448 - 1, 0, 248.0 / 448}, -100,
               126);
  check_policy(any_policy<PowerOfTwo<mx::Even>, E5M2>(), {61440.0 / 57344 - 1, 0, 30720.0 / 57344},
               -100, 126);
  // The reference's rule, whatever the policy says: below 7, and never above 448.
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E2M1, profile::CompressedTensors>(),
               {7.0 / 6 - 1, 0, 3.5 / 6}, -100, 126);
  check_policy(any_policy<PowerOfTwo<mx::RoundUp>, E4M3, profile::CompressedTensors>(), {0, 0, 0.5},
               -100, 126);
  expect_held(laws::scale_is_monotone(any_policy<PowerOfTwo<mx::Even>, E2M1>()));
}

TEST_CASE("laws of the two-level policy") {
  check_policy(any_policy<TwoLevel, E2M1>(), {ulp, 0, 1 - ulp}, -80, 126);
  check_policy(any_policy<TwoLevel, E2M1, profile::CompressedTensors>(), {ulp, 0, 1 - ulp}, -80,
               125);
  expect_held(laws::scale_is_monotone(any_policy<TwoLevel, E2M1>()));
}

namespace {

// Negative controls: wrong ways from a range to a scale.

struct Inverted : Symmetric {
  template <ElementFormat F, Profile P, Real T>
  static constexpr TileParams<float> fit(Range range, NoGlobal = {}) noexcept {
    return {1.0f / Symmetric::fit<F, P, T>(range).scale};
  }
};
struct DividesByZero : Symmetric {
  template <ElementFormat F, Profile P, Real T>
  static constexpr TileParams<float> fit(Range range, NoGlobal = {}) noexcept {
    return {range.amax() / half_range<F>()};
  }
};
struct IgnoresNegatives : Symmetric {
  template <ElementFormat F, Profile P, Real T>
  static constexpr TileParams<float> fit(Range range, NoGlobal = {}) noexcept {
    return Symmetric::fit<F, P, T>({0.0f, range.max > 0.0f ? range.max : 0x1p-100f});
  }
};
struct RoundsScaleToHalf : Symmetric {
  template <ElementFormat F, Profile P, Real T>
  static constexpr TileParams<float> fit(Range range, NoGlobal = {}) noexcept {
    return {round_to<Code<BF16>>(Symmetric::fit<F, P, T>(range).scale)};
  }
};
struct ZeroPointOffByOne : Asymmetric {
  template <IntegerFormat F, Profile P, Real T>
  static constexpr TileParams<float> fit(Range range, NoGlobal = {}) noexcept {
    auto params = Asymmetric::fit<F, P, T>(range);
    ++params.zero_point;
    return params;
  }
};
struct FloorForRoundUp : PowerOfTwo<mx::Floor> {};
struct BiasOffByOne : PowerOfTwo<mx::RoundUp> {
  static constexpr float effective(Code<E8M0> stored, NoGlobal = {}) noexcept {
    return decode(stored) * 2.0f;
  }
};

}  // namespace

TEST_CASE("sabotaged policies violate a law") {
  expect_violated(laws::extremes_fit(any_policy<Inverted, INT8>(), ulp, 0.5, 1 - ulp, -20, 20));
  expect_violated(laws::scales_with_powers_of_two(any_policy<Inverted, INT8>(), -20, 20));
  expect_violated(laws::scale_is_monotone(any_policy<Inverted, INT8>()));
  expect_violated(laws::zeros_stay_zeros(any_policy<DividesByZero, INT8>()));
  expect_violated(laws::scale_is_a_number(any_policy<DividesByZero, INT8>()));
  expect_violated(
      laws::extremes_fit(any_policy<IgnoresNegatives, INT8>(), ulp, 0.5, 1 - ulp, -20, 20));
  expect_violated(
      laws::extremes_fit(any_policy<RoundsScaleToHalf, INT8>(), ulp, 0.5, 1 - ulp, -20, 20));
  expect_violated(
      laws::extremes_fit(any_policy<ZeroPointOffByOne, INT8>(), ulp, 0.51, 1 - ulp, -20, 20));
  expect_violated(laws::extremes_fit(any_policy<FloorForRoundUp, E2M1>(), 0, 0, 0.5, -20, 20));
  expect_violated(laws::extremes_fit(any_policy<BiasOffByOne, E2M1>(), 0, 0, 0.5, -20, 20));
}

TEST_CASE("what is a scale policy for which format") {
  static_assert(ScalePolicy<Symmetric, E4M3> && ScalePolicy<Symmetric, INT4> &&
                ScalePolicy<Symmetric, NF4>);
  static_assert(ScalePolicy<Asymmetric, INT4> && !ScalePolicy<Asymmetric, E4M3> &&
                !ScalePolicy<Asymmetric, NF4>);
  static_assert(ScalePolicy<TwoLevel, E2M1> && !ScalePolicy<TwoLevel, INT8>);
  static_assert(ScalePolicy<PowerOfTwo<mx::Floor>, E2M1> &&
                ScalePolicy<PowerOfTwo<mx::RoundUp>, MXINT8>);
  static_assert(!ScalePolicy<int, E2M1> && !ScalePolicy<AnyPolicy, E2M1>);
  static_assert(NoGlobal{} == NoGlobal{});
  CHECK(TileParams<float>{1.0f}.zero_point == 0);
}
