// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The result does not depend on who runs the pieces, in what order, or at the same time.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/quantize_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::any_quantizer;

TEST_CASE("every executor gives the same bytes") {
  expect_held(laws::executor_independent(any_quantizer<BlockScheme<NVFP4>, float, true>()));
  expect_held(laws::executor_independent(
      any_quantizer<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>, float, true>()));
  expect_held(laws::executor_independent(
      any_quantizer<QuantScheme<E4M3, PerBlock<128, 128>>, float, true>()));
  expect_held(
      laws::executor_independent(any_quantizer<QuantScheme<INT8, PerTensor>, Code<BF16>, true>()));
}

TEST_CASE("amax does not depend on the executor, and keeps NaN") {
  auto matrix = normal_matrix({300, 7}, 76);
  auto const all = [&] {
    MatrixView<float const> const view = std::as_const(matrix).view();
    float const serial = amax<float>(view);
    for (int i = 0; i < 5; ++i) {
      float const threads = amax<float>(view, Threads{});
      float const reversed = amax<float>(view, Reversed{});
      CHECK(bit_cast<std::uint32_t>(threads) == bit_cast<std::uint32_t>(serial));
      CHECK(bit_cast<std::uint32_t>(reversed) == bit_cast<std::uint32_t>(serial));
    }
    return serial;
  };
  float expected = 0.0f;
  for (float const x : matrix.values) expected = std::fmax(expected, std::fabs(x));
  CHECK(all() == expected);
  matrix(123, 4) = -1000.0f;
  CHECK(all() == 1000.0f);
  matrix(250, 0) = std::numeric_limits<float>::infinity();
  CHECK(all() == std::numeric_limits<float>::infinity());
  matrix(17, 6) = -std::numeric_limits<float>::quiet_NaN();
  CHECK(is_nan(all()));
  CHECK(amax<float>(MatrixView<float const>{}) == 0.0f);
  Matrix<float> const zeros{{3, 5}, -0.0f};
  CHECK(bit_cast<std::uint32_t>(amax<float>(zeros.view())) == 0u);
}

namespace {

/// Runs a range twice and another one not at all: what executors must not do.
struct Careless {
  template <class Body>
  void for_each_range(index_t count, index_t grain, Body&& body) const {
    Serial{}.for_each_range(count > grain ? grain : count, grain, body);
  }
};

}  // namespace

TEST_CASE("an executor that forgets ranges is noticed") {
  using S = QuantScheme<INT8, PerChannel>;
  auto const matrix = normal_matrix({200, 16}, 77);
  auto const careless = quantize<S, float>(matrix.view(), Careless{});
  auto const serial = quantize<S, float>(matrix.view());
  REQUIRE(careless.ok());
  REQUIRE(serial.ok());
  CHECK_FALSE(*careless == *serial);
}
