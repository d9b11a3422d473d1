// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <span>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt {

/// The code of x in a tile, step by step as profile N computes it: x divided by the scale, plus the
/// zero point, each rounded to the profile's type, then encoded. `prepared` is Policy::prepare<N>
/// of the tile.
template <ElementFormat F, class Policy, Profile N, Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> quantize_value(float x, float prepared,
                                                                float zero_point) noexcept {
  using Quotient = typename Policy::template Quotient<N, T>;
  float scaled = round_to<Quotient>(N::apply(x, prepared));
  if constexpr (Policy::has_zero_point)
    scaled = round_to<Quotient>(scaled + zero_point);
  return N::template encode<F>(scaled);
}

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

inline Error unusable(Shape shape, index_t stride) {
  return {Status::shape_mismatch, "got " + std::to_string(shape.rows) + " x " +
                                      std::to_string(shape.cols) + " with stride " +
                                      std::to_string(stride)};
}

inline Error no_data(Shape shape) {
  return {Status::null_pointer,
          "got no data for " + std::to_string(shape.rows) + " x " + std::to_string(shape.cols)};
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
  BandQuantizer(MatrixView<T const> matrix, QuantTensor<S>& out)
      : matrix_{matrix},
        out_{out},
        tile_{S::Granularity::tile(matrix.shape)},
        values_(static_cast<std::size_t>(matrix.shape.cols)),
        codes_(static_cast<std::size_t>(matrix.shape.cols)),
        observers_(static_cast<std::size_t>(out.scale_shape.cols)) {}

  bool operator()(index_t band) {
    index_t const first_row = band * tile_.rows;
    index_t const end_row = (std::min)(first_row + tile_.rows, matrix_.shape.rows);
    std::fill(observers_.begin(), observers_.end(), Observer{});
    for (index_t row = first_row; row < end_row; ++row) {
      widen(matrix_.row(row), matrix_.shape.cols, values_.data());
      for (index_t t = 0; t < out_.scale_shape.cols; ++t) observer(t).observe(segment(t));
    }
    if (!fit(band))
      return false;
    for (index_t row = first_row; row < end_row; ++row) {
      if (tile_.rows > 1)
        widen(matrix_.row(row), matrix_.shape.cols, values_.data());
      for (index_t t = 0; t < out_.scale_shape.cols; ++t) encode_tile_row(band, t);
      pack<typename S::Format>(codes_.data(), matrix_.shape.cols,
                               out_.codes.data() + row * out_.row_bytes, out_.row_bytes);
    }
    return true;
  }

 private:
  using Observer = typename S::Timing::Observer;

  Observer& observer(index_t t) { return observers_[static_cast<std::size_t>(t)]; }

  std::span<float const> segment(index_t t) const {
    index_t const first = t * tile_.cols;
    index_t const end = (std::min)(first + tile_.cols, matrix_.shape.cols);
    return {values_.data() + first, static_cast<std::size_t>(end - first)};
  }

  bool fit(index_t band) {
    for (index_t t = 0; t < out_.scale_shape.cols; ++t) {
      Range const range = observer(t).range();
      if (!range.is_finite())
        return false;
      auto const index = static_cast<std::size_t>(band * out_.scale_shape.cols + t);
      auto const params =
          S::Policy::template fit<typename S::Format, typename S::Profile, T>(range, out_.global);
      out_.scales[index] = params.scale;
      if constexpr (S::has_zero_point)
        out_.zero_points[index] = params.zero_point;
    }
    return true;
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
    detail::encode_segment<typename S::Format, typename S::Policy, typename S::Profile, T>(
        from, prepared, zero_point, to);
  }

  MatrixView<T const> matrix_;
  QuantTensor<S>& out_;
  Shape tile_;
  std::vector<float> values_;
  std::vector<Code<typename S::Format>> codes_;
  std::vector<Observer> observers_;
};

}  // namespace detail

/// The largest magnitude of a matrix; NaN or infinity if it holds one.
template <Real T, Executor E = Serial const>
[[nodiscard]] float amax(MatrixView<T const> matrix, E&& executor = Serial{}) {
  std::atomic<uint32_t> largest{0};
  executor.for_each_range(matrix.shape.rows, 64, [&](IndexRange rows) {
    uint32_t bits = 0;
    for (index_t r = rows.begin; r < rows.end; ++r) {
      T const* const row = matrix.row(r);
      for (index_t c = 0; c < matrix.shape.cols; ++c)
        bits = (std::max)(bits, magnitude_bits(to_float(row[c])));
    }
    uint32_t seen = largest.load(std::memory_order_relaxed);
    while (seen < bits && !largest.compare_exchange_weak(seen, bits, std::memory_order_relaxed)) {
    }
  });
  return bit_cast<float>(largest.load());
}

/// The tensor's part of the parameters, fitted to one matrix. For layers that share it, fit from
/// the largest amax of them all.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] typename S::Global fit_global(MatrixView<T const> matrix, E&& executor = Serial{}) {
  if constexpr (S::has_global) {
    return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(
        amax<T>(matrix, executor));
  } else {
    return {};
  }
}

/// Quantizes a matrix with a given tensor part. Every tile is observed, fitted and encoded on its
/// own, so the result does not depend on the executor.
///
/// Errors: nonfinite_weight, naming the row and column of the first NaN or infinity; shape_mismatch
/// for negative sizes; null_pointer. Zero tiles give a finite scale and zero codes.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize_with(MatrixView<T const> matrix,
                                                   typename S::Global global,
                                                   E&& executor = Serial{}) {
  if (matrix.shape.rows < 0 || matrix.shape.cols < 0 || matrix.stride < matrix.shape.cols) {
    return detail::unusable(matrix.shape, matrix.stride);
  }
  if (matrix.data == nullptr && matrix.shape.size() != 0)
    return detail::no_data(matrix.shape);
  QuantTensor<S> out{matrix.shape};
  out.global = global;
  index_t const bands = out.scale_shape.cols == 0 ? 0 : out.scale_shape.rows;
  index_t const grain =
      (std::max<index_t>)(1, 64 / (std::max<index_t>)(1, S::Granularity::tile(matrix.shape).rows));
  std::atomic<bool> all_finite{true};
  executor.for_each_range(bands, grain, [&](IndexRange range) {
    detail::BandQuantizer<S, T> quantizer{matrix, out};
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
///     auto w = quantize<QuantScheme<INT8, PerChannel>>(MatrixView<float const>{data, {rows,
///     cols}});
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize(MatrixView<T const> matrix, E&& executor = Serial{}) {
  if constexpr (S::has_global) {
    if (matrix.data == nullptr && matrix.shape.size() != 0)
      return detail::no_data(matrix.shape);
    if (!is_finite(amax<T>(matrix, executor)))
      return detail::nonfinite<T>(matrix, Status::nonfinite_weight);
  }
  return quantize_with<S, T>(matrix, fit_global<S, T>(matrix, executor), executor);
}

}  // namespace qfmt
