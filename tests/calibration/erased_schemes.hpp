// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/erased_scheme.hpp>

namespace qfmt::test {

/// Groups of 32, to fit the test model.
struct W4A16_G32 : preset::Layer<QuantScheme<INT4, PerGroup<32>>> {
  static constexpr char const* name = "W4A16_G32";
};

// Compiled in erased_scheme.cpp alone.
extern calibration::ErasedScheme const w4, nvfp4, nvfp4_imatrix, fp8;

}  // namespace qfmt::test
