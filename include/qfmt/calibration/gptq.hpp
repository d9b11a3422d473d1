// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/gptq_rows.hpp>
#include <qfmt/calibration/output_error.hpp>

namespace qfmt {

/// How gptq() goes: the feedback, and whether scales are fitted before the first column or group by
/// group.
struct GptqOptions : FeedbackOptions {
  GroupScales scales = GroupScales::given;
};

/// How the factorisation went, and what rounding cost.
struct GptqReport : FeedbackReport {
  /// Half the sum of ((w - q) V)^2 over the weight: tr(D H D^T) / 2 for D = w - q and the damped H.
  double loss = 0.0;
};

/// A weight that was quantized column by column. With group_index the tensor means something only
/// together with it.
template <Scheme S>
struct GptqResult {
  QuantTensor<S> weight;
  /// Of each column, the column of scales it belongs to; empty where that is column / group size.
  std::vector<int32_t> group_index;
  GptqReport report;
};

/// The form that a profile asks for: CompressedTensors follows that package's steps.
template <Scheme S>
inline constexpr FeedbackForm gptq_form =
    same_as<typename S::Profile, profile::CompressedTensors> ? FeedbackForm::inverse
                                                             : FeedbackForm::direct;

/// GPTQ with a given feedback: the columns in its order, each rounded with what the errors of those
/// before it make of it. `parameters` holds the scales and zero points, and the tensor's part; its
/// codes do not matter. `consecutive_groups` says that its groups are columns that follow each other
/// in the order of the feedback, rather than in the matrix.
///
/// Errors: shape_mismatch; nonfinite_weight; unsupported for updated scales where rows share them or
/// where groups are not consecutive and whole in a block.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<GptqResult<S>> gptq_with_feedback(
    MatrixView<T const> weight, ColumnFeedback const& feedback, QuantTensor<S> parameters,
    bool consecutive_groups = false, GroupScales scales = GroupScales::given,
    E&& executor = Serial{}, Isa isa = selected_isa()) {
  if (auto const usable = detail::usable<S, T>(weight, {}); !usable)
    return usable.error();
  auto const text = [](Shape s) { return std::to_string(s.rows) + " x " + std::to_string(s.cols); };
  if (weight.shape.cols != feedback.columns() || parameters.shape != weight.shape)
    return Error{Status::shape_mismatch, "got a weight of " + text(weight.shape) +
                                             ", parameters for " + text(parameters.shape) +
                                             " and feedback of " +
                                             std::to_string(feedback.columns()) + " columns"};
  if (!is_finite(amax<T>(weight, executor, isa)))
    return detail::nonfinite<T>(weight, Status::nonfinite_weight);
  Shape const tile = S::Granularity::tile(weight.shape);
  bool ordered = true;
  for (index_t p = 0; p < feedback.columns(); ++p) ordered = ordered && feedback.column(p) == p;
  if (scales == GroupScales::updated &&
      (tile.rows != 1 || !(ordered || consecutive_groups) ||
       (tile.cols < weight.shape.cols && feedback.block_size() % tile.cols != 0)))
    return Error{Status::unsupported,
                 "updated scales need groups of one row that are consecutive and whole in a block"};
  // One group for the whole row: its scale is fitted before anything was updated.
  if (tile.cols >= weight.shape.cols)
    scales = GroupScales::given;

  GptqResult<S> result{std::move(parameters), {}, {}};
  static_cast<FeedbackReport&>(result.report) = feedback.report();
  constexpr index_t lanes = detail::GptqRows<S, T>::lanes;
  std::vector<double> losses(static_cast<std::size_t>(ceil_div(weight.shape.rows, lanes)));
  executor.for_each_range(weight.shape.rows, lanes, [&](IndexRange rows) {
    detail::GptqRows<S, T> quantize{weight, feedback,      consecutive_groups && !ordered,
                                    scales, result.weight, isa};
    losses[static_cast<std::size_t>(rows.begin / lanes)] = quantize(rows.begin);
  });
  for (double const loss : losses) result.report.loss += loss / 2.0;
  if (consecutive_groups && !ordered) {
    result.group_index.resize(static_cast<std::size_t>(weight.shape.cols));
    for (index_t p = 0; p < weight.shape.cols; ++p)
      result.group_index[static_cast<std::size_t>(feedback.column(p))] =
          static_cast<int32_t>(p / tile.cols);
  }
  return result;
}

/// The columns of a weight in another order.
template <Real T>
[[nodiscard]] std::vector<T> permute_columns(MatrixView<T const> weight,
                                             std::vector<index_t> const& order) {
  std::vector<T> out(static_cast<std::size_t>(weight.shape.size()));
  for (index_t r = 0; r < weight.shape.rows; ++r) {
    for (std::size_t p = 0; p < order.size(); ++p)
      out[static_cast<std::size_t>(r) * order.size() + p] = weight(r, order[p]);
  }
  return out;
}

/// Quantizes a weight so that the outputs of its layer change least, as its inputs were: GPTQ (Frantar
/// et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
/// arXiv:2210.17323). Scales are fitted to the original weight by the scheme's observer; the
/// tensor's part is that of this weight alone. For other scales see gptq_with_feedback.
///
///     Hessian hessian{weight.shape.cols};
///     for (auto const& batch : batches) (void)hessian.observe<float>(batch);
///     auto const layer = gptq<Scheme, float>(weight, hessian);
///
/// Errors: those of ColumnFeedback::from, quantize and gptq_with_feedback.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<GptqResult<S>> gptq(MatrixView<T const> weight, Hessian const& hessian,
                                         GptqOptions const& options = {}, E&& executor = Serial{},
                                         Isa isa = selected_isa()) {
  auto const feedback = ColumnFeedback::from(hessian, options, gptq_form<S>, executor, isa);
  if (!feedback)
    return feedback.error();
  if (weight.shape.cols != feedback->columns())
    return Error{Status::shape_mismatch, "got a weight of " + std::to_string(weight.shape.cols) +
                                             " columns and inputs of " +
                                             std::to_string(feedback->columns())};
  bool const grouped = options.order == ActivationOrder::group &&
                       S::Granularity::tile(weight.shape).cols < weight.shape.cols;
  std::vector<T> reordered;
  MatrixView<T const> observed = weight;
  if (grouped) {
    reordered = permute_columns(weight, feedback->order());
    observed = {reordered.data(), weight.shape};
  }
  auto parameters = quantize<S, T>(observed, executor, {}, isa);
  if (!parameters)
    return parameters.error().status == Status::nonfinite_weight
               ? detail::nonfinite<T>(weight, Status::nonfinite_weight)
               : parameters.error();
  return gptq_with_feedback<S, T>(weight, *feedback, *std::move(parameters), grouped,
                                  options.scales, executor, isa);
}

}  // namespace qfmt
