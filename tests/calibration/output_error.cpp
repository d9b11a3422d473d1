// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/executors.hpp>

#include <qfmt/calibration/output_error.hpp>
#include <qfmt/formats/int4.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W4G32 = QuantScheme<INT4, PerGroup<32>>;

}  // namespace

TEST_CASE("the error of the outputs, as it is defined") {
  auto const hessian = hessian_of(correlated_inputs(200, 130));
  auto const weight = random_weight({70, 130});
  auto const quantized = quantize<W4G32, float>(weight.view());
  REQUIRE(quantized);
  auto const given = [&] {
    Matrix<float> h{{130, 130}};
    for (index_t i = 0; i < 130; ++i)
      for (index_t j = 0; j < 130; ++j) h(i, j) = hessian(i, j);
    return Hessian::from(h.view(), 200);
  }();
  double expected = 0.0;
  for (index_t r = 0; r < 70; ++r) {
    for (index_t i = 0; i < 130; ++i) {
      for (index_t j = 0; j < 130; ++j) {
        auto const d = [&](index_t c) {
          return static_cast<double>(weight(r, c) - quantized->view()(r, c));
        };
        expected += 0.5 * d(i) * d(j) * static_cast<double>(hessian(i, j));
      }
    }
  }
  double const found = output_error<W4G32, float>(weight.view(), quantized->view(), hessian);
  CHECK(found == doctest::Approx(expected).epsilon(1e-5));
  CHECK(output_error<W4G32, float>(weight.view(), quantized->view(), given) ==
        doctest::Approx(expected).epsilon(1e-5));
  for (int const threads : {1, 2, 5})
    CHECK(output_error<W4G32, float>(weight.view(), quantized->view(), hessian, Threads{threads}) ==
          found);
  CHECK(output_error<W4G32, float>(weight.view(), quantized->view(), hessian, Serial{},
                                   Isa::portable) == found);
}
