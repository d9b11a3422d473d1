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
  /// Their bytes, in that order. `amax` is the largest magnitude of all layers that share the
  /// tensor scale.
  Result<std::vector<io::Bytes>> (*quantize)(RawWeight const& weight, float amax, E& executor);
  /// The object for config.json.
  nlohmann::json (*config)(std::vector<std::string> const& ignore);
};

namespace detail {

/// The scheme whose scales are stored in the type of the weights.
template <class Preset, Real T>
using StoredWeights = with_stored_scale<typename Preset::Weights, T>;

template <class Preset, Profile N, Real T, Executor E>
Result<std::vector<io::Bytes>> quantized_bytes(RawWeight const& weight, float amax, E& executor) {
  using Stored = StoredWeights<Preset, T>;
  using S = with_profile<Stored, N>;
  typename S::Global global{};
  if constexpr (S::has_global)
    global = S::Policy::template fit_global<typename S::Format, N, T>(amax);
  MatrixView<T const> const matrix{reinterpret_cast<T const*>(weight.bytes.data()), weight.shape};
  auto const quantized = quantize_with<S, T>(matrix, global, executor);
  if (!quantized)
    return quantized.error();
  constexpr io::CompressedFormat format = io::compressed_format<Preset>();
  std::vector<io::Bytes> bytes;
  for (io::LayerTensor const& tensor : io::layer_tensors<Stored>(format, weight.shape)) {
    bytes.push_back(io::layer_bytes<Stored>(format, tensor, view_as<Stored>(quantized->view())));
  }
  return bytes;
}

}  // namespace detail

/// The preset's weights under profile N, ready for a job. The layout on disk does not depend on the
/// profile.
template <class Preset, Profile N, Executor E>
[[nodiscard]] constexpr LayerQuantizer<E> layer_quantizer() noexcept {
  return {Preset::name,
          data_free_preset<Preset>(),
          Preset::Weights::has_global,
          [](Shape shape) { return io::why_not_storable<typename Preset::Weights>(shape); },
          [](io::Dtype dtype, Shape shape) {
            std::vector<io::LayerTensor> tensors;
            visit_real(dtype, [&]<class T>() {
              tensors = io::layer_tensors<detail::StoredWeights<Preset, T>>(
                  io::compressed_format<Preset>(), shape);
            });
            return tensors;
          },
          [](RawWeight const& weight, float amax, E& executor) {
            Result<std::vector<io::Bytes>> result =
                Error{Status::unknown_dtype,
                      std::string{"got "} + io::name(weight.dtype) + ", expected F32, BF16 or F16"};
            visit_real(weight.dtype, [&]<class T>() {
              result = detail::quantized_bytes<Preset, N, T>(weight, amax, executor);
            });
            return result;
          },
          [](std::vector<std::string> const& ignore) {
            return io::quantization_config<Preset>(ignore);
          }};
}

}  // namespace qfmt::oneshot
