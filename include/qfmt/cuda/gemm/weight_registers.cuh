// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/decode.cuh>
#include <qfmt/cuda/gemm/machine.cuh>
#include <qfmt/cuda/gemm/packed_weight.hpp>
#include <qfmt/cuda/gemm/tokens.cuh>

// The left operand: packed weights, as registers of mma.

namespace qfmt::cuda {

/// Where the scales of a scheme enter a product. None of the three rounds a weight.
///
///     Weights   each weight is multiplied by its scale, in 16 bits: NVFP4, where E2M1 times UE4M3 has
///               at most six significant bits
///     Sums      the sum over a group of columns is multiplied by the group's scale, in binary32
///     Rows      the whole sum is, once, at the end
enum class ScaleUse : uint8_t { Weights, Sums, Rows };

/// Weights that tensor cores multiply tokens of T by: any by BF16 and FP16; by INT8, INT8 with a scale
/// for each row.
template <class S, class T>
concept WeightOf = Packable<S> &&
    (sizeof(T) == 2 ||
     (same_as<typename S::Format, INT8> && S::Granularity::cols == whole && !S::has_zero_point));

/// How a scheme's weights meet tokens of T: everything that kernels ask, as constants.
template <Packable S, class T>
requires WeightOf<S, T>
struct WeightTraits {
  using Format = typename S::Format;
  using Layout = PackedLayout<S>;
  static constexpr int bits = Format::bits;
  static constexpr index_t group = Layout::group;

  static constexpr ScaleUse scale_use =
      group == whole ? ScaleUse::Rows
      : group == 16 && same_as<Format, E2M1> && same_as<typename S::Stored, Code<UE4M3>>
          ? ScaleUse::Weights
          : ScaleUse::Sums;
  /// Lanes that own segments mix the segments of a tile in every step, so a sum that a scale
  /// belongs to must be of whole tiles.
  static constexpr ReadOrder order =
      scale_use == ScaleUse::Sums && group % 64 != 0 ? ReadOrder::Natural : ReadOrder::LaneOwned;
  static constexpr int steps = sizeof(T) == 1 ? 2 : 4;  // mma for a tile
  /// Scales that a lane needs for each of its two rows and a tile.
  static constexpr int scales = order == ReadOrder::Natural ? static_cast<int>(64 / group) : 1;
  static constexpr int steps_per_scale = steps / scales;
  /// Sums come out divided by this power of two, which keeps all numbers of NVFP4 normal.
  static constexpr float sum_factor = scale_use == ScaleUse::Weights ? 128.0f : 1.0f;
};

/// The words of a tile that a lane multiplies: of step i, word i, or (8 bits) words 2i and 2i + 1.
template <int Bits>
struct WeightWords {
  static constexpr int words = PackedTile<Bits>::words_per_lane;
  uint32_t word[size_t{words}];
};

/// Reads a lane's words of the tile at `tile`, in global memory (Once) or in shared memory.
template <int Bits, ReadOrder Order, bool Once>
[[nodiscard]] QFMT_HOST_DEVICE inline WeightWords<Bits> weight_words(uint8_t const* tile,
                                                                     int lane) noexcept {
  constexpr int count = Order == ReadOrder::LaneOwned ? 4 : Bits / 4;  // of a load
  WeightWords<Bits> out;
  for (int first = 0; first < WeightWords<Bits>::words; first += count) {
    int const step = first * 4 / WeightWords<Bits>::words;
    uint8_t const* const from = tile + 4 * PackedTile<Bits>::word(Order, lane, step);
    ptx::Words<count> const words = Once ? ptx::load_once<count>(from) : ptx::load<count>(from);
    for (int i = 0; i < count; ++i) out.word[first + i] = words.word[i];
  }
  return out;
}

/// What rows g and g + 8 have of a scale or zero point, as it was loaded: on its way it takes one
/// register, or two.
template <class V>
struct TwoRows {
  using Bits =
      conditional_t<sizeof(V) == 1, uint16_t, conditional_t<sizeof(V) == 2, uint32_t, uint64_t>>;
  using Row =
      conditional_t<sizeof(V) == 1, uint8_t, conditional_t<sizeof(V) == 2, uint16_t, uint32_t>>;
  static constexpr int bytes = 2 * static_cast<int>(sizeof(V));
  Bits bits = 0;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr V row(int i) const noexcept {
    return bit_cast<V>(static_cast<Row>(bits >> (8 * static_cast<int>(sizeof(V)) * i)));
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr TwoRows of(V first, V second) noexcept {
    return {static_cast<Bits>(bit_cast<Row>(first) | Bits{bit_cast<Row>(second)}
                                                         << (8 * static_cast<int>(sizeof(V))))};
  }
};

/// Scales and zero points that a lane needs for a tile, of rows g and g + 8 each.
template <Packable S, class T>
struct WeightScales {
  static constexpr int count = WeightTraits<S, T>::scales;
  using Scale = TwoRows<typename S::Stored>;
  using ZeroPoint = TwoRows<int16_t>;
  Scale scale[size_t{count}]{};
  [[no_unique_address]] conditional_t<S::has_zero_point, ZeroPoint[size_t{count}], NoGlobal>
      zero_point{};
};

/// A block of 16 rows of a packed weight, as a lane reads it.
template <Packable S, class T>
struct WeightRows {
  using Traits = WeightTraits<S, T>;
  using Layout = PackedLayout<S>;
  using Scales = WeightScales<S, T>;

  uint8_t const* tiles;        // of the block
  uint8_t const* scales;       // of the block, the lane's rows
  uint8_t const* zero_points;  // likewise
  int lane;

  QFMT_HOST_DEVICE WeightRows(PackedView<S> const& w, index_t row_block, int of_lane) noexcept
      : lane{of_lane} {
    Layout const map = w.layout();
    // Of scales that are a lane's own, the first is that of its segment.
    index_t const own = Traits::scale_use == ScaleUse::Weights ? lane % 4 : 0;
    index_t const pair = map.scale_index(row_block * 16 + lane / 4, own) / 2;
    tiles = w.data + map.tile_at(row_block, 0);
    scales = w.data + map.scales_at() + pair * Scales::Scale::bytes;
    zero_points = w.data + map.zero_points_at() + pair * 4;
  }

  /// From global memory.
  [[nodiscard]] QFMT_HOST_DEVICE WeightWords<S::Format::bits> words(int tile) const noexcept {
    return weight_words<S::Format::bits, Traits::order, true>(
        tiles + index_t{tile} * Layout::Tile::bytes, lane);
  }
  [[nodiscard]] QFMT_HOST_DEVICE Scales scales_of(int tile) const noexcept {
    constexpr int group = static_cast<int>(Traits::group);
    int column = 0;  // tile * 64 / group
    if constexpr (group > 64) {
      column = static_cast<int>(static_cast<unsigned>(tile) / (group / 64));
    } else if constexpr (Traits::group != whole) {
      column = tile * (64 / group);
    }
    Scales out;
    for (int i = 0; i < Scales::count; ++i) {
      index_t const pair = (index_t{column} + i) * 8;
      if constexpr (Traits::scale_use != ScaleUse::Rows)
        out.scale[i] =
            ptx::load_constant<typename Scales::Scale>(scales + pair * Scales::Scale::bytes);
      if constexpr (S::has_zero_point)
        out.zero_point[i] = ptx::load_constant<typename Scales::ZeroPoint>(zero_points + pair * 4);
    }
    return out;
  }
};

/// What all weights of a row are multiplied by, or have added, while they become registers: a pair
/// of equal 16-bit numbers for row g and for row g + 8.
struct RowPairs {
  uint32_t row[2] = {0, 0};
};

namespace detail {

template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t both(float x) noexcept {
  return uint32_t{from_float<T>(x).bits} * 0x00010001u;
}

/// E2M1 codes are read as this many times less than they are: they land in the lowest exponents.
template <Real T>
inline constexpr float e2m1_unit = same_as<T, Code<BF16>> ? 0x1p126f : 0x1p14f;

/// The integer whose last bit is worth 1 in T: bits in its mantissa are integers added to it.
template <Real T>
inline constexpr uint32_t one_unit = same_as<T, Code<BF16>> ? 0x43004300u : 0x64006400u;

}  // namespace detail

/// For scale i of a lane's scales.
///
///     NVFP4        s * 2^119 (BF16), s * 2^7 (FP16): with the codes' 2^-126 and 2^-14, weights / 2^7
///     other E2M1   2^126, 2^14: the weights without their scale
///     INT4         -(128 + 8 + zero point) or -(1024 + 8 + zero point)
///     8 bits       -zero point
template <Packable S, Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr RowPairs row_pairs(
    [[maybe_unused]] WeightScales<S, T> const& scales, [[maybe_unused]] int i) noexcept {
  using Traits = WeightTraits<S, T>;
  using F = typename S::Format;
  RowPairs out;
  if constexpr (Traits::scale_use == ScaleUse::Weights) {
    // Both rows at once: UE4M3 has the bytes of E4M3. NaN stays NaN.
    Codes<E4M3, 2> codes;
    for (int row = 0; row < 2; ++row) codes.set(row, Code<E4M3>{scales.scale[i].row(row).bits});
    constexpr uint32_t factor = same_as<T, Code<BF16>> ? 0x7B007B00u : 0x58005800u;  // 2^119, 2^7
    uint32_t const pair = ptx::multiply<T>(decode<T>(codes).word[0], factor);
    out.row[0] = ptx::permute(pair, 0, 0x1010);
    out.row[1] = ptx::permute(pair, 0, 0x3232);
  } else if constexpr (same_as<F, E2M1>) {
    out.row[0] = out.row[1] = detail::both<T>(detail::e2m1_unit<T>);
  } else {
    for (int row = 0; row < 2; ++row) {
      int zero_point = 0;
      if constexpr (S::has_zero_point)
        zero_point = scales.zero_point[i].row(row);
      if constexpr (same_as<F, INT4>) {  // in the last bits of a number whose last bit is worth 1
        uint32_t const minus = detail::one_unit<T> | 0x80008000u;
        out.row[row] = minus + static_cast<uint32_t>(8 + zero_point) * 0x00010001u;
      } else {
        out.row[row] = detail::both<T>(static_cast<float>(-zero_point));
      }
    }
  }
  return out;
}

/// The registers of the left operand in one step, exact in T.
template <Packable S, Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr LeftRegisters left_registers(
    WeightWords<S::Format::bits> const& words, int step, RowPairs const& pairs) noexcept {
  using F = typename S::Format;
  LeftRegisters out{};
  if constexpr (same_as<F, E2M1>) {
    for (int pair = 0; pair < 4; ++pair) {
      uint32_t two = RotatedNibbles::take(words.word[step], pair);
      if constexpr (same_as<T, Code<FP16>>)  // s0000000eem000000 to s000eem000000000
        two = (two & 0x80008000u) | ((two << 3) & 0x0E000E00u);
      out.r[pair] = ptx::multiply<T>(two, pairs.row[pair % 2]);
    }
  } else if constexpr (same_as<F, INT4>) {
    for (int pair = 0; pair < 4; ++pair) {
      uint32_t const unit =
          ptx::and_xor(words.word[step] >> (4 * pair), 0x000F000F, detail::one_unit<T>);
      out.r[pair] = ptx::add<T>(unit, pairs.row[pair % 2]);
    }
  } else {
    for (int row = 0; row < 2; ++row) {
      detail::FourHalves const four = detail::DecodeFour<F, T>::decode(words.word[2 * step + row]);
      out.r[row] = four.first;
      out.r[row + 2] = four.second;
      if constexpr (S::has_zero_point) {
        out.r[row] = ptx::add<T>(out.r[row], pairs.row[row]);
        out.r[row + 2] = ptx::add<T>(out.r[row + 2], pairs.row[row]);
      }
    }
  }
  return out;
}

/// What a lane multiplies tokens by for a tile of 16 rows: the left operand of every step and, where
/// sums are scaled, the scales of rows g and g + 8.
template <Packable S, class T>
struct WeightTile {
  using Traits = WeightTraits<S, T>;
  LeftRegisters left[size_t{Traits::steps}];
  float scale[size_t{Traits::scales}][2];
};

template <Packable S, class T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr WeightTile<S, T> weight_tile(
    WeightWords<S::Format::bits> const& words, [[maybe_unused]] WeightScales<S, T> const& scales,
    [[maybe_unused]] typename S::Global global) noexcept {
  using Traits = WeightTraits<S, T>;
  WeightTile<S, T> out{};
  if constexpr (sizeof(T) == 1) {  // bytes are registers already
    for (int step = 0; step < Traits::steps; ++step)
      for (int r = 0; r < 4; ++r) out.left[step].r[r] = words.word[4 * step + r];
  } else {
    for (int i = 0; i < Traits::scales; ++i) {
      RowPairs const pairs = row_pairs(scales, i);
      for (int j = 0; j < Traits::steps_per_scale; ++j) {
        int const step = i * Traits::steps_per_scale + j;
        out.left[step] = left_registers<S, T>(words, step, pairs);
      }
      if constexpr (Traits::scale_use == ScaleUse::Sums) {
        for (int row = 0; row < 2; ++row)
          out.scale[i][row] = S::Policy::effective(scales.scale[i].row(row), global);
      }
    }
  }
  return out;
}

}  // namespace qfmt::cuda
