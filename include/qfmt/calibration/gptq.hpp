// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/column_feedback.hpp>
#include <qfmt/calibration/lane_quantizer.hpp>
#include <qfmt/calibration/output_error.hpp>

namespace qfmt {

/// What the scales of groups are fitted to.
enum class GroupScales : uint8_t {
  given,    ///< as they come: fitted to the original weight, as llm-compressor does
  updated,  ///< to the group as it is when its first column's turn comes, as the GPTQ paper does
};

struct GptqOptions : FeedbackOptions {
  GroupScales scales = GroupScales::given;
};

struct GptqReport : FeedbackReport {
  /// Half the sum of ((w - q) V)^2 over the weight: tr(D H D^T) / 2 for D = w - q and the damped H.
  double loss = 0.0;
};

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

namespace detail {

/// GPTQ of 64 rows. All that a row needs of others is the feedback, so the work of a thread is a few
/// rows from their first column to their last, in one buffer that fits its cache.
template <Scheme S, Real T>
class GptqRows {
 public:
  using Format = typename S::Format;
  using Quantizer = LaneQuantizer<S, T>;
  static constexpr index_t lanes = tile_side;

  GptqRows(MatrixView<T const> weight, ColumnFeedback const& feedback, bool consecutive_groups,
           GroupScales scales, QuantTensor<S>& out, Isa isa)
      : weight_{weight},
        feedback_{feedback},
        consecutive_groups_{consecutive_groups},
        scales_{scales},
        out_{out},
        isa_{isa},
        quantize_{isa},
        tile_cols_{S::Granularity::tile(weight.shape).cols},
        numbers_(static_cast<std::size_t>(weight.shape.cols * lanes)),
        original_(static_cast<std::size_t>(feedback.block_size() * lanes)),
        parameters_(static_cast<std::size_t>(out.scale_shape.cols)),
        codes_(static_cast<std::size_t>(weight.shape.cols * lanes)) {}

  /// Quantizes rows [first, first + 64), as far as there are any, and returns the sum of their
  /// squared errors ((w - q) V)^2.
  double operator()(index_t first) {
    first_ = first;
    rows_ = (std::min)(lanes, weight_.shape.rows - first);
    read_weight();
    for (index_t g = 0; g < out_.scale_shape.cols; ++g) set_parameters(g);
    loss_ = 0.0;
    for (index_t b = 0; b < feedback_.blocks(); ++b) do_block(b);
    write_codes();
    return loss_;
  }

 private:
  [[nodiscard]] float* place(index_t p) noexcept { return numbers_.data() + p * lanes; }
  [[nodiscard]] index_t group_of(index_t p) const noexcept {
    return (consecutive_groups_ ? p : feedback_.column(p)) / tile_cols_;
  }
  [[nodiscard]] std::size_t tile_index(index_t row, index_t group) const noexcept {
    return static_cast<std::size_t>(
        S::Granularity::scale_index(row, group * tile_cols_, out_.scale_shape.cols));
  }

  void read_weight() {
    for (index_t p = 0; p < weight_.shape.cols; ++p) {
      index_t const column = feedback_.column(p);
      for (index_t r = 0; r < lanes; ++r)
        place(p)[r] =
            r < rows_ && !feedback_.is_dead(p) ? to_float(weight_(first_ + r, column)) : 0;
    }
  }

  void set_parameters(index_t group) {
    auto& parameters = parameters_[static_cast<std::size_t>(group)];
    for (index_t r = 0; r < lanes; ++r) {
      // Rows that are not there are quantized as the last one is, and dropped.
      std::size_t const i = tile_index(first_ + (std::min)(r, rows_ - 1), group);
      TileParams<typename S::Stored> tile{out_.scales[i]};
      if constexpr (S::has_zero_point)
        tile.zero_point = out_.zero_points[i];
      parameters.set(r, tile, out_.global);
    }
  }

  /// Fits the scales of the group that begins at place p to its columns as they are now.
  void refit(index_t p, index_t group) {
    index_t const cols = (std::min)(tile_cols_, weight_.shape.cols - p);
    std::vector<float> values(static_cast<std::size_t>(cols));
    for (index_t r = 0; r < rows_; ++r) {
      for (index_t c = 0; c < cols; ++c) values[static_cast<std::size_t>(c)] = place(p + c)[r];
      typename S::Timing::Observer observer{};
      observer.observe(values);
      TileParams<typename S::Stored> tile;
      if constexpr (SearchedScheme<S>) {
        tile = observer.template fit<Format, typename S::Policy, typename S::Profile, T>(
            values, {}, out_.global);
      } else {
        tile =
            S::Policy::template fit<Format, typename S::Profile, T>(observer.range(), out_.global);
      }
      std::size_t const i = tile_index(first_ + r, group);
      out_.scales[i] = tile.scale;
      if constexpr (S::has_zero_point)
        out_.zero_points[i] = tile.zero_point;
    }
    set_parameters(group);
  }

  void do_block(index_t b) {
    index_t const begin = feedback_.block_begin(b);
    index_t const cols = feedback_.block_columns(b);
    std::copy_n(place(begin), cols * lanes, original_.data());
    for (index_t from = 0; from < b && feedback_.has_feedback(); ++from) {
      for (index_t c = 0; c < cols; c += product_rows) {
        auto const panel = feedback_.panel(from, b, c / product_rows);
        add_product<true>(isa_, panel.numbers, panel.width, place(feedback_.block_begin(from)),
                          panel.depth, place(begin + c), panel.width);
      }
    }
    index_t refitted = begin;  // until here, columns have seen the errors of all before `seen`
    index_t seen = begin;
    for (index_t p = begin; p < begin + cols; ++p) {
      if (scales_ == GroupScales::updated && p % tile_cols_ == 0) {
        refitted = (std::min)(p + tile_cols_, begin + cols);
        seen = p;
        for (index_t j = p; j < refitted; ++j) hear(b, j, begin, p);
        refit(p, p / tile_cols_);
      }
      hear(b, p, p < refitted ? seen : begin, p);
      do_column(p);
    }
  }

  /// Subtracts from column j what the errors of columns [from, to) of its block make of it.
  void hear(index_t b, index_t j, index_t from, index_t to) {
    if (!feedback_.has_feedback())
      return;
    index_t const begin = feedback_.block_begin(b);
    auto const panel = feedback_.panel(b, b, (j - begin) / product_rows);
    float const* const first =
        panel.numbers + (from - begin) * panel.width + (j - begin) % product_rows;
    subtract_in_order(isa_, place(j), place(from), first, panel.width, to - from);
  }

  /// Quantizes a column and leaves its error in its place.
  void do_column(index_t p) {
    alignas(64) float read[lanes];
    float* const w = place(p);
    quantize_(w, parameters_[static_cast<std::size_t>(group_of(p))], codes_.data() + p * lanes,
              read);
    float const diagonal = feedback_.diagonal(p);
    bool const direct = feedback_.form() == FeedbackForm::direct;
    float const* const before = original_.data() + p % feedback_.block_size() * lanes;
    alignas(64) float error[lanes];
    for (index_t r = 0; r < lanes; ++r) {
      error[r] = direct ? (w[r] - read[r]) * diagonal : (w[r] - read[r]) / diagonal;
      w[r] = direct ? before[r] - read[r] : error[r];
    }
    for (index_t r = 0; r < rows_; ++r)
      loss_ += static_cast<double>(error[r]) * static_cast<double>(error[r]);
    if constexpr (same_as<typename S::Profile, profile::CompressedTensors>)
      store_as_package(p, read);
  }

  /// llm-compressor stores the values that were read back, as T; the codes of a checkpoint are found
  /// again from these.
  void store_as_package(index_t p, float const* read) {
    using Policy = typename S::Policy;
    auto const& with = parameters_[static_cast<std::size_t>(group_of(p))];
    for (index_t r = 0; r < rows_; ++r) {
      auto const i = static_cast<std::size_t>(r);
      codes_[static_cast<std::size_t>(p * lanes + r)] =
          quantize_value<Format, Policy, typename S::Profile, T>(
              round_to<T>(read[r]), with.prepared[i], with.zero_point[i]);
    }
  }

  void write_codes() {
    std::vector<Code<Format>> row(static_cast<std::size_t>(weight_.shape.cols));
    for (index_t r = 0; r < rows_; ++r) {
      for (index_t p = 0; p < weight_.shape.cols; ++p)
        row[static_cast<std::size_t>(feedback_.column(p))] =
            codes_[static_cast<std::size_t>(p * lanes + r)];
      pack(row.data(), weight_.shape.cols, out_.codes.data() + (first_ + r) * out_.row_bytes,
           out_.row_bytes);
    }
  }

  MatrixView<T const> weight_;
  ColumnFeedback const& feedback_;
  bool consecutive_groups_;
  GroupScales scales_;
  QuantTensor<S>& out_;
  Isa isa_;
  Quantizer quantize_;
  index_t tile_cols_;
  index_t first_ = 0;
  index_t rows_ = 0;
  double loss_ = 0.0;
  std::vector<float> numbers_;                              // (places, 64): weights, then errors
  std::vector<float> original_;                             // of the block, (places, 64)
  std::vector<typename Quantizer::Parameters> parameters_;  // of each column of scales
  std::vector<Code<Format>> codes_;                         // (places, 64)
};

}  // namespace detail

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
