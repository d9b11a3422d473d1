// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/scaling/quantize_value.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/result.hpp>
#include <qfmt/tensor/search.hpp>
#include <qfmt/tensor/x86/dispatch.hpp>

namespace qfmt {

namespace detail {

/// Widens columns of a row to binary32: exact.
template <Real T>
constexpr void widen(T const* from, index_t count, float* to) noexcept {
  for (index_t i = 0; i < count; ++i) to[i] = to_float(from[i]);
}

/// Where the first value is that is not finite, for the message.
template <Real T>
Error nonfinite(MatrixView<T const> matrix, Status status) {
  for (index_t r = 0; r < matrix.shape.rows; ++r) {
    for (index_t c = 0; c < matrix.shape.cols; ++c) {
      float const x = to_float(matrix(r, c));
      if (is_finite(x))
        continue;
      std::string const what = is_nan(x) ? "NaN" : x > 0 ? "+Inf" : "-Inf";
      return {status, "row " + std::to_string(r) + ", column " + std::to_string(c) + ": got " +
                          what + ", expected a finite value"};
    }
  }
  return {status, "got a value that is not finite"};
}

/// Whether there is something to quantize.
template <Scheme S, Real T>
Result<void> usable(MatrixView<T const> matrix, Importance const& importance) {
  Shape const shape = matrix.shape;
  std::string const size = std::to_string(shape.rows) + " x " + std::to_string(shape.cols);
  if (shape.rows < 0 || shape.cols < 0 || matrix.stride < shape.cols)
    return Error{Status::shape_mismatch,
                 "got " + size + " with stride " + std::to_string(matrix.stride)};
  if (matrix.data == nullptr && shape.size() != 0)
    return Error{Status::null_pointer, "got no data for " + size};
  if (importance.is_uniform())
    return {};
  if (!SearchedScheme<S>)
    return Error{Status::unsupported, "got importance for a scheme that does not search"};
  if (static_cast<index_t>(importance.weights().size()) != shape.cols)
    return Error{Status::shape_mismatch, "got importance of " +
                                             std::to_string(importance.weights().size()) +
                                             " columns for " + size};
  return {};
}

/// Encodes a segment of a row that lies in one tile. On its own, so that schemes that differ only
/// in granularity share the code.
template <ElementFormat F, class Policy, Profile N, Real T>
void encode_segment(std::span<float const> values, float prepared, float zero_point,
                    Code<F>* codes) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = quantize_value<F, Policy, N, T>(values[i], prepared, zero_point);
}

/// Quantizes the tiles of scale row `band`: the matrix rows that share it. Returns false, with the
/// output of the band unspecified, when a value is not finite.
template <Scheme S, Real T>
class BandQuantizer {
 public:
  using Observer = typename S::Timing::Observer;

  /// Every tile starts with a copy of `first`.
  BandQuantizer(Isa isa, MatrixView<T const> matrix, Importance const& importance,
                Observer const& first, QuantTensor<S>& out)
      : isa_{isa},
        matrix_{matrix},
        importance_{importance},
        first_{first},
        out_{out},
        tile_{S::Granularity::tile(matrix.shape)},
        widened_(same_as<T, float> ? 0 : static_cast<std::size_t>(matrix.shape.cols)),
        codes_(static_cast<std::size_t>(matrix.shape.cols)),
        observers_(static_cast<std::size_t>(out.scale_shape.cols)) {}

  bool operator()(index_t band) {
    index_t const first_row = band * tile_.rows;
    index_t const end_row = (std::min)(first_row + tile_.rows, matrix_.shape.rows);
    if (tile_.rows == 1) {
      read(first_row);
      auto const blocks = x86::quantize_blocks<S, T>(isa_, values_, out_.global, scales(band),
                                                     packed_row(first_row), out_.row_bytes);
      if (blocks != x86::Blocks::no_path)
        return blocks == x86::Blocks::done;
    }
    std::fill(observers_.begin(), observers_.end(), first_);
    for (index_t row = first_row; row < end_row; ++row) {
      read(row);
      for (index_t t = 0; t < out_.scale_shape.cols; ++t) {
        if (!x86::observe(isa_, segment(t), observer(t)))
          observer(t).observe(segment(t));
      }
    }
    if (!fit(band))
      return false;
    for (index_t row = first_row; row < end_row; ++row) {
      if (tile_.rows > 1)
        read(row);
      for (index_t t = 0; t < out_.scale_shape.cols; ++t) encode_tile_row(band, t);
      if (!x86::pack(isa_, codes_.data(), matrix_.shape.cols, packed_row(row), out_.row_bytes))
        pack(codes_.data(), matrix_.shape.cols, packed_row(row), out_.row_bytes);
    }
    return true;
  }

 private:
  Observer& observer(index_t t) { return observers_[static_cast<std::size_t>(t)]; }
  typename S::Stored* scales(index_t band) {
    return out_.scales.data() + band * out_.scale_shape.cols;
  }
  std::uint8_t* packed_row(index_t row) { return out_.codes.data() + row * out_.row_bytes; }

  /// Makes values_ the row in binary32.
  void read(index_t row) {
    auto const count = static_cast<std::size_t>(matrix_.shape.cols);
    if constexpr (same_as<T, float>) {
      values_ = {matrix_.row(row), count};
    } else {
      if (!x86::widen(isa_, matrix_.row(row), matrix_.shape.cols, widened_.data()))
        widen(matrix_.row(row), matrix_.shape.cols, widened_.data());
      values_ = widened_;
    }
  }

  std::span<float const> segment(index_t t) const {
    index_t const first = t * tile_.cols;
    index_t const end = (std::min)(first + tile_.cols, matrix_.shape.cols);
    return values_.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first));
  }

  bool fit(index_t band) {
    for (index_t t = 0; t < out_.scale_shape.cols; ++t) {
      if (!observer(t).range().is_finite())
        return false;
    }
    for (index_t t = 0; t < out_.scale_shape.cols; ++t) {
      auto const index = static_cast<std::size_t>(band * out_.scale_shape.cols + t);
      auto const params = fitted(band, t);
      out_.scales[index] = params.scale;
      if constexpr (S::has_zero_point)
        out_.zero_points[index] = params.zero_point;
    }
    return true;
  }

  TileParams<typename S::Stored> fitted(index_t band, index_t t) {
    if constexpr (SearchedScheme<S>) {
      if (!tile_values_)
        tile_values_.emplace(matrix_, importance_);
      std::span<float const> const values = (*tile_values_)(band, t);
      return observer(t)
          .template fit<typename S::Format, typename S::Policy, typename S::Profile, T>(
              values, tile_values_->importance(), out_.global);
    } else {
      return S::Policy::template fit<typename S::Format, typename S::Profile, T>(
          observer(t).range(), out_.global);
    }
  }

  void encode_tile_row(index_t band, index_t t) {
    auto const index = static_cast<std::size_t>(band * out_.scale_shape.cols + t);
    float const prepared =
        S::Policy::template prepare<typename S::Profile>(out_.scales[index], out_.global);
    float zero_point = 0.0f;
    if constexpr (S::has_zero_point)
      zero_point = static_cast<float>(out_.zero_points[index]);
    std::span<float const> const from = segment(t);
    Code<typename S::Format>* const to = codes_.data() + t * tile_.cols;
    using Policy = typename S::Policy;
    using Profile = typename S::Profile;
    if (!x86::quantize_segment<typename S::Format, Policy, Profile, T>(isa_, from, prepared,
                                                                       zero_point, to)) {
      detail::encode_segment<typename S::Format, Policy, Profile, T>(from, prepared, zero_point,
                                                                     to);
    }
  }

  Isa isa_;
  MatrixView<T const> matrix_;
  Importance const& importance_;
  Observer const& first_;
  QuantTensor<S>& out_;
  Shape tile_;
  std::vector<float> widened_;
  std::span<float const> values_;  // the row that is worked on
  std::vector<Code<typename S::Format>> codes_;
  std::vector<Observer> observers_;
  std::optional<TileReader<S, T>> tile_values_;  // for searches only
};

}  // namespace detail

/// The largest magnitude of a matrix; NaN or infinity if it holds one.
template <Real T, Executor E = Serial const>
[[nodiscard]] float amax(MatrixView<T const> matrix, E&& executor = Serial{},
                         Isa isa = selected_isa()) {
  std::atomic<uint32_t> largest{0};
  executor.for_each_range(matrix.shape.rows, 64, [&](IndexRange rows) {
    uint32_t bits = 0;
    for (index_t r = rows.begin; r < rows.end; ++r) {
      T const* const row = matrix.row(r);
      uint32_t in_row = 0;
      if (!x86::amax_bits(isa, row, matrix.shape.cols, in_row)) {
        for (index_t c = 0; c < matrix.shape.cols; ++c)
          in_row = (std::max)(in_row, magnitude_bits(to_float(row[c])));
      }
      bits = (std::max)(bits, in_row);
    }
    uint32_t seen = largest.load(std::memory_order_relaxed);
    while (seen < bits && !largest.compare_exchange_weak(seen, bits, std::memory_order_relaxed)) {
    }
  });
  return bit_cast<float>(largest.load());
}

/// The tensor's part of the parameters, fitted to one matrix. For layers that share it, fit from
/// the largest scale_reach of them all.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] typename S::Global fit_global(MatrixView<T const> matrix, E&& executor = Serial{},
                                            Importance const& importance = {},
                                            Isa isa = selected_isa()) {
  if constexpr (S::has_global) {
    float const largest = amax<T>(matrix, executor, isa);
    return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(
        is_finite(largest) ? scale_reach<S, T>(matrix, largest, executor, importance) : largest);
  } else {
    return {};
  }
}

/// Quantizes a matrix with a given tensor part. Every tile is observed, fitted and encoded on its
/// own, so the result does not depend on the executor. Where the scheme's observer is a search,
/// `importance` weighs the errors of the columns.
///
/// Errors: nonfinite_weight, naming the row and column of the first NaN or infinity; shape_mismatch
/// for negative sizes, and for importance of another number of columns; unsupported for importance
/// without a search; null_pointer. Zero tiles give a finite scale and zero codes. Every `isa` gives
/// the same bytes.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize_with(MatrixView<T const> matrix,
                                                   typename S::Global global,
                                                   E&& executor = Serial{},
                                                   Importance const& importance = {},
                                                   Isa isa = selected_isa()) {
  if (auto const usable = detail::usable<S, T>(matrix, importance); !usable)
    return usable.error();
  QuantTensor<S> out{matrix.shape};
  out.global = global;
  auto const first = detail::first_observer<S, T>(matrix, importance, executor);
  index_t const bands = out.scale_shape.cols == 0 ? 0 : out.scale_shape.rows;
  index_t const grain =
      (std::max<index_t>)(1, 64 / (std::max<index_t>)(1, S::Granularity::tile(matrix.shape).rows));
  std::atomic<bool> all_finite{true};
  executor.for_each_range(bands, grain, [&](IndexRange range) {
    detail::BandQuantizer<S, T> quantizer{isa, matrix, importance, first, out};
    for (index_t band = range.begin; band < range.end; ++band) {
      if (!quantizer(band))
        all_finite.store(false, std::memory_order_relaxed);
    }
  });
  if (!all_finite.load())
    return detail::nonfinite<T>(matrix, Status::nonfinite_weight);
  return out;
}

/// Quantizes a matrix on its own: fit_global, then quantize_with.
///
///     auto w = quantize<QuantScheme<INT8, PerChannel>, float>({data, {rows, cols}});
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize(MatrixView<T const> matrix, E&& executor = Serial{},
                                              Importance const& importance = {},
                                              Isa isa = selected_isa()) {
  if (auto const usable = detail::usable<S, T>(matrix, importance); !usable)
    return usable.error();
  if constexpr (S::has_global) {
    if (!is_finite(amax<T>(matrix, executor, isa)))
      return detail::nonfinite<T>(matrix, Status::nonfinite_weight);
  }
  return quantize_with<S, T>(matrix, fit_global<S, T>(matrix, executor, importance, isa), executor,
                             importance, isa);
}

}  // namespace qfmt
