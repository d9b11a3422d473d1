// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/observers/scale_sweep.hpp>

#include "quantizers.hpp"

namespace qfmt::tool {
namespace {

using Quantizer = oneshot::LayerQuantizer<ThreadPool>;
using ForTwoLevels = TypeList<MemorylessMse, NVFP4ExpandedMse, FourOverSix<>, ScaleSweep<>>;
using ForOthers = TypeList<MemorylessMse>;

/// Each search is compiled for every preset, profile and type of weights that it is for: NVFP4; and
/// under the tool's default profile also integers and MXFP4. FP8 has little to gain.
template <class Weights, Profile N>
inline constexpr bool is_searched = Weights::has_global ||
                                    (same_as<N, profile::CompressedTensors> &&
                                     (IntegerFormat<typename Weights::Format> ||
                                      same_as<typename Weights::Format, E2M1>));

template <class Preset, Profile N>
std::optional<Quantizer> search_quantizer_of(std::string const& observer) {
  std::optional<Quantizer> quantizer;
  if constexpr (is_searched<typename Preset::Weights, N>) {
    using Searches = std::conditional_t<Preset::Weights::has_global, ForTwoLevels, ForOthers>;
    Searches::for_each([&]<class O>() {
      if (observer == O::name)
        quantizer = oneshot::layer_quantizer<Preset, N, ThreadPool, O>();
    });
  }
  return quantizer;
}

}  // namespace

std::optional<Quantizer> search_quantizer(std::string const& preset, std::string const& profile,
                                          std::string const& observer) {
  std::optional<Quantizer> quantizer;
  visit_preset<preset::Storable>(preset.c_str(), [&]<class P>() {
    quantizer = profile == profile::Qfmt::name
                    ? search_quantizer_of<P, profile::Qfmt>(observer)
                    : search_quantizer_of<P, profile::CompressedTensors>(observer);
  });
  return quantizer;
}

}  // namespace qfmt::tool
