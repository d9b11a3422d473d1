// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The mean squared error of NVFP4 under each search, on normally distributed numbers (Philox, then Box
// and Muller: support/samples.hpp), from both sides: better than can be is as wrong as worse.

#include <cmath>
#include <doctest/doctest.h>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/observers/scale_sweep.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Within 1 % of what was measured here (2^18 numbers: the standard error is 0.3 % or less), and of
/// what is known from elsewhere (6.4 million numbers) where that is given.
template <class S>
void check(double measured, double known = 0.0) {
  static Matrix<float> const normal = normal_matrix({64, 4096}, 1);
  auto const quantized = quantize<S, float>(normal.view());
  REQUIRE(quantized);
  double const found = error_metrics<S, float>(normal.view(), quantized->view()).mse();
  INFO(found);
  CHECK(std::fabs(found - measured) < 0.01 * measured);
  if (known != 0.0)
    CHECK(std::fabs(found - known) < 0.01 * known);
}

template <Observer O>
using Nvfp4 = BlockScheme<NVFP4, Static<O>>;

}  // namespace

TEST_CASE("NVFP4 with scales from the largest magnitude") {
  check<Nvfp4<AbsMax>>(0.00903, 0.00906);
}

TEST_CASE("NVFP4 with four over six") {
  check<Nvfp4<FourOverSix<>>>(0.00754, 0.00757);
  check<Nvfp4<FourOverSix<TileError::squares, 448>>>(0.00755);
  check<Nvfp4<FourOverSix<TileError::magnitudes>>>(0.00777);
  check<Nvfp4<FourOverSix<TileError::largest>>>(0.00797);
}

TEST_CASE("NVFP4 with the best of all block scales") {
  check<Nvfp4<ScaleSweep<>>>(0.00659, 0.00660);
  check<Nvfp4<ScaleSweep<448>>>(0.00659, 0.00660);
}

TEST_CASE("NVFP4 with llm-compressor's searches") {
  check<Nvfp4<MemorylessMse>>(0.00788);
  check<Nvfp4<NVFP4ExpandedMse>>(0.00670);
}

TEST_CASE("NVFP4 in tiles of 16 x 16, where four over six has little to choose") {
  check<NVFP4_2D<>>(0.01234);
  check<NVFP4_2D<Static<FourOverSix<>>>>(0.01235);
  check<NVFP4_2D<Static<ScaleSweep<>>>>(0.01133);
}
