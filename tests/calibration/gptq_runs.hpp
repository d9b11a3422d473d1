// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <qfmt/calibration/erased_executor.hpp>
#include <qfmt/calibration/gptq.hpp>
#include <qfmt/tensor/presets.hpp>

#include "correlated.hpp"

namespace qfmt::test {

using W4G32 = QuantScheme<INT4, PerGroup<32>>;
using FP4 = preset::NVFP4A16::Weights;

/// Executors are erased, so that each scheme is compiled once.
template <Scheme S, Real T = float>
GptqResult<S> run(Matrix<T> const& weight, Hessian const& hessian, GptqOptions const& options = {},
                  calibration::ErasedExecutor const& executor = {}, Isa isa = selected_isa()) {
  auto result = gptq<S, T>(weight.view(), hessian, options, executor, isa);
  REQUIRE_MESSAGE(result.ok(), (result ? "" : result.error().to_string()));
  return *std::move(result);
}

inline GptqOptions with(ActivationOrder order, GroupScales scales = GroupScales::given) {
  GptqOptions options;
  options.order = order;
  options.scales = scales;
  return options;
}

}  // namespace qfmt::test
