// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/awq.hpp>
#include <qfmt/calibration/input_scaling.hpp>
#include <qfmt/calibration/rtn.hpp>

namespace qfmt::calibration {

/// What AWQ found for an input.
struct AwqReport {
  std::string source;  ///< the module that it comes from
  AwqChoice choice;
};

/// AWQ (calibration/awq.hpp) of the inputs that a model can scale: norms and layers. A transform; a
/// modifier that quantizes by the same schemes follows. An input that no token has reached, or that is
/// always zero, stays as it is.
///
/// The loss of a candidate is the squared error of the outputs of the layers that see the input,
///
///     sum over layers of tr(D H D^T) / 2      D = W - Q(W s) / s
///
/// from the Hessian of the input: equation 4 of the paper for all calibration tokens, at the cost of
/// none of them. llm-compressor replays the parent module, which for o and down is the same and for
/// q, k, v and gate, up looks at what attention and MLP make of it.
class AwqModifier {
 public:
  static constexpr char const* name = "AWQModifier";

  /// The schemes, which somebody else owns, outlive the modifier.
  explicit AwqModifier(SchemeOf scheme_of, AwqOptions const& options = {},
                       InputSelection selection = {})
      : scheme_of_{std::move(scheme_of)}, options_{options}, selection_{std::move(selection)} {}

  /// Errors: nothing_to_do if no input is selected.
  Result<void> on_initialize(Context const& context) {
    for (LinearLayer const& layer : context.model.layers()) {
      if (scheme_of_(layer) != nullptr && selected_source(context.model, layer.input, selection_))
        seen_.try_emplace(layer.input, layer.shape.cols);
    }
    if (seen_.empty())
      return Error{Status::nothing_to_do, "no input of quantized layers that can be scaled"};
    return {};
  }

  /// Errors: nonfinite_activation, with row and column; shape_mismatch.
  Result<void> on_input(Context const& context, InputBatch const& batch) {
    auto const found = seen_.find(batch.input);
    if (found == seen_.end())
      return {};
    Result<void> done = found->second.hessian.observe<float>(batch.values, batch.kept,
                                                             context.executor, batch.sequences);
    if (done)
      done = found->second.magnitude.observe<float>(batch.values, batch.kept);
    return done ? done : in_input(context.model, batch.input, done.error());
  }

  /// Errors: those of awq_search, of schemes and of scale_input; all name a layer.
  Result<void> on_sequential_epoch_end(Context const& context, Layers layers) {
    for (std::size_t const i : layers) {
      std::size_t const input = context.model.layers()[i].input;
      auto const found = seen_.find(input);
      if (found == seen_.end())
        continue;
      if (auto done = scale(context, input, found->second); !done)
        return in_input(context.model, input, done.error());
      seen_.erase(found);
    }
    return {};
  }

  [[nodiscard]] std::vector<AwqReport> const& finished() const noexcept { return finished_; }

 private:
  struct Seen {
    explicit Seen(index_t columns) : magnitude{columns}, hessian{columns} {}
    InputMagnitude magnitude;
    Hessian hessian;
  };

  struct Part {
    ErasedScheme const* scheme;
    std::string fused;  // empty: alone
    Weight weight;
  };

  Result<void> scale(Context const& context, std::size_t input, Seen const& seen) {
    std::vector<Part> parts;
    WeightMagnitude weights{seen.hessian.columns()};
    for (std::size_t const i : layers_of_input(context.model, input)) {
      LinearLayer const& layer = context.model.layers()[i];
      ErasedScheme const* const scheme = scheme_of_(layer);
      if (scheme == nullptr)
        continue;
      auto weight = context.model.weight(i);
      if (!weight)
        return weight.error();
      if (auto added = scheme->add_magnitude(weights, *weight); !added)
        return added;
      parts.push_back({scheme, layer.fused, *std::move(weight)});
    }
    Result<void> failed;
    auto const loss = [&](std::span<double const> scales) {
      auto const of_parts = error_of(context, parts, scales, seen.hessian);
      if (!of_parts && failed)
        failed = of_parts.error();
      return of_parts ? *of_parts : std::numeric_limits<double>::infinity();
    };
    auto choice = awq_search(seen.magnitude.means(), weights.means(), options_, loss);
    if (choice.status() == Status::calibration_empty)
      return {};
    if (!choice)
      return failed ? choice.error() : failed.error();
    InputSource const source = *context.model.source(input);
    if (auto done = scale_input(context, input, source, choice->scales); !done)
      return done;
    finished_.push_back({source.module, *std::move(choice)});
    return {};
  }

  /// The error of all layers with candidate scales.
  static Result<double> error_of(Context const& context, std::vector<Part> const& parts,
                                 std::span<double const> scales, Hessian const& hessian) {
    std::vector<Weight> scaled;
    std::map<std::string, float> shared;
    for (Part const& part : parts) {
      scaled.push_back(part.weight);
      auto done = std::visit(
          [&]<class T>(std::vector<T>& v) {
            return multiply_columns<T>({v.data(), part.weight.shape}, scales, context.executor);
          },
          scaled.back().values);
      if (!done)
        return done.error();
      if (!part.scheme->has_global)
        continue;
      auto const reach = part.scheme->reach(scaled.back(), {}, context.executor);
      if (!reach)
        return reach.error();
      float& largest = shared[part.fused];
      largest = part.fused.empty() ? *reach : (std::max)(largest, *reach);
    }
    double total = 0.0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto const error = error_of(context, parts[i], std::move(scaled[i]), shared[parts[i].fused],
                                  scales, hessian);
      if (!error)
        return error.error();
      total += *error;
    }
    return total;
  }

  /// Quantizes the scaled weight, reads it back and divides it, each step rounded to its type.
  static Result<double> error_of(Context const& context, Part const& part, Weight scaled,
                                 float reach, std::span<double const> scales,
                                 Hessian const& hessian) {
    auto const quantized = part.scheme->round(scaled, reach, {}, context.executor);
    if (!quantized)
      return quantized.error();
    auto const read = std::get<std::vector<float>>(quantized->weight->values().values);
    return part.weight.visit([&]<class T>(MatrixView<T const> original) {
      std::vector<T>& changed = std::get<std::vector<T>>(scaled.values);
      for (std::size_t at = 0; at < changed.size(); ++at) {
        float const x = round_to<T>(read[at]);
        changed[at] =
            from_float<T>(static_cast<float>(static_cast<double>(x) / scales[at % scales.size()]));
      }
      return qfmt::output_error<T, T>(original, MatrixView<T const>{changed.data(), original.shape},
                                      hessian, context.executor);
    });
  }

  SchemeOf scheme_of_;
  AwqOptions options_;
  InputSelection selection_;
  std::map<std::size_t, Seen> seen_;
  std::vector<AwqReport> finished_;
};

static_assert(Modifier<AwqModifier> && OnInput<AwqModifier>);

}  // namespace qfmt::calibration
