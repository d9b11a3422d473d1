// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/modifier.hpp>

namespace qfmt::test {

/// Writes down what it is told: "I" initialize, "<" start, digits the inputs it sees, "[...]" a
/// sequential epoch and its layers, ">" end, "F" finalize.
struct Recorder {
  static constexpr char const* name = "recorder";

  Result<void> on_initialize(calibration::Context const&) { return add("I"); }
  Result<void> on_calibration_start(calibration::Context const&) { return add("<"); }
  Result<void> on_input(calibration::Context const&, calibration::InputBatch const& x) {
    last_values = {x.values.row(0), x.values.row(0) + x.values.shape.cols};
    return add(std::to_string(x.input));
  }
  Result<void> on_sequential_epoch_end(calibration::Context const&, calibration::Layers layers) {
    seen += "[";
    for (std::size_t const i : layers) seen += std::to_string(i);
    return add("]");
  }
  Result<void> on_calibration_end(calibration::Context const&) { return add(">"); }
  Result<void> on_finalize(calibration::Context const&) { return add("F"); }
  [[nodiscard]] bool needs_data() const { return needs; }

  Result<void> add(std::string const& text) {
    seen += text;
    if (text == fails_at)
      return Error{Status::unsupported, "asked to"};
    return {};
  }

  std::string seen;
  std::string fails_at;
  bool needs = true;
  std::vector<float> last_values;
};

static_assert(calibration::Modifier<Recorder>);

}  // namespace qfmt::test
