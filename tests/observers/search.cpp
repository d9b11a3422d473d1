// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/observer_laws.hpp>
#include <support/laws/search_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/observers/scale_sweep.hpp>

// The laws of searches, over every search, and over sabotaged ones that must not pass.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Searches = TypeList<FourOverSix<>, FourOverSix<TileError::magnitudes>, ScaleSweep<>,
                          ScaleSweep<448>, MemorylessMse, NVFP4ExpandedMse, ImatrixMse,
                          NVFP4ExpandedImatrix>;

// Negative controls, of a search that holds them all.

/// Looks at the first value only.
struct OneSided : FourOverSix<> {
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] TileParams<Code<UE4M3>> fit(std::span<float const> values,
                                            std::span<float const> importance,
                                            GlobalScale global) const {
    return FourOverSix<>::fit<F, P, N, T>(values.first(1), importance.first(importance.size() / 16),
                                          global);
  }
};

/// Takes importance for more than a weight.
struct Overwhelmed : FourOverSix<> {
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] TileParams<Code<UE4M3>> fit(std::span<float const> values,
                                            std::span<float const> importance,
                                            GlobalScale global) const {
    if (!importance.empty())
      global.encode_scale *= importance[0];
    return FourOverSix<>::fit<F, P, N, T>(values, {}, global);
  }
};

/// Forgets the tensor's part.
struct Alone : FourOverSix<> {
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] TileParams<Code<UE4M3>> fit(std::span<float const> values,
                                            std::span<float const> importance,
                                            GlobalScale /*global*/) const {
    return FourOverSix<>::fit<F, P, N, T>(values, importance, {64.0f});
  }
};

/// Stores what it divides by.
struct Zero : FourOverSix<> {
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] TileParams<Code<UE4M3>> fit(std::span<float const> /*values*/,
                                            std::span<float const> /*importance*/,
                                            GlobalScale /*global*/) const {
    return {};
  }
};

/// Reaches for more than its bound.
struct Overreaching : FourOverSix<> {
  template <Profile N, Real T>
  [[nodiscard]] static float reach_bound(float amax) {
    return amax;
  }
};

}  // namespace

TEST_CASE("laws of every search") {
  Searches::for_each([]<class O>() {
    INFO(O::name);
    static_assert(TileSearch<O>);
    expect_held(laws::equal_importance_is_none<O>());
    expect_held(laws::zeros_stay<O>());
    expect_held(laws::reach_is_bounded<O>());
    if constexpr (!is_same_v<O, ImatrixMse>)  // its steps are too coarse for that
      expect_held(laws::better_than_amax<O>());
  });
  // Powers of 2.4 are not scaled exactly by powers of two.
  expect_held(laws::scales_with_the_tensor<FourOverSix<>>());
  expect_held(laws::scales_with_the_tensor<FourOverSix<TileError::largest>>());
  expect_held(laws::scales_with_the_tensor<ScaleSweep<>>());
  expect_held(laws::scales_with_the_tensor<ImatrixMse>());
  expect_held(laws::scales_with_the_tensor<MseSearch<MseOptions{.norm = 2.0}>>());
}

TEST_CASE("searches are observers") {
  Searches::for_each([]<class O>() {
    static_assert(OrderFreeObserver<O>);
    expect_held(laws::empty_is_neutral<O>());
    expect_held(laws::order_free<O>());
    expect_held(laws::merge_is_concatenation<O>());
    expect_held(laws::batches_concatenate<O>());
    expect_held(laws::pieces_in_any_order<O>());
    expect_held(laws::nothing_hides_nonfinite<O>());
  });
}

TEST_CASE("sabotaged searches violate a law") {
  static_assert(TileSearch<OneSided> && TileSearch<Alone> && TileSearch<Overreaching>);
  expect_violated(laws::better_than_amax<OneSided>());
  expect_violated(laws::equal_importance_is_none<Overwhelmed>());
  expect_violated(laws::scales_with_the_tensor<Alone>());
  expect_violated(laws::zeros_stay<Zero>());
  expect_violated(laws::reach_is_bounded<Overreaching>());
}

TEST_CASE("what is a search") {
  static_assert(!TileSearch<AbsMax> && !TileSearch<MinMax> && !TileSearch<int>);
  static_assert(PatientSearch<MemorylessMse> && !PatientSearch<ScaleSweep<>>);
  CHECK(TileSearch<MseSearch<>>);
}
