// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What follows from the two changes of CONTRIBUTING.md: compiled by run.py against headers that
// have them.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>
#include <vector>

#include <qfmt/conformance.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/gemm/reference.hpp>
#include <qfmt/qfmt.hpp>

namespace {

using namespace qfmt;
using namespace qfmt::test;

static_assert(decode(encode<E2M2>(6.5f)) == 6.0f);  // a tie, to the even code
static_assert(decode(encode<E2M2, Up>(6.1f)) == 7.0f);
static_assert(decode(encode<E2M2>(1e9f)) == 7.0f);

TEST_CASE("an added format is in the list") {
  bool found = false;
  FloatFormats::for_each([&]<class F>() { found = found || same_as<F, E2M2>; });
  CHECK(found);
}

TEST_CASE("an added format keeps the laws of formats") {
  using C = Codec<E2M2>;
  expect_held(laws::codes_round_trip<C>());
  expect_held(laws::decode_increases<C>());
  expect_held(laws::encode_takes_a_neighbour<C>());
  expect_held(laws::ties_go_to_even<C>());
  expect_held(laws::saturates<C>());
  expect_held(laws::sign_symmetric<C>());
}

TEST_CASE("an added format has conformance inputs") {
  auto const report = conformance::check<E2M2>([](float x) { return encode<E2M2>(x).bits; });
  CHECK(report.checked > 100);
  CHECK(report.mismatches == 0);
}

TEST_CASE("an added format is packed, quantized and multiplied") {
  constexpr index_t rows = 3;
  constexpr index_t cols = 45;  // a group and a part of one
  std::vector<float> weights(rows * cols);
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(i % 29) / 8.0f - 1.75f;
  auto const w = quantize<QuantScheme<E2M2, PerGroup<32>>, float>({weights.data(), {rows, cols}});
  REQUIRE(w);
  CHECK(w->row_bytes == 40);  // two groups of 32 codes

  std::vector<float> once(rows);
  std::vector<float> again(rows);
  std::vector<float> const x(cols, 1.0f);
  MatrixView<float const> const activations{x.data(), {1, cols}};
  REQUIRE(gemm(activations, w->view(), MatrixView<float>{once.data(), {1, rows}}) == Status::ok);
  REQUIRE(gemm_with(ReferenceGemm{}, activations, w->view(),
                    MatrixView<float>{again.data(), {1, rows}}) == Status::ok);
  CHECK(once == again);
  CHECK(once[0] != 0.0f);
}

}  // namespace
