// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include <qfmt/calibration/column_scaling.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/quantize.hpp>

// Activation-aware scaling of weights before they are quantized: Lin et al., "AWQ" (arXiv:2306.00978),
// section 3.2, with llm-compressor's statistics and grid. Columns that see large inputs are scaled
// up, so that rounding errs less in them, and their inputs down by as much. How far is searched for,
// by what the layer's parent makes of it.

namespace qfmt {

/// The mean magnitude of each input of a layer. Sums in binary64.
class InputMagnitude {
 public:
  explicit InputMagnitude(index_t columns) : sums_(static_cast<std::size_t>(columns)) {}

  /// One batch, (tokens, K); `kept` as in Hessian::observe.
  ///
  /// Errors: shape_mismatch.
  template <Real T>
  Result<void> observe(MatrixView<T const> batch, std::span<uint8_t const> kept = {}) {
    if (batch.shape.cols != static_cast<index_t>(sums_.size()) ||
        (!kept.empty() && static_cast<index_t>(kept.size()) != batch.shape.rows))
      return Error{Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                               std::to_string(batch.shape.cols) +
                                               " and a mask of " + std::to_string(kept.size()) +
                                               ", expected " + std::to_string(sums_.size()) +
                                               " columns"};
    for (index_t r = 0; r < batch.shape.rows; ++r) {
      if (!kept.empty() && kept[static_cast<std::size_t>(r)] == 0)
        continue;
      ++tokens_;
      for (std::size_t c = 0; c < sums_.size(); ++c)
        sums_[c] += std::abs(static_cast<double>(to_float(batch(r, static_cast<index_t>(c)))));
    }
    return {};
  }

  [[nodiscard]] index_t tokens() const noexcept { return tokens_; }
  /// (K), in binary32; zeros before any token.
  [[nodiscard]] std::vector<float> means() const {
    std::vector<float> means;
    for (double const sum : sums_)
      means.push_back(tokens_ == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(tokens_)));
    return means;
  }

 private:
  std::vector<double> sums_;
  index_t tokens_ = 0;
};

/// The mean magnitude of each column of the weights that share an input, relative to the largest
/// value that is quantized together with it (plus 1e-6), each step rounded to the profile's type.
/// Sums in binary64.
class WeightMagnitude {
 public:
  explicit WeightMagnitude(index_t columns) : sums_(static_cast<std::size_t>(columns)) {}

  /// One weight, and the scheme under which it will be quantized.
  ///
  /// Errors: shape_mismatch.
  template <Scheme S, Real T>
  Result<void> add(MatrixView<T const> weight) {
    using Step = typename S::Profile::template Step<T>;
    if (weight.shape.cols != static_cast<index_t>(sums_.size()))
      return Error{Status::shape_mismatch, "got " + std::to_string(weight.shape.cols) +
                                               " columns, expected " +
                                               std::to_string(sums_.size())};
    Shape const tiles = S::Granularity::scale_shape(weight.shape);
    std::vector<float> largest(static_cast<std::size_t>(tiles.size()), 0.0f);
    auto const tile_of = [&](index_t r, index_t c) -> float& {
      return largest[static_cast<std::size_t>(S::Granularity::scale_index(r, c, tiles.cols))];
    };
    for (index_t r = 0; r < weight.shape.rows; ++r)
      for (index_t c = 0; c < weight.shape.cols; ++c)
        tile_of(r, c) = (std::max)(tile_of(r, c), std::abs(to_float(weight(r, c))));
    for (float& x : largest) x = round_to<Step>(x + 1e-6f);
    for (index_t r = 0; r < weight.shape.rows; ++r)
      for (index_t c = 0; c < weight.shape.cols; ++c)
        sums_[static_cast<std::size_t>(c)] +=
            static_cast<double>(round_to<Step>(std::abs(to_float(weight(r, c))) / tile_of(r, c)));
    rows_ += weight.shape.rows;
    return {};
  }

  /// (K); zeros before any weight.
  [[nodiscard]] std::vector<double> means() const {
    std::vector<double> means = sums_;
    for (double& mean : means) mean /= rows_ == 0 ? 1.0 : static_cast<double>(rows_);
    return means;
  }

 private:
  std::vector<double> sums_;
  index_t rows_ = 0;
};

/// Whether candidates weigh inputs against weights, or look at inputs alone.
enum class DuoScaling : uint8_t { no, yes, both };

struct AwqOptions {
  DuoScaling duo_scaling = DuoScaling::yes;
  /// Candidates, at least four.
  int grid = 20;
};

/// x^ratio, or with `duo` x^ratio / w^(1 - ratio).
struct AwqCandidate {
  double ratio = 0.0;
  bool duo = false;
  friend bool operator==(AwqCandidate const&, AwqCandidate const&) = default;
};

/// Ratios from 0 to 1 in equal steps, llm-compressor's. The first is always (0, no duo), which
/// changes nothing.
[[nodiscard]] inline std::vector<AwqCandidate> awq_candidates(AwqOptions const& options) {
  std::vector<AwqCandidate> out;
  int const steps = options.duo_scaling == DuoScaling::both  ? options.grid / 2
                    : options.duo_scaling == DuoScaling::yes ? options.grid - 1
                                                             : options.grid;
  if (options.duo_scaling == DuoScaling::yes)
    out.push_back({0.0, false});
  for (int i = 0; i < steps; ++i) {
    double const ratio = static_cast<double>(i) / static_cast<double>(steps - 1);
    if (options.duo_scaling != DuoScaling::yes)
      out.push_back({ratio, false});
    if (options.duo_scaling != DuoScaling::no)
      out.push_back({ratio, true});
  }
  return out;
}

/// The scales of a candidate, from the mean magnitudes of inputs and weights: at least 1e-4 (and 1e-4
/// added to the divisor), then divided by the square root of largest times smallest; 1 where that is
/// not finite. Without `duo` in binary32, with it in binary64.
[[nodiscard]] inline std::vector<double> awq_scales(std::span<float const> inputs,
                                                    std::span<double const> weights,
                                                    AwqCandidate candidate) {
  auto const steps_in = [&]<class Number>(Number) {
    std::vector<Number> scales;
    for (std::size_t c = 0; c < inputs.size(); ++c) {
      auto const x = static_cast<float>(std::pow(static_cast<double>(inputs[c]), candidate.ratio));
      Number scale = static_cast<Number>(x);
      if (candidate.duo)
        scale /= static_cast<Number>(std::pow(weights[c], 1.0 - candidate.ratio) + 1e-4);
      scales.push_back((std::max)(scale, static_cast<Number>(1e-4)));
    }
    auto const [least, most] = std::minmax_element(scales.begin(), scales.end());
    Number const middle = scales.empty() ? Number{1} : std::sqrt(*most * *least);
    std::vector<double> out;
    for (Number const scale : scales) {
      Number const x = scale / middle;
      out.push_back(is_finite(x) ? static_cast<double>(x) : 1.0);
    }
    return out;
  };
  return candidate.duo ? steps_in(double{}) : steps_in(float{});
}

/// The tensor's part of the parameters for layers that share it (q/k/v, gate/up), as a candidate
/// scales them: from the largest magnitude of weight times scale in all of `weights`.
template <Scheme S, Real T>
[[nodiscard]] typename S::Global awq_shared_global(std::span<MatrixView<T const> const> weights,
                                                   std::span<double const> scales) {
  float largest = 0.0f;
  for (MatrixView<T const> const& weight : weights) {
    for (index_t r = 0; r < weight.shape.rows; ++r) {
      for (std::size_t c = 0; c < scales.size(); ++c) {
        double const x =
            static_cast<double>(to_float(weight(r, static_cast<index_t>(c)))) * scales[c];
        largest = (std::max)(largest, std::abs(round_to<T>(static_cast<float>(x))));
      }
    }
  }
  return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(largest);
}

/// What a candidate makes of a weight, to run the parent with: multiplied by the scales, quantized and
/// read back, divided by the scales; each of the three rounded to T. `shared` is the tensor's part
/// of the parameters where it is not that of this weight alone.
///
/// Errors: those of quantize and multiply_columns; shape_mismatch; `out` is then unspecified.
template <Scheme S, Real T, Executor E = Serial const>
Result<void> awq_weight(MatrixView<T const> weight, std::span<double const> scales,
                        MatrixView<T> out, std::optional<typename S::Global> shared = {},
                        E&& executor = Serial{}) {
  if (out.shape != weight.shape)
    return Error{Status::shape_mismatch, "the output does not fit the weight"};
  for (index_t r = 0; r < weight.shape.rows; ++r)
    std::copy_n(weight.row(r), weight.shape.cols, out.row(r));
  if (auto const scaled = multiply_columns<T>(out, scales, executor); !scaled)
    return scaled;
  auto const quantized =
      shared ? quantize_with<S, T>(out, *shared, executor) : quantize<S, T>(out, executor);
  if (!quantized)
    return quantized.error();
  if (Status const status = dequantize<S, T>(quantized->view(), out, executor);
      status != Status::ok)
    return Error{status, "the output does not fit the weight"};
  executor.for_each_range(out.shape.rows, 16, [&](IndexRange rows) {
    for (index_t r = rows.begin; r < rows.end; ++r) {
      for (index_t c = 0; c < out.shape.cols; ++c)
        out(r, c) = from_float<T>(static_cast<float>(static_cast<double>(to_float(out(r, c))) /
                                                     scales[static_cast<std::size_t>(c)]));
    }
  });
  return {};
}

struct AwqChoice {
  AwqCandidate candidate;
  std::vector<double> scales;
  double loss = 0.0;
  double identity_loss = 0.0;  ///< with all scales 1
  index_t rejected = 0;        ///< candidates whose loss was not finite
};

/// The candidate with the smallest loss; of equal ones the first.
///
/// `loss(scales)` is how far the outputs of the parent, with the weights of awq_weight in place of its
/// own, are from what they should be: a double, for instance their mean squared difference. One that
/// is not finite is rejected. Scales of 1 are always among the candidates.
///
/// Errors: shape_mismatch; calibration_empty for inputs that are all zero; nonfinite_activation,
/// nonfinite_weight for means that are not finite; invalid_argument for a grid below four, and if no
/// loss was finite.
template <class Loss>
[[nodiscard]] Result<AwqChoice> awq_search(std::span<float const> inputs,
                                           std::span<double const> weights,
                                           AwqOptions const& options, Loss&& loss) {
  if (inputs.size() != weights.size() || inputs.empty())
    return Error{Status::shape_mismatch, "got " + std::to_string(inputs.size()) +
                                             " columns of inputs and " +
                                             std::to_string(weights.size()) + " of weights"};
  if (options.grid < 4)
    return Error{Status::invalid_argument,
                 "got a grid of " + std::to_string(options.grid) + ", expected at least 4"};
  bool empty = true;
  for (std::size_t c = 0; c < inputs.size(); ++c) {
    if (!is_finite(inputs[c]) || !is_finite(weights[c]))
      return Error{is_finite(inputs[c]) ? Status::nonfinite_weight : Status::nonfinite_activation,
                   "column " + std::to_string(c) + ": the mean magnitude is not finite"};
    empty = empty && inputs[c] == 0.0f;
  }
  if (empty)
    return Error{Status::calibration_empty, "got no input that is not zero"};

  AwqChoice best;
  bool found = false;
  for (AwqCandidate const candidate : awq_candidates(options)) {
    bool const identity = candidate == AwqCandidate{};
    std::vector<double> scales =
        identity ? std::vector<double>(inputs.size(), 1.0) : awq_scales(inputs, weights, candidate);
    double const of_candidate = loss(std::span<double const>{scales});
    if (identity)
      best.identity_loss = of_candidate;
    if (!is_finite(of_candidate)) {
      ++best.rejected;
      continue;
    }
    if (found && !(of_candidate < best.loss))
      continue;
    found = true;
    best.candidate = candidate;
    best.scales = std::move(scales);
    best.loss = of_candidate;
  }
  if (!found)
    return Error{Status::invalid_argument, "the loss of no candidate is finite"};
  return best;
}

}  // namespace qfmt
