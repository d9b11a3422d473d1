// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>
#include <utility>
#include <vector>

#include <qfmt/tensor/calibrated_scheme.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt {

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

  /// Fits parameters to known ranges, one for each tile, row by row: those of another tool's
  /// calibration, or chosen by hand. T is the type of the model's tensors.
  ///
  /// Errors: shape_mismatch when there are not as many as the shape has tiles; invalid_range for one
  /// with min > max, or with an end that is not finite; nonfinite_scale when the type of the stored
  /// scale is too narrow; those of the tensor's part.
  template <Real T = float>
  [[nodiscard]] static Result<Frozen> from_ranges(Shape shape, std::span<Range const> ranges,
                                                  Global global = {}) {
    static_assert(!LocalScheme<S>, "the tiles of a Local scheme have no frozen ranges");
    std::vector<Stored> scales;
    std::vector<int16_t> zero_points;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      Range const range = ranges[i];
      if (!range.is_finite() || range.min > range.max)
        return Error{Status::invalid_range,
                     "tile " + std::to_string(i) + ": got [" + std::to_string(range.min) + ", " +
                         std::to_string(range.max) + "], expected finite numbers in order"};
      auto const params =
          S::Policy::template fit<typename S::Format, typename S::Profile, T>(range, global);
      scales.push_back(params.scale);
      if constexpr (S::has_zero_point)
        zero_points.push_back(params.zero_point);
    }
    return from_stored(shape, std::move(scales), std::move(zero_points), global);
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
      return quantize_with<S, T>(matrix, global_, executor);
    } else {
      QuantTensor<S> out{matrix.shape};
      out.global = global_;
      if (matrix.shape.size() == 0)
        return out;
      out.scales = scales_;
      out.zero_points = zero_points_;
      Isa const isa = selected_isa();
      auto const parts = detail::parts_of(out);
      std::atomic<bool> all_finite{true};
      executor.for_each_range(matrix.shape.rows, 64, [&](IndexRange rows) {
        if (!detail::encode_rows<typename S::Format, typename S::Policy, typename S::Profile>(
                isa, matrix, parts, rows))
          all_finite.store(false, std::memory_order_relaxed);
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
    if (auto const valid = detail::check_global<S>(global_); !valid)
      return valid;
    for (std::size_t i = 0; i < tiles; ++i) {
      float const scale = S::Policy::effective(scales_[i], global_);
      if (Status const status = detail::check_scale(scale); status != Status::ok)
        return Error{status, "tile " + std::to_string(i) + ": got a scale of " +
                                 std::to_string(scale) + ", expected a finite positive number"};
      if constexpr (S::has_zero_point) {
        auto const zero_point = static_cast<float>(zero_points_[i]);
        if (zero_point < min_value<typename S::Format>() ||
            zero_point > max_value<typename S::Format>())
          return Error{Status::zero_point_out_of_range,
                       "tile " + std::to_string(i) + ": got the zero point " +
                           std::to_string(zero_points_[i]) + ", expected a code of " +
                           S::Format::name};
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
