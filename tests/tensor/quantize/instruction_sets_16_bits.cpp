// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "instruction_sets.hpp"

// Under profile::Qfmt everything after the widening is binary32 (tensor/x86/real.cpp tests that);
// the profile of the package rounds in the type of the tensor. FP16 differs from BF16 in the rounding
// of quotients alone, once for each policy.

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("every instruction set gives the same bytes: BF16") {
  expect_same_bytes(weights<Code<BF16>, profile::CompressedTensors, EachKind>());
}

TEST_CASE("every instruction set gives the same bytes: FP16") {
  using Some = TypeList<preset::W8A8, preset::W4A16_ASYM, preset::FP8_BLOCK, preset::NVFP4A16,
                        preset::MXFP4A16>;
  expect_same_bytes(weights<Code<FP16>, profile::CompressedTensors, Some>());
}
