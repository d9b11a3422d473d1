// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/calibrator_laws.hpp>

#include <qfmt/formats/all.hpp>

// The laws of the lifecycle, over schemes of weights: their parameters depend on the row.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using laws::Case;
using BF16Code = Code<BF16>;
using Package = profile::CompressedTensors;

using Weights = TypeList<
    Case<QuantScheme<INT8, PerChannel>, float>,
    Case<QuantScheme<INT4, PerGroup<16>, AsymmetricScale<BF16Code>, Static<MinMax>, Package>,
         BF16Code>,
    Case<QuantScheme<E4M3, PerBlock<3, 8>>, float>, Case<BlockScheme<NVFP4>, float>,
    Case<BlockScheme<MXFP4>, float>>;

}  // namespace

TEST_CASE("laws of the lifecycle, over the schemes of weights") {
  Weights::for_each(
      []<class C>() { laws::check_lifecycle<typename C::Scheme, typename C::Type>(); });
}
