// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/search_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/scale_sweep.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr float encode_scale = 64.0f;

double error(std::vector<float> const& block, Code<UE4M3> scale,
             std::vector<float> const& importance) {
  RoundTrip<E2M1, TwoLevel, profile::Qfmt, float> const round_trip{{scale}, {encode_scale}};
  double sum = 0.0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    double const e = static_cast<double>(round_trip(block[i])) - static_cast<double>(block[i]);
    sum += e * e * (importance.empty() ? 1.0 : static_cast<double>(importance[i]));
  }
  return sum;
}

/// How many blocks have a better code than the one found, out of all there are.
int beaten(std::vector<float> const& importance) {
  int count = 0;
  for (auto const& block : laws::sample_blocks(1000)) {
    double const found = error(
        block, laws::fit_block<ScaleSweep<>>(block, encode_scale, importance).scale, importance);
    for (int bits = 1; bits <= 0x7E; ++bits) {
      if (error(block, Code<UE4M3>{static_cast<std::uint8_t>(bits)}, importance) <
          found * (1 - 1e-6)) {
        ++count;
        break;
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE("scale_sweep: no E4M3 code is better") {
  CHECK(beaten({}) == 0);
  std::vector<float> importance(16, 0.125f);
  importance[0] = 0.0f;  // in every fourth block this is the largest value by far
  CHECK(beaten(importance) == 0);
}

TEST_CASE("scale_sweep: the policy's own code where it is as good as the best") {
  std::vector<float> block(16, 0.0f);
  block[3] = 6.0f;  // exact under scales 1, 1.5, 2, 3, 4 and 6 as well
  block[4] = -3.0f;
  auto const params = laws::fit_block<ScaleSweep<>>(block, encode_scale);
  CHECK(params == TwoLevel::fit<E2M1, profile::Qfmt, float>({-6.0f, 6.0f}, {encode_scale}));
}

TEST_CASE("scale_sweep: at the ends of E4M3") {
  std::vector<float> block(16, 0.01f);
  block[0] = 1.0f;
  for (float const scale : {0x1p-40f, 1.0f, 0x1p20f}) {
    auto const params = laws::fit_block<ScaleSweep<>>(block, scale);
    CHECK(params.scale.bits >= 1);
    CHECK(params.scale.bits <= 0x7E);
  }
}
