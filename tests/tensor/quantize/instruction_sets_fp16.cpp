// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "instruction_sets.hpp"

TEST_CASE("every instruction set gives the same bytes: FP16") {
  using namespace qfmt;
  test::check_presets<Code<FP16>>();
}
