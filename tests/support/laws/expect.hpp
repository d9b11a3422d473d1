// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <support/laws/violations.hpp>

namespace qfmt::test {

/// The law holds.
inline void expect_held(Violations const& found) {
  CHECK_MESSAGE(found.held(), found.report());
}

/// The law is violated: what a negative control must show.
inline void expect_violated(Violations const& found) {
  CHECK_MESSAGE(found.count > 0, "not caught: ", found.report());
}

}  // namespace qfmt::test
