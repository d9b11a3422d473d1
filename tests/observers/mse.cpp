// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/scaling/asymmetric.hpp>
#include <qfmt/scaling/power_of_two.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using profile::Qfmt;

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
  Samples samples{seed};
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(samples.normal());
  return values;
}

/// The sum of |error|^norm with INT4 codes over a range, in binary64 and from the definition.
double int4_error(std::vector<float> const& values, double amax, double norm) {
  double const scale = amax / 7.5;
  double sum = 0.0;
  for (float const x : values) {
    double const wide = static_cast<double>(x);
    double const code = std::nearbyint(std::fmin(std::fmax(wide / scale, -8.0), 7.0));
    sum += std::pow(std::fabs(code * scale - wide), norm);
  }
  return sum;
}

template <MseOptions Options>
void check_best(std::vector<float> const& values) {
  float const best =
      MseSearch<Options>{}.template best<INT4, Symmetric, Qfmt, float>(values, {}).amax();
  double largest = 0.0;
  for (float const x : values) largest = std::fmax(largest, std::fabs(static_cast<double>(x)));
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < Options.steps; ++i)
    least = std::fmin(
        least, int4_error(values, largest * Options.expand * (1 - i / Options.grid), Options.norm));
  double const found = int4_error(values, static_cast<double>(best), Options.norm);
  CHECK(found < least * (1 + 1e-5));
  CHECK(found > least * (1 - 1e-5));
}

}  // namespace

TEST_CASE("mse: the best of its candidates, for several norms") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto const values = normal_values(64, 100 + seed);
    check_best<MseOptions{}>(values);
    check_best<MseOptions{.norm = 1.0}>(values);
    check_best<MseOptions{.norm = 2.0}>(values);
    check_best<MseOptions{.norm = 3.0}>(values);
    check_best<MseOptions{.steps = 90, .grid = 100.0, .expand = 1.5, .norm = 2.0}>(values);
  }
}

TEST_CASE("mse: both ends of the range shrink by the same factor") {
  auto values = normal_values(256, 7);
  for (float& x : values) x += 0.5f;
  values[0] = 6.0f;
  values[1] = -3.0f;
  Range const best = MseSearch<>{}.best<INT4, Asymmetric, Qfmt, float>(values, {});
  CHECK(best.max < 6.0f);
  CHECK(best.min / best.max == doctest::Approx(-3.0 / 6.0).epsilon(1e-6));
}

TEST_CASE("mse: the first of equals, and the whole range where nothing can be lost") {
  // Exact at any scale: zero error from the first candidate on.
  CHECK(MseSearch<>{}.best<INT4, Symmetric, Qfmt, float>(std::array{0.0f, -0.0f}, {}).amax() ==
        0.0f);
  // Error beyond binary32 with every candidate: the first one stays.
  CHECK(MseSearch<>{}.best<INT4, Symmetric, Qfmt, float>(std::array{3e38f, 2e37f}, {}).amax() ==
        3e38f);
  // Powers of two change seldom: 0.87 of the range has the same scale as all of it.
  Range const best = MseSearch<>{}.best<E2M1, PowerOfTwo<mx::Floor>, Qfmt, float>(
      std::array{6.0f, 1.0f, 0.5f}, {});
  CHECK(best.max == 6.0f);
}

TEST_CASE("mse: patience") {
  using Patient = MseSearch<MseOptions{.steps = 10, .patience = 3}>;
  static_assert(Patient::is_patient &&
                !MseSearch<MseOptions{.steps = 10, .patience = 10}>::is_patient);
  CHECK(Patient::ends(0b1) == 4);          // steps 1, 2 and 3 gained nothing
  CHECK(Patient::ends(0b1001) == 7);       // step 3 did, 4 to 6 did not
  CHECK(Patient::ends(0b100000001) == 4);  // what would have come later does not count
  CHECK(Patient::ends(0b100100) == 9);     // a first gain that comes late
  CHECK(Patient::ends(0b10010010) == 10);
  CHECK(Patient::ends(0) == 3);

  auto const values = normal_values(32, 9);
  Patient search;
  CHECK(search.steps() == 10);
  auto const gains = search.gains<INT4, Symmetric, Qfmt, float>(values, {});
  CHECK((gains & 1) == 1);
  search.end_after(1);
  float amax = 0.0f;
  for (float const x : values) amax = std::fmax(amax, std::fabs(x));
  CHECK(search.best<INT4, Symmetric, Qfmt, float>(values, {}).amax() == amax);
  CHECK(search.gains<INT4, Symmetric, Qfmt, float>(values, {}) == 1);
}

TEST_CASE("mse: the tensor's part does not matter to the range, only to the block scale") {
  auto const values = normal_values(16, 10);
  NVFP4ExpandedMse const search;
  Range const best = search.best<E2M1, TwoLevel, Qfmt, float>(values, {});
  for (float const encode_scale : {1.0f, 100.0f}) {
    CHECK(search.fit<E2M1, TwoLevel, Qfmt, float>(values, {}, {encode_scale}) ==
          TwoLevel::fit<E2M1, Qfmt, float>(best, {encode_scale}));
  }
  CHECK(search.reach<E2M1, TwoLevel, Qfmt, float>(values, {}) == best.amax());
}
