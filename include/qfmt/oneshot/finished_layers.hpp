// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include <qfmt/oneshot/scheme_selection.hpp>

namespace qfmt::oneshot {

/// A quantized layer as it will be stored.
struct StoredLayer {
  std::vector<io::Bytes> bytes;  // of OneshotScheme::stored.tensors()
  calibration::InputParameters input;
  calibration::LayerReport report;
};

/// The layers that are quantized so far, in the order in which they were.
class FinishedLayers {
 public:
  /// Takes those of a modifier that it does not have yet. Errors: those of OneshotScheme::bytes.
  Result<void> take(std::span<calibration::FinishedLayer const> layers,
                    SchemeSelection const& schemes) {
    for (calibration::FinishedLayer const& layer : layers) {
      if (find(layer.report.layer) != nullptr)
        continue;
      auto bytes = schemes.scheme(layer.report.layer).bytes(*layer.quantized.weight);
      if (!bytes)
        return Error{bytes.status(),
                     "layer " + quoted(layer.report.layer) + ": " + bytes.error().message};
      add({*std::move(bytes), layer.input, layer.report});
    }
    return {};
  }

  void add(StoredLayer layer) {
    places_[layer.report.layer] = layers_.size();
    layers_.push_back(std::move(layer));
  }

  /// Null if the model has not come to it.
  [[nodiscard]] StoredLayer const* find(std::string const& module) const {
    auto const found = places_.find(module);
    return found == places_.end() ? nullptr : &layers_[found->second];
  }
  [[nodiscard]] std::vector<StoredLayer> const& layers() const noexcept { return layers_; }

 private:
  std::vector<StoredLayer> layers_;
  std::map<std::string, std::size_t> places_;
};

}  // namespace qfmt::oneshot
