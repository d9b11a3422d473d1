// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/erased_scheme.hpp>
#include <qfmt/calibration/modifier.hpp>

namespace qfmt::calibration {

/// Of each input of the model that the schemes ask about: what was seen of it.
class InputStatistics {
 public:
  void watch(std::size_t input, index_t columns, ErasedScheme const& scheme) {
    Seen& seen = seen_[input];
    if (scheme.takes_importance && !seen.importance)
      seen.importance.emplace(static_cast<std::size_t>(columns));
    if (scheme.calibrate_input != nullptr && !seen.calibrators.contains(&scheme))
      seen.calibrators[&scheme] = {scheme.calibrate_input(columns), {}};
  }

  [[nodiscard]] bool empty() const {
    for (auto const& [input, seen] : seen_) {
      if (seen.importance || !seen.calibrators.empty())
        return false;
    }
    return true;
  }

  /// Errors: shape_mismatch; nonfinite_activation, naming row and column.
  Result<void> observe(InputBatch const& batch) {
    auto const found = seen_.find(batch.input);
    if (found == seen_.end() || (!found->second.importance && found->second.calibrators.empty()))
      return {};
    Shape const shape = batch.values.shape;
    if (!batch.kept.empty() && static_cast<index_t>(batch.kept.size()) != shape.rows)
      return Error{Status::shape_mismatch, "got a mask of " + std::to_string(batch.kept.size()) +
                                               " for " + std::to_string(shape.rows) + " tokens"};
    std::vector<float> kept;  // the tokens that count, one behind the other
    for (index_t r = 0; r < shape.rows; ++r) {
      if (!batch.kept.empty() && batch.kept[static_cast<std::size_t>(r)] == 0)
        continue;
      for (index_t c = 0; c < shape.cols; ++c) {
        float const x = batch.values(r, c);
        if (!is_finite(x))
          return Error{Status::nonfinite_activation,
                       "row " + std::to_string(r) + ", column " + std::to_string(c) + ": got " +
                           (is_nan(x) ? "NaN" : "an infinity") + ", expected a finite value"};
        kept.push_back(x);
      }
    }
    auto const columns = static_cast<std::size_t>(shape.cols);
    for (auto& [scheme, calibrated] : found->second.calibrators) {
      auto const rows = static_cast<index_t>(kept.size() / columns);
      if (auto done = calibrated.calibrator->observe({kept.data(), {rows, shape.cols}}); !done)
        return done;
    }
    for (std::size_t at = 0; at < kept.size() && found->second.importance; at += columns)
      found->second.importance->observe(std::span{kept}.subspan(at, columns));
    return {};
  }

  /// Of an input that no token has reached, those of InputCalibrator::unseen.
  ///
  /// Errors: those of Calibrator::freeze.
  Result<InputParameters> parameters(std::size_t input, ErasedScheme const& scheme) {
    if (scheme.calibrate_input == nullptr)
      return InputParameters{};
    Calibrated& calibrated = seen_.at(input).calibrators.at(&scheme);
    if (!calibrated.parameters) {
      auto const frozen = calibrated.calibrator->freeze();
      if (!frozen && frozen.status() != Status::calibration_empty)
        return frozen.error();
      calibrated.parameters = frozen ? *frozen : calibrated.calibrator->unseen();
    }
    return *calibrated.parameters;
  }

  /// Uniform for an input that no token has reached. Errors: those of Importance::from.
  Result<Importance> importance(std::size_t input, ErasedScheme const& scheme) const {
    if (!scheme.takes_importance || seen_.at(input).importance->tokens() == 0)
      return Importance{};
    return Importance::from(seen_.at(input).importance->means());
  }

 private:
  struct Calibrated {
    std::unique_ptr<InputCalibrator> calibrator;
    std::optional<InputParameters> parameters;
  };
  struct Seen {
    std::optional<ColumnImportance> importance;
    std::map<ErasedScheme const*, Calibrated> calibrators;
  };
  std::map<std::size_t, Seen> seen_;
};

}  // namespace qfmt::calibration
