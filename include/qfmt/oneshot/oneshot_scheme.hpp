// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/erased_scheme.hpp>
#include <qfmt/oneshot/layer_plan.hpp>

namespace qfmt::oneshot {

/// A scheme that layers can be calibrated under and stored in: what modifiers do, and what becomes
/// of it in a checkpoint.
struct OneshotScheme {
  calibration::ErasedScheme found;
  /// How it is stored. Its weights are quantized by modifiers: `reach` and `quantize` are null.
  LayerQuantizer<Serial const> stored;
  /// Of a search, as recipes name it; empty: the preset's own observer.
  std::string observer;
  /// The bytes of stored.tensors(), in that order. Errors: unsupported for a weight of another
  /// scheme.
  Result<std::vector<io::Bytes>> (*bytes)(calibration::QuantizedWeight const& weight);
};

namespace detail {

template <class Preset>
Result<std::vector<io::Bytes>> stored_bytes(calibration::QuantizedWeight const& weight) {
  Result<std::vector<io::Bytes>> result = Error{
      Status::unsupported, std::string{"got a weight of another scheme, expected "} + Preset::name};
  auto const take = [&]<class T>() {
    using S = StoredWeights<typename Preset::Weights, T>;
    auto const* const typed = dynamic_cast<calibration::QuantizedWeightOf<S> const*>(&weight);
    if (typed == nullptr)
      return;
    auto const format = io::compressed_format<Preset>();
    std::vector<io::Bytes> bytes;
    for (io::LayerTensor const& tensor : io::layer_tensors<S>(format, typed->tensor.shape))
      bytes.push_back(io::layer_bytes<S>(format, tensor, typed->tensor.view()));
    result = std::move(bytes);
  };
  take.template operator()<float>();
  take.template operator()<Code<BF16>>();
  take.template operator()<Code<FP16>>();
  return result;
}

}  // namespace detail

/// A preset under profile N, its weights' scales found by O.
template <class Preset, Profile N, Observer O = typename Preset::Weights::Timing::Observer>
[[nodiscard]] OneshotScheme oneshot_scheme() {
  using W = typename Preset::Weights;
  OneshotScheme scheme{calibration::erased_scheme<Preset, N, O>(), {}, {}, nullptr};
  scheme.stored.name = Preset::name;
  scheme.stored.data_free = data_free_preset<Preset>();
  scheme.stored.has_global = W::has_global;
  scheme.stored.why_not = [](Shape shape) { return io::why_not_storable<W>(shape); };
  scheme.stored.tensors = [](io::Dtype dtype, Shape shape) {
    return detail::stored_tensors<W>(io::compressed_format<Preset>(), dtype, shape);
  };
  scheme.stored.group = [] {
    io::ConfigGroup group = io::config_group<Preset>();
    if constexpr (!same_as<O, typename W::Timing::Observer>)
      group.weights->observer = O::name;
    return group;
  };
  if constexpr (!same_as<O, typename W::Timing::Observer>)
    scheme.observer = O::name;
  scheme.bytes = detail::stored_bytes<Preset>;
  return scheme;
}

/// Presets under profile N, each with its own observer: what a program offers to recipes. Compiled
/// for three types of weights each, so best in a file of its own.
template <class Presets, Profile N>
[[nodiscard]] std::vector<OneshotScheme> oneshot_schemes() {
  std::vector<OneshotScheme> schemes;
  Presets::for_each([&]<class P>() { schemes.push_back(oneshot_scheme<P, N>()); });
  return schemes;
}

}  // namespace qfmt::oneshot
