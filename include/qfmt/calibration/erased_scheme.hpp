// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/erased_executor.hpp>
#include <qfmt/calibration/gptq.hpp>
#include <qfmt/calibration/magnitudes.hpp>
#include <qfmt/calibration/model.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/tensor/calibrator.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/presets.hpp>

// The scheme of a layer as a value. Schemes are types; modifiers are not compiled for each of them.

namespace qfmt::calibration {

/// A quantized weight of any scheme. Who knows the scheme gets the tensor by a dynamic_cast to
/// QuantizedWeightOf.
class QuantizedWeight {
 public:
  virtual ~QuantizedWeight() = default;
  /// What the codes mean, (out, in), in binary32.
  [[nodiscard]] virtual Weight values() const = 0;

  // Both from values(), so that they are compiled once and not for each scheme.

  /// Squared errors against the weight that was quantized. Precondition: of the same shape.
  [[nodiscard]] ErrorMetrics errors(Weight const& original) const {
    Weight const read = values();
    return original.visit([&](auto weight) {
      MatrixView<float const> const values = floats_of(read);
      ErrorMetrics metrics;
      for (index_t r = 0; r < values.shape.rows; ++r)
        for (index_t c = 0; c < values.shape.cols; ++c)
          metrics.add(static_cast<double>(to_float(weight(r, c))),
                      static_cast<double>(values(r, c)));
      return metrics;
    });
  }
  /// tr(D H D^T) / 2 for D = original - quantized: half the squared error of the outputs.
  [[nodiscard]] double output_error(Weight const& original, Hessian const& hessian) const {
    Weight const read = values();
    return original.visit([&]<class T>(MatrixView<T const> weight) {
      return qfmt::output_error<T, float>(weight, floats_of(read), hessian);
    });
  }

 private:
  static MatrixView<float const> floats_of(Weight const& weight) {
    return {std::get_if<std::vector<float>>(&weight.values)->data(), weight.shape};
  }
};

template <Scheme S>
class QuantizedWeightOf final : public QuantizedWeight {
 public:
  explicit QuantizedWeightOf(QuantTensor<S> t) : tensor{std::move(t)} {}

  [[nodiscard]] Weight values() const override {
    std::vector<float> values(static_cast<std::size_t>(tensor.shape.size()));
    // The shapes are equal: nothing can fail.
    (void)dequantize<S, float>(tensor.view(), MatrixView<float>{values.data(), tensor.shape});
    return {tensor.shape, std::move(values)};
  }

  QuantTensor<S> tensor;
};

/// A weight that a method has quantized.
struct QuantizedLayer {
  std::shared_ptr<QuantizedWeight const> weight;
  std::vector<int32_t> group_index;  ///< as GptqResult has it
  GptqReport report;
};

/// Static parameters of a layer's input, as checkpoints store them.
struct InputParameters {
  std::optional<float> scale;         ///< of the whole tensor
  std::optional<float> global_scale;  ///< or the tensor's part alone: encode_scale

  friend bool operator==(InputParameters const&, InputParameters const&) = default;
};

/// A Calibrator of any scheme of inputs.
class InputCalibrator {
 public:
  virtual ~InputCalibrator() = default;
  virtual Result<void> observe(MatrixView<float const> tokens) = 0;
  /// Errors: those of Calibrator::freeze. May be called once.
  virtual Result<InputParameters> freeze() = 0;
  /// Of an input that was never seen, such as that of an expert that no token was sent to: 1.
  [[nodiscard]] virtual InputParameters unseen() const = 0;
};

/// How the weight of a layer is quantized, and what its input needs.
struct ErasedScheme {
  char const* name;
  bool has_global;        ///< weights have a scale of the whole tensor
  bool takes_importance;  ///< the search weighs errors by the importance of columns
  FeedbackForm form;      ///< of GPTQ

  /// The magnitude that the tensor scale must leave room for. Errors: nonfinite_weight.
  Result<float> (*reach)(Weight const& weight, Importance const& importance,
                         ErasedExecutor const& executor);
  /// Rounds to nearest. `reach` is the largest of the layers that share a tensor scale.
  Result<QuantizedLayer> (*round)(Weight const& weight, float reach, Importance const& importance,
                                  ErasedExecutor const& executor);
  /// GPTQ, its scales found as `round` finds them.
  Result<QuantizedLayer> (*gptq)(Weight const& weight, float reach, Importance const& importance,
                                 ColumnFeedback const& feedback, GptqOptions const& options,
                                 ErasedExecutor const& executor);
  /// For AWQ. Errors: shape_mismatch.
  Result<void> (*add_magnitude)(WeightMagnitude& magnitude, Weight const& weight);
  /// For inputs with static parameters, of so many columns; null: they need none.
  std::unique_ptr<InputCalibrator> (*calibrate_input)(index_t columns);
};

namespace detail {

template <Scheme X>
class InputCalibratorOf final : public InputCalibrator {
 public:
  explicit InputCalibratorOf(index_t columns) : calibrator_{columns} {}

  Result<void> observe(MatrixView<float const> tokens) override {
    return calibrator_.observe(tokens);
  }
  Result<InputParameters> freeze() override {
    auto const frozen = std::move(calibrator_).freeze();
    if (!frozen)
      return frozen.error();
    if constexpr (X::has_global) {
      return InputParameters{{}, frozen->global().encode_scale};
    } else {
      return InputParameters{to_float(frozen->scales().front()), {}};
    }
  }
  [[nodiscard]] InputParameters unseen() const override {
    return X::has_global ? InputParameters{{}, 1.0f} : InputParameters{1.0f, {}};
  }

 private:
  Calibrator<X> calibrator_;
};

/// W as it is stored in a model of T, and how its codes are found.
template <Scheme W, Real T>
using StoredAs = with_stored_scale<W, T>;
template <Scheme W, Profile N, Observer O, Real T>
using FoundBy = with_observer<with_profile<StoredAs<W, T>, N>, O>;

/// Forgets how the codes were found.
template <Scheme To, Scheme From>
std::shared_ptr<QuantizedWeight const> stored(QuantTensor<From> from) {
  QuantTensor<To> to;
  to.shape = from.shape;
  to.row_bytes = from.row_bytes;
  to.codes = std::move(from.codes);
  to.scale_shape = from.scale_shape;
  to.scales = std::move(from.scales);
  to.zero_points = std::move(from.zero_points);
  to.global = from.global;
  return std::make_shared<QuantizedWeightOf<To>>(std::move(to));
}

template <Scheme S, Real T>
typename S::Global global_for(float reach) {
  if constexpr (S::has_global) {
    return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(reach);
  } else {
    return {};
  }
}

template <Scheme W, Profile N, Observer O>
Result<float> reach(Weight const& weight, Importance const& importance,
                    ErasedExecutor const& executor) {
  return weight.visit([&]<class T>(MatrixView<T const> matrix) -> Result<float> {
    float const largest = amax<T>(matrix, executor);
    if (!is_finite(largest))
      return qfmt::detail::nonfinite<T>(matrix, Status::nonfinite_weight);
    return scale_reach<FoundBy<W, N, O, T>, T>(matrix, largest, executor, importance);
  });
}

template <Scheme W, Profile N, Observer O>
Result<QuantizedLayer> round(Weight const& weight, float reach, Importance const& importance,
                             ErasedExecutor const& executor) {
  return weight.visit([&]<class T>(MatrixView<T const> matrix) -> Result<QuantizedLayer> {
    using S = FoundBy<W, N, O, T>;
    auto quantized = quantize_with<S, T>(matrix, global_for<S, T>(reach), executor, importance);
    if (!quantized)
      return quantized.error();
    return QuantizedLayer{stored<StoredAs<W, T>, S>(*std::move(quantized)), {}, {}};
  });
}

template <Scheme W, Profile N, Observer O>
Result<QuantizedLayer> gptq(Weight const& weight, float reach, Importance const& importance,
                            ColumnFeedback const& feedback, GptqOptions const& options,
                            ErasedExecutor const& executor) {
  return weight.visit([&]<class T>(MatrixView<T const> matrix) -> Result<QuantizedLayer> {
    using S = FoundBy<W, N, O, T>;
    bool const grouped = options.order == ActivationOrder::group &&
                         S::Granularity::tile(matrix.shape).cols < matrix.shape.cols;
    std::vector<T> reordered;
    MatrixView<T const> observed = matrix;
    if (grouped) {
      reordered = permute_columns(matrix, feedback.order());
      observed = {reordered.data(), matrix.shape};
    }
    auto parameters = quantize_with<S, T>(observed, global_for<S, T>(reach), executor, importance);
    if (!parameters)
      return parameters.error();
    auto quantized = gptq_with_feedback<S, T>(matrix, feedback, *std::move(parameters), grouped,
                                              options.scales, executor);
    if (!quantized)
      return quantized.error();
    return QuantizedLayer{stored<StoredAs<W, T>, S>(std::move(quantized->weight)),
                          std::move(quantized->group_index), quantized->report};
  });
}

template <Scheme W, Profile N>
Result<void> add_magnitude(WeightMagnitude& magnitude, Weight const& weight) {
  return weight.visit([&]<class T>(MatrixView<T const> matrix) {
    return magnitude.add<with_profile<StoredAs<W, T>, N>, T>(matrix);
  });
}

template <class X>
constexpr bool is_static_input() noexcept {
  if constexpr (same_as<X, void>) {
    return false;
  } else {
    return !same_as<typename X::Timing, Dynamic>;
  }
}

}  // namespace detail

/// A preset under profile N, with the scales of weights found by O, ready for modifiers. Inputs are
/// observed in binary32, under N too.
template <class Preset, Profile N, Observer O = typename Preset::Weights::Timing::Observer>
[[nodiscard]] constexpr ErasedScheme erased_scheme() noexcept {
  using W = typename Preset::Weights;
  using X = typename Preset::InputActivations;
  ErasedScheme scheme{};
  scheme.name = Preset::name;
  scheme.has_global = W::has_global;
  scheme.takes_importance = derived_from<O, ImatrixMse> || derived_from<O, NVFP4ExpandedImatrix>;
  scheme.form = gptq_form<with_profile<W, N>>;
  scheme.reach = detail::reach<W, N, O>;
  scheme.round = detail::round<W, N, O>;
  scheme.gptq = detail::gptq<W, N, O>;
  scheme.add_magnitude = detail::add_magnitude<W, N>;
  if constexpr (detail::is_static_input<X>()) {
    scheme.calibrate_input = [](index_t columns) -> std::unique_ptr<InputCalibrator> {
      return std::make_unique<detail::InputCalibratorOf<with_profile<X, N>>>(columns);
    };
  }
  return scheme;
}

}  // namespace qfmt::calibration
