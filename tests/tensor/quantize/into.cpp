// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// quantize_into() gives what quantize_with() gives, whatever its tensor has held, without allocating.

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/int3.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Quantizes matrices of several shapes, one after the other, into a tensor full of rubbish.
template <class S>
void check(typename S::Global global) {
  QuantTensor<S> reused{{40, 100}};
  auto const* const codes = reused.codes.data();
  for (Shape const shape :
       {Shape{40, 100}, Shape{3, 33}, Shape{1, 1}, Shape{0, 7}, Shape{17, 64}}) {
    for (auto& byte : reused.codes) byte = 0xFF;
    for (auto& scale : reused.scales) scale = {};
    for (auto& zero_point : reused.zero_points) zero_point = -1;
    auto const matrix = normal_matrix(shape, 31);
    auto const expected = quantize_with<S, float>(matrix.view(), global);
    REQUIRE(expected.ok());
    REQUIRE(quantize_into<S, float>(matrix.view(), global, reused).ok());
    CHECK(reused == *expected);
    CHECK(reused.codes.data() == codes);  // none of them is larger than the first
  }
}

}  // namespace

TEST_CASE("quantize_into: the bytes of quantize_with, in the memory that is there") {
  check<BlockScheme<NVFP4>>({500.0f});
  check<QuantScheme<INT3, PerGroup<24>, Asymmetric, Static<MinMax>>>({});
}

TEST_CASE("quantize_into: refuses what quantize_with refuses") {
  using S = BlockScheme<NVFP4>;
  auto matrix = normal_matrix({4, 40}, 32);
  QuantTensor<S> out;
  CHECK(quantize_into<S, float>(matrix.view(), {0.0f}, out).status() == Status::scale_zero);
  CHECK(out.codes.empty());  // before anything is written
  matrix(3, 8) = std::numeric_limits<float>::quiet_NaN();
  auto const refused = quantize_into<S, float>(std::as_const(matrix).view(), {1.0f}, out);
  CHECK(refused.status() == Status::nonfinite_weight);
  auto const whole = quantize_with<S, float>(std::as_const(matrix).view(), {1.0f});
  REQUIRE_FALSE(whole.ok());
  CHECK(refused.error().message == whole.error().message);
}
