// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>

#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/min_max.hpp>
#include <qfmt/tensor/isa.hpp>
#include <qfmt/tensor/x86/decode.hpp>
#include <qfmt/tensor/x86/dequantize_row.hpp>
#include <qfmt/tensor/x86/observe.hpp>
#include <qfmt/tensor/x86/pack.hpp>
#include <qfmt/tensor/x86/quantize_blocks.hpp>
#include <qfmt/tensor/x86/stream.hpp>

// The paths of an instruction set, if it has one: each function does the work and returns true, or
// does nothing and returns false, and the caller goes the portable way. Both ways give the same
// bytes. On other machines than x86 all of them return false.

namespace qfmt::x86 {

/// What quantize_blocks did.
enum class Blocks : uint8_t { no_path, done, nonfinite };

#if defined(QFMT_X86)

/// Schemes whose rows are quantized in one pass: blocks of 16 or 32 with codes for scales.
template <class S>
concept HasBlockPath =
    FloatWithZero<typename S::Format> && S::Format::bits <= 8 &&
    DividingProfile<typename S::Profile>&& S::Granularity::rows == 1 &&
    (S::Granularity::cols == 16 || S::Granularity::cols == 32) &&
    (same_as<typename S::Stored, Code<UE4M3>> ||
     same_as<typename S::Stored, Code<E8M0>>)&&(same_as<typename S::Timing::TileObserver, AbsMax> ||
                                                same_as<typename S::Timing::TileObserver, MinMax>);

/// The columns of their blocks; 0 for other schemes.
template <class S>
inline constexpr index_t block_path = HasBlockPath<S> ? S::Granularity::cols : 0;

/// to[i] = to_float(from[i]).
template <Real T>
[[nodiscard]] bool widen(Isa isa, T const* from, index_t count, float* to) noexcept {
  if (isa >= Isa::avx512) {
    avx512::widen<Nan::possible>(from, count, to);
  } else if (isa == Isa::avx2) {
    avx2::widen<Nan::possible>(from, count, to);
  }
  return isa >= Isa::avx2;
}

/// The same for values that are not NaN; of one that is, it makes some NaN.
template <Real T>
[[nodiscard]] bool widen_numbers(Isa isa, T const* from, index_t count, float* to) noexcept {
  if (isa >= Isa::avx512) {
    avx512::widen<Nan::excluded>(from, count, to);
  } else if (isa == Isa::avx2) {
    avx2::widen<Nan::excluded>(from, count, to);
  }
  return isa >= Isa::avx2;
}

/// codes[i] = encode<F>(to_float(values[i])).
template <ElementFormat F, Real T>
[[nodiscard]] bool encode_values(Isa isa, T const* values, index_t count, Code<F>* codes) noexcept {
  if constexpr (ByteFormat<F>) {
    if (isa >= Isa::avx512) {
      avx512::encode_row(values, count, codes);
    } else if (isa == Isa::avx2) {
      avx2::encode_row(values, count, codes);
    }
    return isa >= Isa::avx2;
  }
  return false;
}

/// values[i] = from_float<T>(decode(codes[i])).
template <ElementFormat F, Real T>
[[nodiscard]] bool decode_codes(Isa isa, Code<F> const* codes, index_t count, T* values) noexcept {
  if constexpr (ByteFormat<F>) {
    if (isa >= Isa::avx512) {
      avx512::decode_row(codes, count, values);
    } else if (isa == Isa::avx2) {
      avx2::decode_row(codes, count, values);
    }
    return isa >= Isa::avx2;
  }
  return false;
}

/// largest = the largest magnitude_bits of the values.
template <Real T>
[[nodiscard]] bool amax_bits(Isa isa, T const* values, index_t count, uint32_t& largest) noexcept {
  if (isa >= Isa::avx512) {
    largest = avx512::amax_bits(values, count);
  } else if (isa == Isa::avx2) {
    largest = avx2::amax_bits(values, count);
  }
  return isa >= Isa::avx2;
}

/// observer.observe(values). An observer that keeps nothing but extremes may be shown these alone.
template <Observer O>
[[nodiscard]] bool observe(Isa isa, std::span<float const> values, O& observer) noexcept {
  auto const count = static_cast<index_t>(values.size());
  if (isa < Isa::avx2 || count == 0)
    return false;
  if constexpr (same_as<O, AbsMax>) {
    float const largest =
        bit_cast<float>(isa >= Isa::avx512 ? avx512::amax_bits(values.data(), count)
                                           : avx2::amax_bits(values.data(), count));
    observer.observe({&largest, 1});
    return true;
  } else if constexpr (same_as<O, MinMax>) {
    KeyRange const range = isa >= Isa::avx512 ? avx512::key_range(values.data(), count)
                                              : avx2::key_range(values.data(), count);
    float const extremes[2] = {from_order_key(range.low), from_order_key(range.high)};
    observer.observe(extremes);
    return true;
  }
  return false;
}

/// codes[i] = quantize_value<F, Policy, N, T>(values[i], prepared, zero_point), for finite values.
template <ElementFormat F, class Policy, Profile N, Real T>
[[nodiscard]] bool quantize_segment(Isa isa, std::span<float const> values, float prepared,
                                    float zero_point, Code<F>* codes) noexcept {
  if constexpr (ByteFormat<F> && DividingProfile<N>) {
    using Steps = StepsOf<F, Policy, N, T>;
    if (isa < Isa::avx2 || !is_plain_divisor(prepared))
      return false;
    auto const count = static_cast<index_t>(values.size());
    if (isa >= Isa::avx512) {
      avx512::quantize_segment<F, Steps>(values.data(), count, prepared, zero_point, codes);
    } else {
      avx2::quantize_segment<F, Steps>(values.data(), count, prepared, zero_point, codes);
    }
    return true;
  }
  return false;
}

/// Observes, fits, encodes and packs a whole row in blocks of `Block` values.
template <ElementFormat F, class Policy, Profile N, index_t Block, Real T>
[[nodiscard]] Blocks quantize_blocks(Isa isa, std::span<float const> values,
                                     typename Policy::Global global,
                                     typename Policy::Stored* scales, uint8_t* bytes,
                                     index_t row_bytes) noexcept {
  if (isa < Isa::avx2)
    return Blocks::no_path;
  auto const count = static_cast<index_t>(values.size());
  bool const finite = isa >= Isa::avx512
                          ? quantize_row<avx512::BlockKernel, F, Policy, N, T, Block>(
                                values.data(), count, global, scales, bytes, row_bytes)
                          : quantize_row<avx2::BlockKernel, F, Policy, N, T, Block>(
                                values.data(), count, global, scales, bytes, row_bytes);
  return finite ? Blocks::done : Blocks::nonfinite;
}

/// pack<F>(codes, count, bytes, capacity).
template <ElementFormat F>
[[nodiscard]] bool pack(Isa isa, Code<F> const* codes, index_t count, uint8_t* bytes,
                        index_t capacity) noexcept {
  if constexpr (F::bits <= 8) {
    if (isa >= Isa::avx2)
      avx2::pack_row<F>(codes, count, bytes, capacity);
    return isa >= Isa::avx2;
  }
  return false;
}

/// values[c] = from_float<T>(row[c]) for a whole row. `streamed`: past the caches, for results that
/// will not stay in them.
template <ElementFormat F, class Policy, Real T>
[[nodiscard]] bool dequantize_row(Isa isa, QuantRow<F, Policy> const& row, bool streamed,
                                  T* values) noexcept {
  if constexpr (ByteFormat<F>) {
    if (isa < Isa::avx2)
      return false;
    if constexpr (same_as<T, float>) {
      if (streamed && isa >= Isa::avx512 && row.size >= 16) {
        avx512::stream_row(values, row.size, PiecesOf<F, Policy>{isa, row});
        return true;
      }
    }
    dequantize_piece(isa, row, 0, row.size, values);
    return true;
  }
  return false;
}

#else

template <class S>
inline constexpr index_t block_path = 0;
template <class... Args>
[[nodiscard]] constexpr bool widen(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool widen_numbers(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool encode_values(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool decode_codes(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool amax_bits(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool observe(Args&&...) noexcept {
  return false;
}
template <class F, class Policy, class N, class T, class... Args>
[[nodiscard]] constexpr bool quantize_segment(Args&&...) noexcept {
  return false;
}
template <class F, class Policy, class N, index_t Block, class T, class... Args>
[[nodiscard]] constexpr Blocks quantize_blocks(Args&&...) noexcept {
  return Blocks::no_path;
}
template <class... Args>
[[nodiscard]] constexpr bool pack(Args&&...) noexcept {
  return false;
}
template <class... Args>
[[nodiscard]] constexpr bool dequantize_row(Args&&...) noexcept {
  return false;
}

#endif

}  // namespace qfmt::x86
