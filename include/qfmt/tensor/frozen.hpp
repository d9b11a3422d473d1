// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include <qfmt/tensor/calibrated_scheme.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt {

namespace detail {

/// Whether a stored scale can be divided by.
inline Status check_scale(float scale) noexcept {
  if (!is_finite(scale))
    return Status::nonfinite_scale;
  if (scale == 0.0f)
    return Status::scale_zero;
  return scale < 0.0f ? Status::scale_negative : Status::ok;
}

/// Encodes rows with given parameters. Returns false, with the row unspecified, when a value is not
/// finite.
template <Scheme S, Real T>
class FrozenRowEncoder {
 public:
  FrozenRowEncoder(Isa isa, MatrixView<T const> matrix, QuantTensor<S>& out)
      : isa_{isa},
        matrix_{matrix},
        out_{out},
        tile_cols_{S::Granularity::tile(matrix.shape).cols},
        values_(static_cast<std::size_t>(matrix.shape.cols)),
        codes_(static_cast<std::size_t>(matrix.shape.cols)) {}

  bool operator()(index_t row) {
    index_t const cols = matrix_.shape.cols;
    if (!x86::widen(isa_, matrix_.row(row), cols, values_.data()))
      widen(matrix_.row(row), cols, values_.data());
    AbsMax largest;
    if (!x86::observe(isa_, values_, largest))
      largest.observe(values_);
    if (!largest.range().is_finite())
      return false;
    for (index_t first = 0; first < cols; first += tile_cols_) encode_tile(row, first);
    uint8_t* const bytes = out_.codes.data() + row * out_.row_bytes;
    if (!x86::pack(isa_, codes_.data(), cols, bytes, out_.row_bytes))
      pack<typename S::Format>(codes_.data(), cols, bytes, out_.row_bytes);
    return true;
  }

 private:
  void encode_tile(index_t row, index_t first) {
    using Policy = typename S::Policy;
    using Profile = typename S::Profile;
    auto const index =
        static_cast<std::size_t>(S::Granularity::scale_index(row, first, out_.scale_shape.cols));
    float const prepared = Policy::template prepare<Profile>(out_.scales[index], out_.global);
    float zero_point = 0.0f;
    if constexpr (S::has_zero_point)
      zero_point = static_cast<float>(out_.zero_points[index]);
    std::span<float const> const from = std::span<float const>{values_}.subspan(
        static_cast<std::size_t>(first),
        static_cast<std::size_t>((std::min)(tile_cols_, matrix_.shape.cols - first)));
    Code<typename S::Format>* const to = codes_.data() + first;
    if (!x86::quantize_segment<typename S::Format, Policy, Profile, T>(isa_, from, prepared,
                                                                       zero_point, to))
      encode_segment<typename S::Format, Policy, Profile, T>(from, prepared, zero_point, to);
  }

  Isa isa_;
  MatrixView<T const> matrix_;
  QuantTensor<S>& out_;
  index_t tile_cols_;
  std::vector<float> values_;
  std::vector<Code<typename S::Format>> codes_;
};

/// Quantizes the tiles of a Local scheme by their own extremes: its observer was for the tensor.
template <LocalScheme S, Real T, class E>
Result<QuantTensor<S>> quantize_tiles(MatrixView<T const> matrix, typename S::Global global,
                                      E& executor) {
  using Tiles = QuantScheme<typename S::Format, typename S::Granularity, typename S::Policy,
                            Dynamic, typename S::Profile>;
  auto tiles = quantize_with<Tiles, T>(matrix, global, executor);
  if (tiles.status() == Status::nonfinite_weight)
    return Error{Status::nonfinite_activation, tiles.error().message};
  if (!tiles)
    return tiles.error();
  QuantTensor<S> out;
  out.shape = tiles->shape;
  out.row_bytes = tiles->row_bytes;
  out.codes = std::move(tiles->codes);
  out.scale_shape = tiles->scale_shape;
  out.scales = std::move(tiles->scales);
  out.zero_points = std::move(tiles->zero_points);
  out.global = tiles->global;
  return out;
}

}  // namespace detail

/// The parameters that calibration has found. Made by Calibrator<S>::freeze(), or from what a
/// checkpoint stores; they do not change any more.
///
///     Static   scales and zero points of the tiles, and the tensor's part if the policy has one
///     Local    the tensor's part alone; quantize() finds those of the tiles, by their extremes
template <Scheme S>
class Frozen {
  static_assert(detail::demand_calibrated<S>());

 public:
  using Scheme = S;
  using Stored = typename S::Stored;
  using Global = typename S::Global;

  /// Takes over stored parameters, for matrices of this shape (of any number of rows, if the
  /// scheme's tiles span them all).
  ///
  /// Errors: shape_mismatch when there are not as many as the shape has tiles; nonfinite_scale,
  /// scale_zero, scale_negative, zero_point_out_of_range.
  [[nodiscard]] static Result<Frozen> from_stored(Shape shape, std::vector<Stored> scales,
                                                  std::vector<int16_t> zero_points = {},
                                                  Global global = {}) {
    Frozen frozen{shape};
    frozen.scales_ = std::move(scales);
    frozen.zero_points_ = std::move(zero_points);
    frozen.global_ = global;
    if (auto const valid = frozen.validate(); !valid)
      return valid.error();
    return frozen;
  }

  /// The matrix in codes of these parameters. Values beyond the range that was seen saturate, as the
  /// profile encodes them. The result does not depend on the executor.
  ///
  /// Errors: shape_mismatch for other columns than those calibrated (other rows, too, if tiles
  /// depend on them); nonfinite_activation, naming row and column; null_pointer.
  template <Real T, Executor E = qfmt::Serial const>
  [[nodiscard]] Result<QuantTensor<S>> quantize(MatrixView<T const> matrix,
                                                E&& executor = qfmt::Serial{}) const {
    if (auto const usable = detail::usable<S, T>(matrix, {}); !usable)
      return usable.error();
    if (!fits(matrix.shape))
      return Error{Status::shape_mismatch, "got " + text(matrix.shape) + ", expected " + text()};
    if constexpr (LocalScheme<S>) {
      return detail::quantize_tiles<S, T>(matrix, global_, executor);
    } else {
      QuantTensor<S> out{matrix.shape};
      out.global = global_;
      if (matrix.shape.size() == 0)
        return out;
      out.scales = scales_;
      out.zero_points = zero_points_;
      Isa const isa = selected_isa();
      std::atomic<bool> all_finite{true};
      executor.for_each_range(matrix.shape.rows, 64, [&](IndexRange rows) {
        detail::FrozenRowEncoder<S, T> encode{isa, matrix, out};
        for (index_t row = rows.begin; row < rows.end; ++row) {
          if (!encode(row))
            all_finite.store(false, std::memory_order_relaxed);
        }
      });
      if (!all_finite.load())
        return detail::nonfinite<T>(matrix, Status::nonfinite_activation);
      return out;
    }
  }

  /// Rows are 1 where any number of them fits.
  [[nodiscard]] Shape shape() const noexcept { return shape_; }

  // What a checkpoint stores: of a static input the scale (compressed-tensors' input_scale, with one
  // tile) and the zero point; of a local one the tensor's part (input_global_scale, its
  // encode_scale).
  [[nodiscard]] std::vector<Stored> const& scales() const noexcept { return scales_; }
  [[nodiscard]] std::vector<int16_t> const& zero_points() const noexcept { return zero_points_; }
  [[nodiscard]] Global global() const noexcept { return global_; }

  friend bool operator==(Frozen const&, Frozen const&) = default;

 private:
  explicit Frozen(Shape shape) : shape_{AnyRowsScheme<S> ? 1 : shape.rows, shape.cols} {}

  [[nodiscard]] bool fits(Shape matrix) const noexcept {
    return matrix.cols == shape_.cols && (AnyRowsScheme<S> || matrix.rows == shape_.rows);
  }
  [[nodiscard]] static std::string text(Shape shape) {
    return std::to_string(shape.rows) + " x " + std::to_string(shape.cols);
  }
  [[nodiscard]] std::string text() const {
    return AnyRowsScheme<S> ? std::to_string(shape_.cols) + " columns" : text(shape_);
  }

  [[nodiscard]] Result<void> validate() const {
    auto const tiles =
        static_cast<std::size_t>(LocalScheme<S> ? 0 : S::Granularity::scale_shape(shape_).size());
    if (shape_.rows < 0 || shape_.cols < 0 || scales_.size() != tiles ||
        zero_points_.size() != (S::has_zero_point ? tiles : 0))
      return Error{Status::shape_mismatch,
                   "got " + std::to_string(scales_.size()) + " scales and " +
                       std::to_string(zero_points_.size()) + " zero points for " + text()};
    if constexpr (S::has_global) {
      if (Status const status = detail::check_scale(global_.encode_scale); status != Status::ok)
        return Error{status, "tensor scale: got " + std::to_string(global_.encode_scale)};
    }
    for (std::size_t i = 0; i < tiles; ++i) {
      float const scale = S::Policy::effective(scales_[i], global_);
      if (Status const status = detail::check_scale(scale); status != Status::ok)
        return Error{status, "tile " + std::to_string(i) + ": got " + std::to_string(scale)};
      if constexpr (S::has_zero_point) {
        auto const zero_point = static_cast<float>(zero_points_[i]);
        if (zero_point < min_value<typename S::Format>() ||
            zero_point > max_value<typename S::Format>())
          return Error{Status::zero_point_out_of_range,
                       "tile " + std::to_string(i) + ": got " + std::to_string(zero_points_[i])};
      }
    }
    return {};
  }

  Shape shape_;
  std::vector<Stored> scales_;
  std::vector<int16_t> zero_points_;
  [[no_unique_address]] Global global_;
};

}  // namespace qfmt
