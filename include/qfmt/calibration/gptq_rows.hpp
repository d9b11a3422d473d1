// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <numeric>

#include <qfmt/calibration/column_feedback.hpp>
#include <qfmt/calibration/lane_quantizer.hpp>

// The inner part of GPTQ: some rows of a weight, column by column.

namespace qfmt {

/// What the scales of groups are fitted to.
enum class GroupScales : uint8_t {
  given,    ///< as they come: fitted to the original weight, as llm-compressor does
  updated,  ///< to the group as it is when its first column's turn comes, as the GPTQ paper does
};

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
        codes_(static_cast<std::size_t>(weight.shape.cols * lanes)),
        place_of_(static_cast<std::size_t>(weight.shape.cols)) {
    for (index_t p = 0; p < weight.shape.cols; ++p)
      place_of_[static_cast<std::size_t>(feedback.column(p))] = p;
  }

  /// Quantizes rows [first, first + 64), as far as there are any, and returns the sum of their
  /// squared errors ((w - q) V)^2.
  double operator()(index_t first) {
    first_ = first;
    rows_ = (std::min)(lanes, weight_.shape.rows - first);
    read_weight();
    for (index_t g = 0; g < out_.scale_shape.cols; ++g) set_parameters(g);
    losses_.fill(0.0);
    for (index_t b = 0; b < feedback_.blocks(); ++b) do_block(b);
    write_codes();
    return std::accumulate(losses_.begin(), losses_.begin() + rows_, 0.0);
  }

 private:
  [[nodiscard]] float* place(index_t p) noexcept { return numbers_.data() + p * lanes; }
  [[nodiscard]] Code<Format>* codes(index_t p) noexcept {
    return codes_.data() + feedback_.column(p) * lanes;
  }
  [[nodiscard]] index_t group_of(index_t p) const noexcept {
    return (consecutive_groups_ ? p : feedback_.column(p)) / tile_cols_;
  }
  [[nodiscard]] std::size_t tile_index(index_t row, index_t group) const noexcept {
    return static_cast<std::size_t>(
        S::Granularity::scale_index(row, group * tile_cols_, out_.scale_shape.cols));
  }

  // Rows lie a power of two apart where a weight has as many columns, so that numbers above each other
  // push each other out of a cache. What is read or written of memory there is whole lines, each once.

  void read_weight() {
    constexpr index_t line = 16;
    std::array<float, std::size_t{lanes * line}> some{};
    for (index_t begin = 0; begin < weight_.shape.cols; begin += line) {
      index_t const cols = (std::min)(line, weight_.shape.cols - begin);
      for (index_t r = 0; r < rows_; ++r)
        widen(weight_.row(first_ + r) + begin, cols, &some[static_cast<std::size_t>(r * line)]);
      for (index_t c = 0; c < cols; ++c) {
        index_t const p = place_of_[static_cast<std::size_t>(begin + c)];
        for (index_t r = 0; r < lanes; ++r)
          place(p)[r] = feedback_.is_dead(p) ? 0.0f : some[static_cast<std::size_t>(r * line + c)];
      }
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
    quantize_(w, parameters_[static_cast<std::size_t>(group_of(p))], codes(p), read);
    float const diagonal = feedback_.diagonal(p);
    bool const direct = feedback_.form() == FeedbackForm::direct;
    float const* const before = original_.data() + p % feedback_.block_size() * lanes;
    alignas(64) float error[lanes];
    for (index_t r = 0; r < lanes; ++r) {
      error[r] = direct ? (w[r] - read[r]) * diagonal : (w[r] - read[r]) / diagonal;
      w[r] = direct ? before[r] - read[r] : error[r];
    }
    for (std::size_t r = 0; r < std::size_t{lanes}; ++r)
      losses_[r] += static_cast<double>(error[r]) * static_cast<double>(error[r]);
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
      codes(p)[r] = quantize_value<Format, Policy, typename S::Profile, T>(
          round_to<T>(read[r]), with.prepared[i], with.zero_point[i]);
    }
  }

  void write_codes() {
    index_t const cols = weight_.shape.cols;
    std::vector<Code<Format>> rows(static_cast<std::size_t>(rows_ * cols));
    std::array<Code<Format>, std::size_t{lanes * lanes}> some{};
    for (index_t begin = 0; begin < cols; begin += lanes) {
      index_t const count = (std::min)(lanes, cols - begin);
      for (index_t c = 0; c < count; ++c) {
        Code<Format> const* const from = codes_.data() + (begin + c) * lanes;
        for (index_t r = 0; r < lanes; ++r) some[static_cast<std::size_t>(r * lanes + c)] = from[r];
      }
      for (index_t r = 0; r < rows_; ++r)
        std::copy_n(&some[static_cast<std::size_t>(r * lanes)], count,
                    rows.data() + r * cols + begin);
    }
    for (index_t r = 0; r < rows_; ++r)
      pack(rows.data() + r * cols, cols, out_.codes.data() + (first_ + r) * out_.row_bytes,
           out_.row_bytes);
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
  std::array<double, std::size_t{lanes}> losses_{};         // of each row
  std::vector<float> numbers_;                              // (places, 64): weights, then errors
  std::vector<float> original_;                             // of the block, (places, 64)
  std::vector<typename Quantizer::Parameters> parameters_;  // of each column of scales
  std::vector<Code<Format>> codes_;                         // (columns, 64)
  std::vector<index_t> place_of_;                           // of each column
};

}  // namespace detail

}  // namespace qfmt
