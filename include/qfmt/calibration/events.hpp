// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <qfmt/core/config.hpp>

namespace qfmt::calibration {

/// What happens while a model is calibrated, in this order; the one in the middle any number of
/// times.
enum class EventKind : uint8_t {
  calibration_epoch_start,
  sequential_epoch_end,
  calibration_epoch_end
};

[[nodiscard]] constexpr char const* name(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::calibration_epoch_start:
      return "calibration_epoch_start";
    case EventKind::sequential_epoch_end:
      return "sequential_epoch_end";
    case EventKind::calibration_epoch_end:
      return "calibration_epoch_end";
  }
  return "unknown_event";
}

/// The event of that name. llm-compressor has called the first and the last calibration_start and
/// calibration_end since June 2026; both spellings are known.
[[nodiscard]] constexpr std::optional<EventKind> find_event(std::string_view text) noexcept {
  if (text == "calibration_epoch_start" || text == "calibration_start")
    return EventKind::calibration_epoch_start;
  if (text == "sequential_epoch_end")
    return EventKind::sequential_epoch_end;
  if (text == "calibration_epoch_end" || text == "calibration_end")
    return EventKind::calibration_epoch_end;
  return {};
}

struct Event {
  EventKind kind = EventKind::calibration_epoch_start;
  /// Of sequential_epoch_end: the layers whose inputs have all been seen, by their numbers.
  std::span<std::size_t const> layers = {};
};

static_assert(find_event(name(EventKind::sequential_epoch_end)) == EventKind::sequential_epoch_end);

}  // namespace qfmt::calibration
