// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/scaling/quantize_value.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/search.hpp>
#include <qfmt/tensor/x86/dispatch.hpp>

// The work inside of quantize(), with granularity as numbers: schemes that differ in granularity or
// timing alone, and all executors, share one compiled copy of it.

namespace qfmt::detail {

/// Widens columns of a row to binary32: exact.
template <Real T>
constexpr void widen(T const* from, index_t count, float* to) noexcept {
  for (index_t i = 0; i < count; ++i) to[i] = to_float(from[i]);
}

/// Encodes a segment of a row that lies in one tile.
template <ElementFormat F, class Policy, Profile N, Real T>
void encode_segment(std::span<float const> values, float prepared, float zero_point,
                    Code<F>* codes) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = quantize_value<F, Policy, N, T>(values[i], prepared, zero_point);
}

/// Where the parts of a quantized matrix lie.
template <class Policy>
struct TiledParts {
  Shape tile;
  Shape scale_shape;
  uint8_t* codes;
  index_t row_bytes;
  typename Policy::Stored* scales;
  int16_t* zero_points;  // null where the policy has none
  [[no_unique_address]] typename Policy::Global global;
};

template <Scheme S>
TiledParts<typename S::Policy> parts_of(QuantTensor<S>& tensor) noexcept {
  return {S::Granularity::tile(tensor.shape),
          tensor.scale_shape,
          tensor.codes.data(),
          tensor.row_bytes,
          tensor.scales.data(),
          S::has_zero_point ? tensor.zero_points.data() : nullptr,
          tensor.global};
}

/// Reads rows of a matrix, and encodes the one that was read with the parameters of its tiles.
template <ElementFormat F, class Policy, Profile N, Real T>
class RowEncoder {
 public:
  RowEncoder(Isa isa, MatrixView<T const> matrix, TiledParts<Policy> const& parts)
      : isa_{isa},
        matrix_{matrix},
        parts_{parts},
        widened_(same_as<T, float> ? 0 : static_cast<std::size_t>(matrix.shape.cols)),
        codes_(static_cast<std::size_t>(matrix.shape.cols)) {}

  /// Makes values() the row in binary32.
  void read(index_t row) {
    auto const count = static_cast<std::size_t>(matrix_.shape.cols);
    row_ = row;
    if constexpr (same_as<T, float>) {
      values_ = {matrix_.row(row), count};
    } else {
      if (!x86::widen_numbers(isa_, matrix_.row(row), matrix_.shape.cols, widened_.data()))
        widen(matrix_.row(row), matrix_.shape.cols, widened_.data());
      values_ = widened_;
    }
  }
  [[nodiscard]] std::span<float const> values() const noexcept { return values_; }

  /// Those that lie in tile `t` of the tiles along the row.
  [[nodiscard]] std::span<float const> segment(index_t t) const {
    index_t const first = t * parts_.tile.cols;
    index_t const end = (std::min)(first + parts_.tile.cols, matrix_.shape.cols);
    return values_.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first));
  }

  void encode() {
    index_t const band = row_ / parts_.tile.rows;
    for (index_t t = 0; t < parts_.scale_shape.cols; ++t) {
      index_t const index = band * parts_.scale_shape.cols + t;
      float const prepared = Policy::template prepare<N>(parts_.scales[index], parts_.global);
      float zero_point = 0.0f;
      if constexpr (Policy::has_zero_point)
        zero_point = static_cast<float>(parts_.zero_points[index]);
      Code<F>* const to = codes_.data() + t * parts_.tile.cols;
      if (!x86::quantize_segment<F, Policy, N, T>(isa_, segment(t), prepared, zero_point, to))
        encode_segment<F, Policy, N, T>(segment(t), prepared, zero_point, to);
    }
    uint8_t* const bytes = packed();
    if (!x86::pack(isa_, codes_.data(), matrix_.shape.cols, bytes, parts_.row_bytes))
      pack(codes_.data(), matrix_.shape.cols, bytes, parts_.row_bytes);
  }

  /// Where the codes of the row go.
  [[nodiscard]] uint8_t* packed() const noexcept { return parts_.codes + row_ * parts_.row_bytes; }

 private:
  Isa isa_;
  MatrixView<T const> matrix_;
  TiledParts<Policy> parts_;
  index_t row_ = 0;
  std::vector<float> widened_;
  std::span<float const> values_;
  std::vector<Code<F>> codes_;
};

/// Encodes rows with the parameters that are there. Returns whether all values are finite; rows that
/// hold others are unspecified.
template <ElementFormat F, class Policy, Profile N, Real T>
bool encode_rows(Isa isa, MatrixView<T const> matrix, TiledParts<Policy> const& parts,
                 IndexRange rows) {
  RowEncoder<F, Policy, N, T> encoder{isa, matrix, parts};
  bool finite = true;
  for (index_t row = rows.begin; row < rows.end; ++row) {
    encoder.read(row);
    AbsMax largest;
    if (!x86::observe(isa, encoder.values(), largest))
      largest.observe(encoder.values());
    if (largest.range().is_finite()) {
      encoder.encode();
    } else {
      finite = false;
    }
  }
  return finite;
}

/// What became of bands of tiles.
struct BandOutcome {
  bool finite = true;      ///< every value
  bool scales_fit = true;  ///< in the type that they are kept in
};

/// Finds the parameters of bands and encodes them. A band is what shares a row of scales.
///
/// Block: the columns of a tile, where x86::quantize_blocks may have a path of its own; else 0.
template <ElementFormat F, class Policy, Profile N, class Observer, index_t Block, Real T>
class BandQuantizer {
 public:
  /// Every tile starts with a copy of `first`.
  BandQuantizer(Isa isa, MatrixView<T const> matrix, Importance const& importance,
                Observer const& first, TiledParts<Policy> const& parts)
      : isa_{isa},
        matrix_{matrix},
        importance_{importance},
        first_{first},
        parts_{parts},
        encoder_{isa, matrix, parts},
        observers_(static_cast<std::size_t>(parts.scale_shape.cols)) {}

  BandOutcome operator()(IndexRange bands) {
    BandOutcome outcome;
    for (index_t band = bands.begin; band < bands.end; ++band) {
      if (!quantize(band, outcome.scales_fit))
        outcome.finite = false;
    }
    return outcome;
  }

 private:
  /// False, with the output of the band unspecified, when a value is not finite.
  bool quantize(index_t band, bool& scales_fit) {
    index_t const first_row = band * parts_.tile.rows;
    index_t const end_row = (std::min)(first_row + parts_.tile.rows, matrix_.shape.rows);
    if constexpr (Block != 0) {
      encoder_.read(first_row);
      auto const blocks = x86::quantize_blocks<F, Policy, N, Block, T>(
          isa_, encoder_.values(), parts_.global, scales(band), encoder_.packed(),
          parts_.row_bytes);
      if (blocks != x86::Blocks::no_path)
        return blocks == x86::Blocks::done;
    }
    std::fill(observers_.begin(), observers_.end(), first_);
    for (index_t row = first_row; row < end_row; ++row) {
      encoder_.read(row);
      for (index_t t = 0; t < parts_.scale_shape.cols; ++t) {
        if (!x86::observe(isa_, encoder_.segment(t), observer(t)))
          observer(t).observe(encoder_.segment(t));
      }
    }
    for (index_t t = 0; t < parts_.scale_shape.cols; ++t) {
      if (!observer(t).range().is_finite())
        return false;
    }
    for (index_t t = 0; t < parts_.scale_shape.cols; ++t) fit(band, t, scales_fit);
    for (index_t row = first_row; row < end_row; ++row) {
      if (parts_.tile.rows > 1)
        encoder_.read(row);
      encoder_.encode();
    }
    return true;
  }

  Observer& observer(index_t t) { return observers_[static_cast<std::size_t>(t)]; }
  typename Policy::Stored* scales(index_t band) {
    return parts_.scales + band * parts_.scale_shape.cols;
  }

  void fit(index_t band, index_t t, bool& scales_fit) {
    auto const params = fitted(band, t);
    scales(band)[t] = params.scale;
    if constexpr (Policy::has_zero_point)
      parts_.zero_points[band * parts_.scale_shape.cols + t] = params.zero_point;
    if constexpr (Real<typename Policy::Stored>)
      scales_fit = scales_fit && is_finite(to_float(params.scale));
  }

  TileParams<typename Policy::Stored> fitted(index_t band, index_t t) {
    if constexpr (TileSearch<Observer>) {
      if (!tile_values_)
        tile_values_.emplace(matrix_, parts_.tile, importance_);
      std::span<float const> const values = (*tile_values_)(band, t);
      return observer(t).template fit<F, Policy, N, T>(values, tile_values_->importance(),
                                                       parts_.global);
    } else {
      return Policy::template fit<F, N, T>(observer(t).range(), parts_.global);
    }
  }

  Isa isa_;
  MatrixView<T const> matrix_;
  Importance const& importance_;
  Observer const& first_;
  TiledParts<Policy> parts_;
  RowEncoder<F, Policy, N, T> encoder_;
  std::vector<Observer> observers_;
  std::optional<TileReader<T>> tile_values_;  // for searches only
};

/// Quantizes bands of a matrix: BandQuantizer as a function, compiled once for all that calls it.
template <ElementFormat F, class Policy, Profile N, class Observer, index_t Block, Real T>
BandOutcome quantize_bands(Isa isa, MatrixView<T const> matrix, Importance const& importance,
                           Observer const& first, TiledParts<Policy> const& parts,
                           IndexRange bands) {
  return BandQuantizer<F, Policy, N, Observer, Block, T>{isa, matrix, importance, first,
                                                         parts}(bands);
}

}  // namespace qfmt::detail
