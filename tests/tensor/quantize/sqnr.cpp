// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The signal to noise ratio of the schemes on normally distributed numbers, from both sides: a
// result that is better than it can be is as wrong as one that is worse.

#include <cmath>
#include <doctest/doctest.h>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

Matrix<float> const& normal_numbers() {
  static Matrix<float> const matrix = normal_matrix({256, 4096}, 1);
  return matrix;
}

template <class S>
double sqnr() {
  auto const view = normal_numbers().view();
  auto const quantized = quantize<S, float>(view);
  REQUIRE(quantized.ok());
  return error_metrics<S, float>(view, quantized->view()).sqnr_db();
}

/// Measured here, within 0.05 dB; and known from elsewhere (an independent simulation in binary64
/// on 2^22 numbers), within 0.1 dB.
template <class S>
void check(double measured, double known) {
  double const found = sqnr<S>();
  INFO(found << " dB");
  CHECK(std::fabs(found - measured) < 0.05);
  CHECK(std::fabs(found - known) < 0.1);
}

template <class F, class Rule>
using Mx = QuantScheme<F, PerGroup<32>, PowerOfTwo<Rule>>;

}  // namespace

TEST_CASE("SQNR of MX formats") {
  check<Mx<E2M1, mx::Floor>>(18.79, 18.79);
  check<Mx<E2M1, mx::RoundUp>>(18.76, 18.76);
  check<BlockScheme<MXFP4>>(19.03, 19.02);  // Even is the best of the three
  check<Mx<E4M3, mx::Floor>>(30.66, 30.64);
  check<BlockScheme<MXFP8_E4M3>>(31.53, 31.52);
  check<Mx<E5M2, mx::Floor>>(25.36, 25.36);
  check<Mx<E2M3, mx::Floor>>(30.94, 30.94);
  check<Mx<E3M2, mx::Floor>>(25.36, 25.36);
}

TEST_CASE("SQNR of NVFP4") {
  check<BlockScheme<NVFP4>>(20.44, 20.43);
}

TEST_CASE("SQNR of integers and FP8") {
  check<QuantScheme<INT8, PerChannel>>(41.27, 41.22);
  check<QuantScheme<INT4, PerGroup<128>>>(19.11, 19.11);
  check<QuantScheme<INT4, PerGroup<32>>>(20.46, 20.46);
  check<QuantScheme<E4M3, PerChannel>>(31.54, 31.55);
}

TEST_CASE("SQNR of codebooks") {
  check<QuantScheme<NF4, PerGroup<64>>>(20.71, 20.73);
  check<QuantScheme<NF4, PerGroup<32>>>(21.17, 21.17);
  check<Mx<S1M3, mx::Floor>>(17.55, 17.55);  // 1.24 dB below E2M1 under the same rule
}

TEST_CASE("the numbers are normally distributed") {
  double sum = 0.0;
  double squares = 0.0;
  double fourth = 0.0;
  for (float const value : normal_numbers().values) {
    auto const x = static_cast<double>(value);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  auto const n = static_cast<double>(normal_numbers().values.size());
  CHECK(std::fabs(sum / n) < 5.5 / std::sqrt(n));
  CHECK(std::fabs(squares / n - 1) < 5.5 * std::sqrt(2 / n));
  CHECK(std::fabs(fourth / n - 3) < 5.5 * std::sqrt(96 / n));
}
