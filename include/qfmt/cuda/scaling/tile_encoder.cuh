// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/decode.cuh>
#include <qfmt/cuda/formats/encode.cuh>
#include <qfmt/cuda/scaling/divisor.cuh>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/quantize_value.hpp>
#include <qfmt/scaling/symmetric.hpp>

namespace qfmt::cuda {

namespace detail {

template <class Policy>
inline constexpr bool is_power_of_two = false;
template <class Rule>
inline constexpr bool is_power_of_two<PowerOfTwo<Rule>> = true;

/// 1 / 2^(code - 127), exactly; NaN for NaN.
QFMT_HOST_DEVICE constexpr float inverse(Code<E8M0> scale) noexcept {
  uint32_t const field = 254u - scale.bits;
  return bit_cast<float>(scale.bits == 0xFF ? 0x7FC00000u : field == 0 ? 0x00400000u : field << 23);
}

}  // namespace detail

/// A tile of which the largest magnitude is known (its bits, a NaN above all): its scale, and the
/// codes of its values, as quantize() finds them on the host under the same policy and profile.
///
/// In profile::Qfmt values are divided by a Divisor or, where the scale is a power of two, multiplied
/// by its exact inverse. Tiles that these do not cover (infinities, NaN, scales beyond 2^62) take the
/// policy's own steps, value by value, as those of other profiles do.
template <ElementFormat F, class Policy, Profile P, Real T>
class TileEncoder {
 public:
  using Stored = typename Policy::Stored;
  using Global = typename Policy::Global;
  static_assert(!Policy::has_zero_point);

  QFMT_HOST_DEVICE explicit TileEncoder(uint32_t largest, Global global = {}) noexcept {
    if constexpr (short_way && same_as<Policy, TwoLevel>) {
      find_two_level(largest, global.encode_scale);
      if (regular_)
        return;
    }
    Range const range{bit_cast<float>(largest | 0x80000000u), bit_cast<float>(largest)};
    scale_ = Policy::template fit<F, P, T>(range, global).scale;
    prepare(largest, global);
  }

  /// A tile whose scale is known already.
  [[nodiscard]] QFMT_HOST_DEVICE static TileEncoder with_scale(Stored scale,
                                                               uint32_t largest) noexcept
      requires(same_as<Global, NoGlobal>) {
    TileEncoder tile;
    tile.scale_ = scale;
    tile.prepare(largest, {});
    return tile;
  }

  [[nodiscard]] QFMT_HOST_DEVICE Stored scale() const noexcept { return scale_; }

  template <int N>
  [[nodiscard]] QFMT_HOST_DEVICE Codes<F, N> operator()(Values<float, N> const& x) const noexcept {
    if constexpr (short_way) {
      if (!regular_)
        return one_by_one(x);
      Values<float, N> quotients;
      if constexpr (detail::is_power_of_two<Policy>) {
        float const factor = detail::inverse(scale_);
        for (int i = 0; i < N; ++i) quotients.set(i, ptx::multiply(x[i], factor));
      } else {
        Divisor const by{prepared_};
        for (int i = 0; i < N; ++i) quotients.set(i, by(x[i]));
      }
      return encode<F, false>(quotients);
    } else {
      Codes<F, N> codes;
      for (int i = 0; i < N; ++i)
        codes.set(i, quantize_value<F, Policy, P, T>(x[i], prepared_, 0.0f));
      return codes;
    }
  }

  /// The codes by stochastic rounding: encode<F, R>(x / scale, R{random}) for each, the quotient as
  /// above.
  template <class R = Stochastic<32>, int N>
  requires(same_as<P, profile::Qfmt>) [[nodiscard]] QFMT_HOST_DEVICE Codes<F, N> operator()(
      Values<float, N> const& x, RandomWords<N> const& random) const noexcept {
    Values<float, N> quotients;
    if constexpr (short_way && detail::is_power_of_two<Policy>) {
      float const factor = detail::inverse(scale_);
      for (int i = 0; i < N; ++i) quotients.set(i, ptx::multiply(x[i], factor));
    } else if (regular_ && prepared_ >= power_of_two(-50)) {
      // Where a Divisor gives something else than the quotient, both are below 2^-51, which 32 random
      // bits cannot round up in a format of 8 bits. Below 2^-50, its last bit may be wrong.
      Divisor const by{prepared_};
      for (int i = 0; i < N; ++i) quotients.set(i, by(x[i]));
    } else {
      for (int i = 0; i < N; ++i) quotients.set(i, ptx::divide(x[i], prepared_));
    }
    return encode<F, R>(quotients, random);
  }

 private:
  static constexpr bool short_way = same_as<P, profile::Qfmt> && F::bits <= 8;

  constexpr TileEncoder() noexcept = default;

  /// What follows from the scale.
  QFMT_HOST_DEVICE void prepare(uint32_t largest, Global global) noexcept {
    prepared_ = Policy::template prepare<P>(scale_, global);
    if constexpr (short_way && detail::is_power_of_two<Policy>)
      regular_ = largest < 0x7F800000u;
    else if constexpr (short_way && !same_as<Policy, TwoLevel>)
      regular_ = Divisor::covers(prepared_, largest);
  }

  /// profile::Qfmt's block_scale and prepare_two_level with two Divisors, where these are exact. (Of
  /// magnitudes too small for the first, times 2^62 at most, comes the smallest scale in any case.)
  QFMT_HOST_DEVICE void find_two_level(uint32_t largest, float encode_scale) noexcept {
    constexpr float divisor = half_range<F>();
    constexpr Divisor by_range{divisor, 1.0f / divisor};
    Values<float, 1> target;
    target.set(0, ptx::multiply(encode_scale, by_range(bit_cast<float>(largest))));
    uint32_t const code =
        encode<E4M3, false>(target).word[0];  // not negative: UE4M3's code as well
    Codes<E4M3, 1> const stored{{code == 0 ? 1u : code}};
    scale_.bits = static_cast<uint8_t>(stored.word[0]);
    prepared_ = Divisor{encode_scale}(decode<float>(stored)[0]);
    regular_ = Divisor::covers(encode_scale, largest) && Divisor::covers(prepared_, largest);
  }

  /// In a loop that stays one: the values move through its first register, the codes in at the top.
  template <int N>
  [[nodiscard]] QFMT_HOST_DEVICE Codes<F, N> one_by_one(Values<float, N> x) const noexcept {
    constexpr int words = Codes<F, N>::words;
    Codes<F, N> codes;
    int count = N;
    count = ptx::opaque(count);
    for (int i = 0; i < count; ++i) {
      uint32_t const code = quantize_value<F, Policy, P, T>(x[0], prepared_, 0.0f).bits;
      for (int j = 0; j + 1 < N; ++j) x.word[j] = x.word[j + 1];
      shift(codes, F::bits);
      codes.word[words - 1] |= code << (32 - F::bits);
    }
    constexpr int unused = 32 * words - N * F::bits;
    if constexpr (unused != 0)
      shift(codes, unused);
    return codes;
  }
  template <int N>
  QFMT_HOST_DEVICE static void shift(Codes<F, N>& codes, int bits) noexcept {
    for (int w = 0; w < codes.words; ++w) {
      uint32_t const next = w + 1 < codes.words ? codes.word[w + 1] : 0;
      codes.word[w] = codes.word[w] >> bits | next << (32 - bits);
    }
  }

  Stored scale_{};
  float prepared_ = 0.0f;
  bool regular_ = false;
};

}  // namespace qfmt::cuda
