// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <bit>
#include <doctest/doctest.h>
#include <support/samples.hpp>

#include <qfmt/calibration/lane_quantizer.hpp>
#include <qfmt/scaling/profiles/ocp_mx.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Random values under random parameters: each code is quantize_value's, and each value is what
/// RoundTrip makes of it in the type of the scale.
template <Scheme S, Real T>
void check(typename S::Global global, typename S::Stored (*scale)(Samples&)) {
  using F = typename S::Format;
  using Read = typename S::Policy::template Quotient<typename S::Profile, T>;
  Samples samples{1};
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level) {
    LaneQuantizer<S, T> const quantize{static_cast<Isa>(level)};
    for (int round = 0; round < 20; ++round) {
      typename LaneQuantizer<S, T>::Parameters parameters{};
      std::vector<TileParams<typename S::Stored>> tiles;
      std::vector<float> values;
      for (index_t i = 0; i < 64; ++i) {
        TileParams<typename S::Stored> tile{scale(samples)};
        if (S::has_zero_point)
          tile.zero_point = static_cast<std::int16_t>(samples.integer(-8, 7));
        tiles.push_back(tile);
        parameters.set(i, tile, global);
        float const unit = S::Policy::effective(tile.scale, global);
        // Ties, too: half steps of the scale.
        values.push_back(unit * (i % 3 == 0 ? 0.25f * static_cast<float>(samples.integer(-40, 40))
                                            : 4.0f * samples.normal()));
      }
      std::vector<Code<F>> codes(64);
      std::vector<float> read(64);
      quantize(values.data(), parameters, codes.data(), read.data());
      for (std::size_t i = 0; i < 64; ++i) {
        auto const zero_point = static_cast<float>(tiles[i].zero_point);
        auto const expected = quantize_value<F, typename S::Policy, typename S::Profile, float>(
            values[i], S::Policy::template prepare<typename S::Profile>(tiles[i].scale, global),
            zero_point);
        CHECK(codes[i].bits == expected.bits);
        float const step = round_to<Read>(decode(expected) - zero_point);
        float const value = round_to<Read>(step * S::Policy::effective(tiles[i].scale, global));
        CHECK(std::bit_cast<std::uint32_t>(read[i]) == std::bit_cast<std::uint32_t>(value));
      }
    }
  }
}

using CT = profile::CompressedTensors;
using BF = Code<BF16>;
template <class P>
using Weights = typename P::Weights;

float real_scale(Samples& s) {
  return static_cast<float>(s.uniform()) * 0.1f + 0.001f;
}
BF bf16_scale(Samples& s) {
  return from_float<BF>(real_scale(s));
}
Code<UE4M3> ue4m3_scale(Samples& s) {
  return encode<UE4M3>(real_scale(s) * 1000.0f);
}
Code<E8M0> e8m0_scale(Samples& s) {
  return {static_cast<std::uint8_t>(s.integer(100, 140))};
}

}  // namespace

TEST_CASE("64 values at a time are quantized as one at a time is") {
  check<Weights<preset::W4A16>, float>({}, real_scale);
  check<Weights<preset::W4A16_ASYM>, float>({}, real_scale);
  check<Weights<preset::FP8_DYNAMIC>, BF>({}, real_scale);
  check<Weights<preset::NVFP4A16>, float>({700.0f}, ue4m3_scale);
  check<Weights<preset::MXFP4A16>, float>({}, e8m0_scale);
  check<with_profile<Weights<preset::NVFP4A16>, CT>, BF>({700.0f}, ue4m3_scale);
  check<with_stored_scale<with_profile<Weights<preset::W4A16_ASYM>, CT>, BF>, BF>({}, bf16_scale);
  check<with_stored_scale<with_profile<Weights<preset::W8A8>, CT>, BF>, BF>({}, bf16_scale);
  check<with_profile<Weights<preset::MXFP8A16>, CT>, BF>({}, e8m0_scale);
  check<with_profile<Weights<preset::W3A16>, profile::OcpMx>, float>({}, real_scale);
}
