// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "instruction_sets.hpp"

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("every instruction set gives the same bytes: profile::CompressedTensors") {
  expect_same_bytes(weights<float, profile::CompressedTensors, EachKind>());
}
