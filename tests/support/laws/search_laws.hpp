// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/observers/search.hpp>
#include <qfmt/scaling/quantize_value.hpp>

// What holds for every search O of NVFP4 block scales.

namespace qfmt::test::laws {

using SearchedParams = TileParams<Code<UE4M3>>;

template <class O>
SearchedParams fit_block(std::vector<float> const& values, float encode_scale,
                         std::vector<float> const& importance = {}) {
  return O{}.template fit<E2M1, TwoLevel, profile::Qfmt, float>(values, importance,
                                                                GlobalScale{encode_scale});
}

/// Blocks of 16: normally distributed, with one giant, of equal values, with few different ones.
inline std::vector<std::vector<float>> sample_blocks(int count = 100) {
  std::vector<std::vector<float>> blocks;
  Samples samples{63};
  for (int i = 0; i < count; ++i) {
    std::vector<float> block;
    for (int j = 0; j < 16; ++j) {
      float x = samples.normal();
      if (i % 4 == 1 && j == 0)
        x *= 20.0f;
      if (i % 4 == 2)
        x = 1.0f + static_cast<float>(i) * 0.01f;
      if (i % 4 == 3)
        x = static_cast<float>(samples.integer(-4, 4)) * 0.25f;
      block.push_back(x);
    }
    blocks.push_back(block);
  }
  return blocks;
}

inline float amax_of(std::vector<float> const& block) {
  float amax = 0.0f;
  for (float const x : block) amax = std::fmax(amax, std::fabs(x));
  return amax;
}

/// Values and the tensor's part times powers of two: the same block scale.
template <class O>
Violations scales_with_the_tensor() {
  Violations violations{"scales with the tensor"};
  for (auto const& block : sample_blocks()) {
    auto const found = fit_block<O>(block, 64.0f);
    for (float const factor : {0x1p-20f, 0.5f, 4.0f, 0x1p30f}) {
      std::vector<float> scaled;
      for (float const x : block) scaled.push_back(x * factor);
      violations.expect(fit_block<O>(scaled, 64.0f / factor) == found, [&] {
        return "another block scale for values times " + std::to_string(factor);
      });
    }
  }
  return violations;
}

/// Importance that is the same for all is none, whatever its unit.
template <class O>
Violations equal_importance_is_none() {
  Violations violations{"equal importance is none"};
  for (auto const& block : sample_blocks()) {
    auto const found = fit_block<O>(block, 64.0f);
    for (float const weight : {1.0f, 0.25f, 0x1p20f}) {
      violations.expect(
          fit_block<O>(block, 64.0f, std::vector<float>(block.size(), weight)) == found,
          [&] { return "weight " + std::to_string(weight); });
    }
  }
  return violations;
}

/// Zeros get a positive, finite scale and stay zeros.
template <class O>
Violations zeros_stay() {
  Violations violations{"zeros stay"};
  for (float const encode_scale : {1.0f, 0x1p-60f, 0x1p96f}) {
    auto const params = fit_block<O>(std::vector<float>(16, 0.0f), encode_scale);
    float const scale = TwoLevel::effective(params.scale, {encode_scale});
    violations.expect(is_finite(scale) && scale > 0.0f,
                      [&] { return "scale " + std::to_string(scale); });
    RoundTrip<E2M1, TwoLevel, profile::Qfmt, float> const round_trip{params, {encode_scale}};
    violations.expect(round_trip(0.0f) == 0.0f,
                      [&] { return "0 becomes " + std::to_string(round_trip(0.0f)); });
  }
  return violations;
}

/// No tile reaches further than the bound for its largest magnitude, which grows with that.
template <class O>
Violations reach_is_bounded() {
  Violations violations{"reach is bounded"};
  float last = 0.0f;
  for (float amax = 0x1p-140f; amax < 1e38f; amax *= 1.37f) {
    float const bound = O::template reach_bound<profile::Qfmt, float>(amax);
    violations.expect(bound >= last, [&] { return "falls at " + std::to_string(amax); });
    last = bound;
  }
  for (auto const& block : sample_blocks()) {
    float const reach = O{}.template reach<E2M1, TwoLevel, profile::Qfmt, float>(block, {});
    violations.expect(reach <= O::template reach_bound<profile::Qfmt, float>(amax_of(block)),
                      [&] { return "reach " + std::to_string(reach); });
  }
  return violations;
}

/// Over normally distributed blocks the squared error is smaller than with scales from amax.
template <class O>
Violations better_than_amax() {
  GlobalScale const global{64.0f};
  double searched = 0.0;
  double plain = 0.0;
  Samples samples{64};
  for (int i = 0; i < 200; ++i) {
    std::vector<float> block(16);
    for (float& x : block) x = samples.normal();
    float const amax = amax_of(block);
    RoundTrip<E2M1, TwoLevel, profile::Qfmt, float> const a{
        fit_block<O>(block, global.encode_scale), global};
    RoundTrip<E2M1, TwoLevel, profile::Qfmt, float> const b{
        TwoLevel::fit<E2M1, profile::Qfmt, float>({-amax, amax}, global), global};
    for (float const x : block) {
      searched += static_cast<double>((a(x) - x) * (a(x) - x));
      plain += static_cast<double>((b(x) - x) * (b(x) - x));
    }
  }
  Violations violations{"better than amax"};
  violations.expect(searched < 0.95 * plain, [&] {
    return "squared error " + std::to_string(searched) + ", from amax " + std::to_string(plain);
  });
  return violations;
}

}  // namespace qfmt::test::laws
