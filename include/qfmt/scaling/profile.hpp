// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/real.hpp>
#include <qfmt/formats/ue4m3.hpp>

// A profile is a bundle of named numeric policies: everything in which the bytes of "the same" scheme
// differ between stacks. It is a parameter of a scheme and the only axis on which numerics are chosen.

namespace qfmt::profile {

/// The library's default: binary32 arithmetic with IEEE division whatever the type of the tensor, and
/// no value lost that a scale could have kept.
struct Qfmt {
  static constexpr char const* name = "Qfmt";

  /// The type to which every intermediate result is rounded, for a tensor of T.
  template <Real T>
  using Step = float;

  /// The scale in place of one that came out as zero: 1 for a tile of zeros; else the smallest positive
  /// Stored, so that the tile's largest values survive.
  template <Real T, Real Stored>
  QFMT_HOST_DEVICE static constexpr float nonzero_scale(float amax) noexcept {
    if constexpr (same_as<Stored, float>) {
      return amax == 0.0f ? 1.0f : power_of_two(-126);
    } else {
      return amax == 0.0f ? 1.0f : decode(Stored{1});
    }
  }

  /// The UE4M3 code of the NVFP4 block scale in place of zero: the smallest one, 2^-9.
  static constexpr uint8_t nonzero_block_scale = 0x01;

  /// NVFP4's tensor scale, as a multiplier of the values: (448 * 6) / amax, capped at 2^96 so that no
  /// block's effective scale becomes subnormal; 1 for a tensor of zeros.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr float encode_scale(float amax) noexcept {
    float const largest = power_of_two(96);
    if (amax == 0.0f) return 1.0f;
    return amax < 2688.0f / largest ? largest : 2688.0f / amax;
  }

  /// Whether -0 has a code of its own (where the format has one).
  static constexpr bool keeps_negative_zero = true;
};

/// The arithmetic of compressed-tensors 0.20 on the CPU, step by step in the tensor's own type, so that
/// codes and scales are equal bit for bit. Where that package runs into undefined behaviour, the
/// mathematical continuation is taken (docs/decisions.md).
struct CompressedTensors {
  static constexpr char const* name = "CompressedTensors";

  template <Real T>
  using Step = T;

  /// torch.finfo-like epsilon of the scale's type, whatever the tile held.
  template <Real T, Real Stored>
  QFMT_HOST_DEVICE static constexpr float nonzero_scale(float /*amax*/) noexcept {
    return same_as<T, float> ? power_of_two(-23) : same_as<T, Code<BF16>> ? power_of_two(-7) : power_of_two(-10);
  }

  /// 0.125, for every block scale that rounds to zero.
  static constexpr uint8_t nonzero_block_scale = 0x20;

  /// reciprocal(max(amax, smallest normal)) * 2688, both steps rounded to T; a result that is not finite
  /// becomes 1.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr float encode_scale(float amax) noexcept {
    float const smallest_normal = same_as<T, Code<FP16>> ? power_of_two(-14) : power_of_two(-126);
    float const reciprocal = round_to<T>(1.0f / (amax > smallest_normal ? amax : smallest_normal));
    float const scale = round_to<T>(reciprocal * 2688.0f);
    return is_finite(scale) ? scale : 1.0f;
  }

  static constexpr bool keeps_negative_zero = false;
};

}  // namespace qfmt::profile

namespace qfmt {

template <class P>
concept Profile = requires(float amax) {
  { P::name } -> convertible_to<char const*>;
  requires Real<typename P::template Step<float>>;
  { P::template nonzero_scale<float, float>(amax) } -> same_as<float>;
  { P::nonzero_block_scale } -> convertible_to<uint8_t>;
  { P::template encode_scale<float>(amax) } -> same_as<float>;
  { P::keeps_negative_zero } -> convertible_to<bool>;
};

static_assert(Profile<profile::Qfmt> && Profile<profile::CompressedTensors>);

}  // namespace qfmt
