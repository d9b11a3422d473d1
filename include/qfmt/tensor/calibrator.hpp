// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/frozen.hpp>

namespace qfmt {

/// Watches batches, then freezes what it has seen: the first step of
///
///     Calibrator<S> --observe(batch)*--> --freeze()--> Frozen<S> --quantize(x)--> QuantTensor<S>
///
/// Each step is a type, so another order does not compile. Batches are matrices (tokens, features)
/// of T, the type of the model's tensors: the parameters are fitted as the profile computes with
/// it. To store them in that type as well, take with_stored_scale<S, T> as the scheme.
///
///     Calibrator<S, Code<BF16>> calibrator{features};
///     for (auto const& batch : batches)
///       if (auto const seen = calibrator.observe(batch); !seen) return seen.error();
///     auto const frozen = std::move(calibrator).freeze();
///
/// Statistics accumulate over all batches. A call of observe() is a batch, if it has rows; that and
/// the order of calls matter for a BatchObserver alone. Threads have a calibrator each, and merge.
template <Scheme S, Real T = float>
class Calibrator {
  static_assert(detail::demand_calibrated<S>());

 public:
  using Scheme = S;
  using Global = typename S::Global;

  /// For matrices with this many columns and any number of rows.
  explicit Calibrator(index_t cols) : Calibrator{Shape{1, cols}} {
    static_assert(
        AnyRowsScheme<S> || !CalibratedScheme<S>,
        "the tiles of this scheme do not span all rows: a Calibrator of it needs the whole "
        "shape, Calibrator<S>{Shape{rows, cols}}, and activations with any number of "
        "tokens cannot be static under it");
  }

  /// For matrices of this shape: weights. Rows do not matter if the tiles span them all.
  /// Precondition: no negative size.
  explicit Calibrator(Shape shape)
      : shape_{AnyRowsScheme<S> ? 1 : shape.rows, shape.cols},
        scale_shape_{LocalScheme<S> ? Shape{1, 1} : S::Granularity::scale_shape(shape_)},
        observers_(static_cast<std::size_t>(scale_shape_.size())) {}

  /// Takes a batch.
  ///
  /// Errors, which name the batch: shape_mismatch for other columns; null_pointer; wrong_order after
  /// freeze(). After these the batch has not been seen. nonfinite_activation (nonfinite_weight where
  /// rows are fixed), with row and column: the calibrator will not freeze any more.
  Result<void> observe(MatrixView<T const> batch) {
    if (is_spent())
      return in_batch({Status::wrong_order, "got a batch after freeze()"});
    if (auto const usable = detail::usable<S, T>(batch, {}); !usable)
      return in_batch(usable.error());
    if (batch.shape.cols != shape_.cols || (!AnyRowsScheme<S> && batch.shape.rows != shape_.rows))
      return in_batch({Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                                   std::to_string(batch.shape.cols) +
                                                   ", expected " + expected()});
    if (batch.shape.size() == 0)
      return {};
    if (!is_finite(qfmt::amax<T>(batch))) {
      failure_ = in_batch(detail::nonfinite<T>(
          batch, AnyRowsScheme<S> ? Status::nonfinite_activation : Status::nonfinite_weight));
      return failure_;
    }
    std::vector<float> values(static_cast<std::size_t>(batch.shape.cols));
    for (index_t row = 0; row < batch.shape.rows; ++row) {
      detail::widen(batch.row(row), batch.shape.cols, values.data());
      observe_row(row, values);
    }
    if constexpr (BatchObserver<Observer>) {
      for (Observer& observer : observers_) observer.end_batch();
    }
    ++batches_;
    return {};
  }

  /// As if the batches of `other` had followed. Errors: shape_mismatch; wrong_order.
  Result<void> merge(Calibrator const& other) {
    if (is_spent() || other.is_spent())
      return Error{Status::wrong_order, "merge() after freeze()"};
    if (shape_ != other.shape_)
      return Error{Status::shape_mismatch,
                   "got a calibrator of " + other.expected() + ", expected " + expected()};
    for (std::size_t i = 0; i < observers_.size(); ++i) observers_[i].merge(other.observers_[i]);
    tensor_.merge(other.tensor_);
    batches_ += other.batches_;
    if (failure_.status == Status::ok)
      failure_ = other.failure_;
    return {};
  }

  /// The largest magnitude that the tensor's part of the parameters must leave room for.
  /// Precondition: ready().
  [[nodiscard]] float amax() const {
    return LocalScheme<S> ? observers_.front().range().amax() : tensor_.range().amax();
  }

  /// Why it cannot be frozen: calibration_empty when no value was seen, or what an observe() has
  /// reported; wrong_order when it already was.
  [[nodiscard]] Result<void> ready() const {
    if (is_spent())
      return Error{Status::wrong_order, "frozen before"};
    if (failure_.status != Status::ok)
      return failure_;
    if (batches_ == 0)
      return Error{Status::calibration_empty, "got no values of " + expected()};
    return {};
  }

  /// The parameters of what was seen. The calibrator is spent.
  ///
  /// Errors: those of ready(); nonfinite_scale when the type of the stored scale is too narrow.
  [[nodiscard]] Result<Frozen<S>> freeze() && {
    if (auto const possible = ready(); !possible)
      return possible.error();
    Global global{};
    if constexpr (S::has_global)
      global = global_for(amax());
    return std::move(*this).freeze_with(global);
  }

  /// The same with a given tensor part, that of a group: see fused_global().
  [[nodiscard]] Result<Frozen<S>> freeze(Global shared) && {
    static_assert(S::has_global, "this scheme has no tensor part to share");
    if (auto const possible = ready(); !possible)
      return possible.error();
    return std::move(*this).freeze_with(shared);
  }

  /// The tensor's part for this largest magnitude.
  [[nodiscard]] static Global global_for(float amax) noexcept {
    return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(amax);
  }

 private:
  using Observer = typename S::Timing::Observer;

  void observe_row(index_t row, std::span<float const> values) {
    if constexpr (LocalScheme<S>) {
      observers_.front().observe(values);
    } else {
      auto const tile_cols = static_cast<std::size_t>(S::Granularity::tile(shape_).cols);
      for (std::size_t first = 0; first < values.size(); first += tile_cols) {
        index_t const index =
            S::Granularity::scale_index(row, static_cast<index_t>(first), scale_shape_.cols);
        observers_[static_cast<std::size_t>(index)].observe(
            values.subspan(first, (std::min)(tile_cols, values.size() - first)));
      }
      if constexpr (S::has_global)
        tensor_.observe(values);
    }
  }

  Result<Frozen<S>> freeze_with(Global global) && {
    Calibrator const seen = std::move(*this);
    if constexpr (LocalScheme<S>) {
      return Frozen<S>::from_stored(seen.shape_, {}, {}, global);
    } else {
      std::vector<Range> ranges;
      for (Observer const& observer : seen.observers_) ranges.push_back(observer.range());
      return Frozen<S>::template from_ranges<T>(seen.shape_, ranges, global);
    }
  }

  /// Frozen, or moved from: the observers have gone.
  [[nodiscard]] bool is_spent() const noexcept {
    return observers_.size() != static_cast<std::size_t>(scale_shape_.size());
  }
  [[nodiscard]] std::string expected() const {
    return (AnyRowsScheme<S> ? "" : std::to_string(shape_.rows) + " x ") +
           std::to_string(shape_.cols) + " columns";
  }
  [[nodiscard]] Error in_batch(Error error) const {
    error.message = "batch " + std::to_string(batches_) + ": " + error.message;
    return error;
  }

  Shape shape_;
  Shape scale_shape_;
  std::vector<Observer> observers_;  // scale_shape_; of a Local scheme one
  AbsMax tensor_;
  index_t batches_ = 0;
  Error failure_;
};

/// The tensor's part that fused layers share (q/k/v, gate/up): from their largest magnitude.
///
///     auto const shared = fused_global(q, k, v);
///     if (!shared) return shared.error();
///     auto const frozen_q = std::move(q).freeze(*shared);
///
/// Errors: those of ready(), of the first that is not.
template <Scheme S, Real T, same_as<Calibrator<S, T>>... Others>
[[nodiscard]] Result<typename S::Global> fused_global(Calibrator<S, T> const& first,
                                                      Others const&... others) {
  static_assert(S::has_global, "this scheme has no tensor part to share");
  AbsMax largest;
  for (auto const* const calibrator : {&first, &others...}) {
    if (auto const possible = calibrator->ready(); !possible)
      return possible.error();
    float const amax = calibrator->amax();
    largest.observe({&amax, 1});
  }
  return Calibrator<S, T>::global_for(largest.range().amax());
}

}  // namespace qfmt
