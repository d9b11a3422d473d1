// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/tensor/calibrated_scheme.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;

namespace {

using Tensor = QuantScheme<INT8, PerTensor>;
using Tokens = QuantScheme<INT8, PerToken, Symmetric, Dynamic>;
using Nvfp4Input = preset::NVFP4::InputActivations;

}  // namespace

TEST_CASE("calibrated_scheme: which schemes have something to calibrate") {
  static_assert(StaticScheme<Tensor> && !LocalScheme<Tensor> && CalibratedScheme<Tensor>);
  static_assert(LocalScheme<Nvfp4Input> && !StaticScheme<Nvfp4Input> &&
                CalibratedScheme<Nvfp4Input>);
  static_assert(!StaticScheme<Tokens> && !LocalScheme<Tokens> && !CalibratedScheme<Tokens>);
  static_assert(!CalibratedScheme<QuantScheme<INT8, PerToken, Symmetric, Local<AbsMax>>>);
  static_assert(!CalibratedScheme<with_observer<Tensor, MseSearch<>>>);
  CHECK(CalibratedScheme<Tensor>);
}

TEST_CASE("calibrated_scheme: which of them fit any number of rows") {
  static_assert(AnyRowsScheme<Tensor> && AnyRowsScheme<QuantScheme<INT8, Tiling<whole, 2>>>);
  static_assert(AnyRowsScheme<Nvfp4Input>);  // the tensor's part does
  static_assert(!AnyRowsScheme<preset::NVFP4::Weights> && !AnyRowsScheme<Tokens>);
  static_assert(!AnyRowsScheme<QuantScheme<INT8, PerChannel>>);
  static_assert(!AnyRowsScheme<QuantScheme<INT8, PerBlock<128, 128>>>);
  CHECK(AnyRowsScheme<Tensor>);
}
