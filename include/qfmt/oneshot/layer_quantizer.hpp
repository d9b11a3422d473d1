// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt::oneshot {

/// Where a preset's input activations have parameters that only calibration data can give: the
/// preset closest to it that does without; else null.
template <class Preset>
[[nodiscard]] constexpr char const* data_free_preset() noexcept {
  if constexpr (same_as<typename Preset::InputActivations, void>) {
    return nullptr;
  } else if constexpr (same_as<typename Preset::InputActivations::Timing, Dynamic>) {
    return nullptr;
  } else {
    return Preset::Weights::has_global ? preset::NVFP4A16::name : preset::FP8_DYNAMIC::name;
  }
}

/// A weight as it stands in a checkpoint: F32, BF16 or F16.
struct RawWeight {
  io::Bytes const& bytes;
  io::Dtype dtype;
  Shape shape;
};

/// Calls `visit.template operator()<T>()` with the element type of a dtype; false if it is not
/// Real.
template <class Visitor>
bool visit_real(io::Dtype dtype, Visitor&& visit) {
  switch (dtype) {
    case io::Dtype::F32:
      visit.template operator()<float>();
      return true;
    case io::Dtype::BF16:
      visit.template operator()<Code<BF16>>();
      return true;
    case io::Dtype::F16:
      visit.template operator()<Code<FP16>>();
      return true;
    default:
      return false;
  }
}

/// The largest magnitude of a weight. Errors: nonfinite_weight with row and column.
template <Executor E>
[[nodiscard]] Result<float> weight_amax(RawWeight const& weight, E& executor) {
  Result<float> result = Error{Status::unknown_dtype, std::string{"got "} + name(weight.dtype) +
                                                          ", expected F32, BF16 or F16"};
  visit_real(weight.dtype, [&]<class T>() {
    MatrixView<T const> const matrix{reinterpret_cast<T const*>(weight.bytes.data()), weight.shape};
    float const largest = amax<T>(matrix, executor);
    if (is_finite(largest)) {
      result = largest;
    } else {
      result = qfmt::detail::nonfinite<T>(matrix, Status::nonfinite_weight);
    }
  });
  return result;
}

/// A preset as a value: what a job that goes through a checkpoint needs to know of it. The job
/// itself is then compiled once, not once for each preset.
template <Executor E>
struct LayerQuantizer {
  char const* name;
  char const* data_free;  ///< null, or: calibration data are needed, and this preset does without
  bool has_global;        ///< weights have a scale of the whole tensor, shared by fused layers

  /// Why a weight cannot be stored; empty if it can.
  std::string (*why_not)(Shape shape);
  /// The tensors that a weight of this dtype becomes.
  std::vector<io::LayerTensor> (*tensors)(io::Dtype dtype, Shape shape);
  /// The magnitude that the tensor scale of a weight must leave room for. Errors: nonfinite_weight.
  Result<float> (*reach)(RawWeight const& weight, E& executor);
  /// Their bytes, in that order. `reach` is the largest of all layers that share the tensor scale.
  Result<std::vector<io::Bytes>> (*quantize)(RawWeight const& weight, float reach, E& executor);
  /// What the configuration says of the layers, but for their names.
  io::ConfigGroup (*group)();
};

namespace detail {

// Presets with the same weights share what is compiled for these.

/// Weights W with scales stored in the type of the weights.
template <Scheme W, Real T>
using StoredWeights = with_stored_scale<W, T>;

/// The same, as they are quantized.
template <Scheme W, Profile N, Observer O, Real T>
using QuantizedWeights = with_observer<with_profile<StoredWeights<W, T>, N>, O>;

template <Scheme W, Profile N, Observer O, Executor E>
Result<float> weight_reach(RawWeight const& weight, E& executor) {
  Result<float> result = weight_amax(weight, executor);
  if (!result)
    return result;
  visit_real(weight.dtype, [&]<class T>() {
    MatrixView<T const> const matrix{reinterpret_cast<T const*>(weight.bytes.data()), weight.shape};
    result = scale_reach<QuantizedWeights<W, N, O, T>, T>(matrix, *result, executor);
  });
  return result;
}

template <Scheme W, Profile N, Observer O, Real T, Executor E>
Result<std::vector<io::Bytes>> quantized_bytes(io::CompressedFormat format, RawWeight const& weight,
                                               float reach, E& executor) {
  using Stored = StoredWeights<W, T>;
  using S = QuantizedWeights<W, N, O, T>;
  typename S::Global global{};
  if constexpr (S::has_global)
    global = S::Policy::template fit_global<typename S::Format, N, T>(reach);
  MatrixView<T const> const matrix{reinterpret_cast<T const*>(weight.bytes.data()), weight.shape};
  auto const quantized = quantize_with<S, T>(matrix, global, executor);
  if (!quantized)
    return quantized.error();
  std::vector<io::Bytes> bytes;
  for (io::LayerTensor const& tensor : io::layer_tensors<Stored>(format, weight.shape)) {
    bytes.push_back(io::layer_bytes<Stored>(format, tensor, view_as<Stored>(quantized->view())));
  }
  return bytes;
}

template <Scheme W, Profile N, Observer O, Executor E>
Result<std::vector<io::Bytes>> quantize_weight(io::CompressedFormat format, RawWeight const& weight,
                                               float reach, E& executor) {
  Result<std::vector<io::Bytes>> result =
      Error{Status::unknown_dtype,
            std::string{"got "} + io::name(weight.dtype) + ", expected F32, BF16 or F16"};
  visit_real(weight.dtype, [&]<class T>() {
    result = quantized_bytes<W, N, O, T>(format, weight, reach, executor);
  });
  return result;
}

template <Scheme W>
std::vector<io::LayerTensor> stored_tensors(io::CompressedFormat format, io::Dtype dtype,
                                            Shape shape) {
  std::vector<io::LayerTensor> tensors;
  visit_real(dtype,
             [&]<class T>() { tensors = io::layer_tensors<StoredWeights<W, T>>(format, shape); });
  return tensors;
}

}  // namespace detail

/// The preset's weights under profile N, ready for a job; the layout on disk does not depend on the
/// profile. With another observer than the preset's, the configuration names it.
template <class Preset, Profile N, Executor E,
          Observer O = typename Preset::Weights::Timing::Observer>
[[nodiscard]] constexpr LayerQuantizer<E> layer_quantizer() noexcept {
  using W = typename Preset::Weights;
  LayerQuantizer<E> quantizer{};
  quantizer.name = Preset::name;
  quantizer.data_free = data_free_preset<Preset>();
  quantizer.has_global = W::has_global;
  quantizer.why_not = [](Shape shape) { return io::why_not_storable<W>(shape); };
  quantizer.tensors = [](io::Dtype dtype, Shape shape) {
    return detail::stored_tensors<W>(io::compressed_format<Preset>(), dtype, shape);
  };
  quantizer.reach = [](RawWeight const& weight, E& executor) {
    if constexpr (W::has_global) {
      return detail::weight_reach<W, N, O>(weight, executor);
    } else {
      return weight_amax(weight, executor);
    }
  };
  quantizer.quantize = [](RawWeight const& weight, float reach, E& executor) {
    return detail::quantize_weight<W, N, O>(io::compressed_format<Preset>(), weight, reach,
                                            executor);
  };
  quantizer.group = [] {
    io::ConfigGroup group = io::config_group<Preset>();
    if constexpr (!same_as<O, typename W::Timing::Observer>)
      group.weights->observer = O::name;
    return group;
  };
  return quantizer;
}

}  // namespace qfmt::oneshot
