// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/calibration/tile_product.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt {

/// Quantizes 64 values at a time, each with parameters of its own: one column of 64 rows of a
/// weight. A value becomes the code of quantize_value (scaling/quantize_value.hpp), with values that
/// come in binary32 whatever T is, and is read back as the profile reads a tensor of T:
/// (code - zero_point) * scale, each step rounded to the type of the scale.
template <Scheme S, Real T>
class LaneQuantizer {
 public:
  using Format = typename S::Format;
  using Policy = typename S::Policy;
  using Profile = typename S::Profile;
  using Read = typename Policy::template Quotient<Profile, T>;
  static constexpr index_t lanes = tile_side;

  /// What 64 tiles are quantized with.
  struct Parameters {
    alignas(64) std::array<float, std::size_t{lanes}> prepared;  ///< Policy::prepare of the scale
    alignas(64) std::array<float, std::size_t{lanes}> scale;     ///< as values are read back
    alignas(64) std::array<float, std::size_t{lanes}> zero_point;

    void set(index_t lane, TileParams<typename S::Stored> tile,
             typename S::Global global) noexcept {
      auto const i = static_cast<std::size_t>(lane);
      prepared[i] = Policy::template prepare<Profile>(tile.scale, global);
      scale[i] = Policy::effective(tile.scale, global);
      zero_point[i] = static_cast<float>(tile.zero_point);
    }
  };

  explicit LaneQuantizer(Isa isa) noexcept : isa_{isa} {
    for (std::size_t i = 0; i < grid_.size(); ++i)
      grid_[i] = decode(Code<Format>{static_cast<typename Format::storage_type>(i)});
  }

  /// codes and what they mean, of 64 values.
  void operator()(float const* values, Parameters const& with, Code<Format>* codes,
                  float* read) const noexcept {
    alignas(64) float scaled[lanes];
    for (std::size_t i = 0; i < std::size_t{lanes}; ++i) {
      scaled[i] = Profile::apply(values[i], with.prepared[i]);
      if constexpr (S::has_zero_point)
        scaled[i] = scaled[i] + with.zero_point[i];
    }
    // What is left of quantize_value is Profile::encode: a segment divided by 1 is itself.
    if (!x86::quantize_segment<Format, Symmetric, Profile, float>(
            isa_, {scaled, std::size_t{lanes}}, 1.0f, 0.0f, codes)) {
      for (index_t i = 0; i < lanes; ++i) codes[i] = Profile::template encode<Format>(scaled[i]);
    }
    for (std::size_t i = 0; i < std::size_t{lanes}; ++i) {
      float grid = grid_[codes[i].bits];
      if constexpr (S::has_zero_point)
        grid = round_to<Read>(grid - with.zero_point[i]);
      read[i] = round_to<Read>(grid * with.scale[i]);
    }
  }

 private:
  Isa isa_;
  std::array<float, std::size_t{1} << Format::bits> grid_{};
};

}  // namespace qfmt
