// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/input_scaling.hpp>
#include <qfmt/calibration/input_statistics.hpp>

namespace qfmt::calibration {

/// Static scales of the keys and values that attention keeps, in E4M3: one for all keys of a module and
/// one for all values, from the largest magnitude in all batches. Keys are seen as they are kept, after
/// their rotary embedding. Changes nothing in the model. Keys and values of no token get 1.
class KvCacheModifier {
 public:
  static constexpr char const* name = "KvCacheModifier";

  struct Scales {
    std::string module;
    float keys = 1.0f;
    float values = 1.0f;
  };

  /// Errors: unsupported for a model without such caches.
  Result<void> on_initialize(Context const& context) {
    if (context.model.kv_caches().empty())
      return Error{Status::unsupported, "got a model that tells nothing of keys and values"};
    for (KvCache const& cache : context.model.kv_caches()) {
      seen_.try_emplace(cache.keys);
      seen_.try_emplace(cache.values);
    }
    return {};
  }

  /// Errors: nonfinite_activation, with row and column.
  Result<void> on_input(Context const& /*context*/, InputBatch const& batch) {
    auto const found = seen_.find(batch.input);
    if (found == seen_.end())
      return {};
    Shape const shape = batch.values.shape;
    for (index_t r = 0; r < shape.rows; ++r) {
      if (!batch.kept.empty() && batch.kept[static_cast<std::size_t>(r)] == 0)
        continue;
      for (index_t c = 0; c < shape.cols; ++c) {
        if (!is_finite(batch.values(r, c)))
          return Error{Status::nonfinite_activation, "keys or values: row " + std::to_string(r) +
                                                         ", column " + std::to_string(c) +
                                                         ": got a value that is not finite"};
      }
      found->second.observe({batch.values.row(r), static_cast<std::size_t>(shape.cols)});
    }
    return {};
  }

  /// Known after calibration, in the order of the model.
  [[nodiscard]] std::vector<Scales> scales(ModelRef const& model) const {
    std::vector<Scales> all;
    for (KvCache const& cache : model.kv_caches())
      all.push_back({cache.module, scale(cache.keys), scale(cache.values)});
    return all;
  }

 private:
  [[nodiscard]] float scale(std::size_t input) const {
    Range const range = seen_.at(input).range();
    if (!(range.max > 0.0f))
      return 1.0f;
    return to_float(Symmetric::fit<E4M3, profile::CompressedTensors, float>(range).scale);
  }

  std::map<std::size_t, AbsMax> seen_;
};

static_assert(Modifier<KvCacheModifier> && OnInput<KvCacheModifier>);

}  // namespace qfmt::calibration
