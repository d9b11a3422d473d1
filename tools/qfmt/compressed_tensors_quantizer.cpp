// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "quantizers.hpp"

namespace qfmt::tool {

std::optional<oneshot::LayerQuantizer<ThreadPool>> compressed_tensors_quantizer(
    std::string const& preset) {
  std::optional<oneshot::LayerQuantizer<ThreadPool>> quantizer;
  visit_preset<preset::Storable>(preset.c_str(), [&]<class P>() {
    quantizer = oneshot::layer_quantizer<P, profile::CompressedTensors, ThreadPool>();
  });
  return quantizer;
}

}  // namespace qfmt::tool
