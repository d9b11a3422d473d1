// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/calibrator_laws.hpp>
#include <support/laws/expect.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/percentile.hpp>

// The laws of the lifecycle, over schemes of inputs of every granularity, policy and timing, and over
// sabotaged lifecycles that must not pass.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using BF16Code = Code<BF16>;
using Tensor = QuantScheme<E4M3, PerTensor>;
using Package = profile::CompressedTensors;

using laws::Case;

using Inputs = TypeList<
    // One scale, one for some columns, one for a column, two levels, a local one.
    Case<Tensor, float>,
    Case<QuantScheme<E4M3, PerTensor, SymmetricScale<BF16Code>, Static<MinMax>, Package>, BF16Code>,
    Case<QuantScheme<INT8, PerTensor, Asymmetric, Static<MinMax>>, float>,
    Case<QuantScheme<INT4, Tiling<whole, 7>, Asymmetric, Static<Percentile<9, 10>>>, Code<FP16>>,
    Case<QuantScheme<INT8, Tiling<whole, 1>>, BF16Code>,
    Case<QuantScheme<E2M1, Tiling<whole, 16>, TwoLevel>, float>,
    Case<BlockScheme<NVFP4, Local<AbsMax>>, float>,
    Case<BlockScheme<NVFP4, Local<AbsMax>, Package>, BF16Code>>;

// Negative controls.

/// Keeps what the last batch has shown: the trap of the default observer of other tools.
struct KeepsLast : laws::Lifecycle<Tensor, float> {
  static Frozen<Tensor> calibrate(Batches const& batches) {
    return laws::Lifecycle<Tensor, float>::calibrate({batches.back()});
  }
};

/// Looks at the matrix that it quantizes.
struct Dynamically : laws::Lifecycle<Tensor, float> {
  static QuantTensor<Tensor> quantize(Frozen<Tensor> const& /*frozen*/,
                                      Matrix<float> const& matrix) {
    return *qfmt::quantize<Tensor, float>(matrix.view());
  }
};

/// Calibrates on twice the values.
struct Doubles : laws::Lifecycle<Tensor, float> {
  static Frozen<Tensor> calibrate(Batches batches) {
    for (auto& batch : batches) {
      for (float& x : batch.values) x *= 2;
    }
    return laws::Lifecycle<Tensor, float>::calibrate(batches);
  }
};

/// Forgets the first batch when it merges.
struct MergesTheRest : laws::Lifecycle<Tensor, float> {
  static Frozen<Tensor> calibrate_apart(Batches const& batches) {
    return laws::Lifecycle<Tensor, float>::calibrate_apart({batches.back()});
  }
};

}  // namespace

TEST_CASE("laws of the lifecycle, over the schemes of inputs") {
  Inputs::for_each(
      []<class C>() { laws::check_lifecycle<typename C::Scheme, typename C::Type>(); });
}

TEST_CASE("sabotaged lifecycles violate a law") {
  expect_violated(laws::batches_accumulate<Tensor, float>(KeepsLast{}));
  expect_violated(laws::batches_accumulate<Tensor, float>(MergesTheRest{}));
  expect_violated(laws::frozen_parameters_decide<Tensor, float>(Dynamically{}));
  expect_violated(laws::one_batch_is_quantize<Tensor, float>(Doubles{}));
}
