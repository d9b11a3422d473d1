// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>

using namespace qfmt;

namespace {

/// The block scale, as a number; the tensor's part is 1.
template <class O = FourOverSix<>>
float scale_of(std::span<float const> values, std::span<float const> importance = {}) {
  return decode(
      O{}.template fit<E2M1, TwoLevel, profile::Qfmt, float>(values, importance, {}).scale);
}

}  // namespace

TEST_CASE("four_over_six: the largest on 6 where that is exact, on 4 where that is") {
  CHECK(scale_of(std::array{6.0f, 4.0f, 3.0f, -0.5f}) == 1.0f);
  // At scale 1, 5 would become 4; at 1.25 it is 4, and 2.5 is 2.
  CHECK(scale_of(std::array{5.0f, 2.5f, -5.0f, 0.625f}) == 1.25f);
  // Equally good: 6.
  CHECK(scale_of(std::array{12.0f, 0.0f}) == 2.0f);
}

TEST_CASE("four_over_six: what is measured decides") {
  // Scale 1 or 1.5. At 1, 5 becomes 4 and the others are exact: errors 0, 1, 0, 0. At 1.5: 6 is 4,
  // 5 is 4.5, 1 is 0.75 (0.5 * 1.5), 0.5 is 0.75.
  constexpr std::array values{6.0f, 5.0f, 1.0f, 0.5f};
  CHECK(scale_of<FourOverSix<TileError::magnitudes>>(values) == 1.0f);  // 1 against 1 (0.5+.25+.25)
  CHECK(scale_of<FourOverSix<TileError::squares>>(values) == 1.5f);     // 1 against 0.375
  CHECK(scale_of<FourOverSix<TileError::largest>>(values) == 1.5f);     // 1 against 0.5
  constexpr std::array importance{1.0f, 0.25f, 4.0f, 4.0f};
  CHECK(scale_of<FourOverSix<TileError::squares>>(values, importance) == 1.0f);
}

TEST_CASE("four_over_six: the tensor's part leaves room for the larger scale, or does not") {
  CHECK(FourOverSix<>::reach_bound<profile::Qfmt, float>(4.0f) == 7.0f);
  CHECK(FourOverSix<TileError::squares, 448>::reach_bound<profile::Qfmt, float>(4.0f) == 4.0f);
  constexpr std::array values{5.0f, -3.75f};  // 4.5 codes at scale 5/6, 3 at 5/4
  // 384 / 256 of what the largest magnitude at 6 takes.
  GlobalScale const global = TwoLevel::fit_global<E2M1, profile::Qfmt, float>(
      FourOverSix<>{}.reach<E2M1, TwoLevel, profile::Qfmt, float>(values, {}));
  CHECK(global.encode_scale == doctest::Approx(256.0 * 6.0 / 5.0));
  auto const params = FourOverSix<>{}.fit<E2M1, TwoLevel, profile::Qfmt, float>(values, {}, global);
  CHECK(decode(params.scale) == 384.0f);
  // Without room, it is cut off at 448, and the larger scale is the worse choice.
  auto const cut = FourOverSix<TileError::squares, 448>{}.fit<E2M1, TwoLevel, profile::Qfmt, float>(
      values, {}, TwoLevel::fit_global<E2M1, profile::Qfmt, float>(5.0f));
  CHECK(decode(cut.scale) == 448.0f);
}
