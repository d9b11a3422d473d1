// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/events.hpp>

using namespace qfmt::calibration;

TEST_CASE("events have the names of llm-compressor, older and current") {
  for (EventKind const kind : {EventKind::calibration_epoch_start, EventKind::sequential_epoch_end,
                               EventKind::calibration_epoch_end})
    CHECK(find_event(name(kind)) == kind);
  CHECK(find_event("calibration_start") == EventKind::calibration_epoch_start);
  CHECK(find_event("calibration_end") == EventKind::calibration_epoch_end);
  CHECK(!find_event("batch_end"));
  CHECK(!find_event(""));
}
