// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <qfmt/calibration/column_scaling.hpp>
#include <qfmt/calibration/magnitudes.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/quantize.hpp>

// Activation-aware scaling of weights before they are quantized: Lin et al., "AWQ" (arXiv:2306.00978),
// section 3.2, with llm-compressor's statistics and grid. Columns that see large inputs are scaled
// up, so that rounding errs less in them, and their inputs down by as much. How far is searched for,
// by what the layer's parent makes of it.

namespace qfmt {

/// Whether candidates weigh inputs against weights, or look at inputs alone.
enum class DuoScaling : uint8_t { no, yes, both };

/// What awq_search tries.
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

/// What awq_search found: the candidate, its scales (one for each column of the weights, which are
/// multiplied by it, the inputs divided) and its loss.
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
