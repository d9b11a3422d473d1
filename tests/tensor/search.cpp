// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/executors.hpp>
#include <support/laws/expect.hpp>
#include <support/laws/quantize_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/observers/scale_sweep.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/quantize.hpp>

// Searches over whole matrices. The agreement with llm-compressor is in search/llmcompressor.cpp, the
// errors on normally distributed numbers in search/mse.cpp.

using namespace qfmt;
using namespace qfmt::test;
using profile::CompressedTensors;

namespace {

template <Observer O, Profile N = profile::Qfmt>
using Nvfp4 = BlockScheme<NVFP4, Static<O>, N>;

/// The mean squared error over k / 24, 6 x 4.
template <Granularity G, class P>
double ramp_error() {
  using S = QuantScheme<INT8, G, P, Static<MemorylessMse>, CompressedTensors>;
  Matrix<float> ramp{{6, 4}};
  for (std::size_t k = 0; k < 24; ++k) ramp.values[k] = static_cast<float>(k) / 24.0f;
  auto const quantized = quantize<S, float>(ramp.view());
  REQUIRE(quantized);
  return error_metrics<S, float>(ramp.view(), quantized->view()).mse();
}

void is(double found, double published) {
  CHECK(std::fabs(found - published) < 0.5e-4 * published);
}

}  // namespace

TEST_CASE("the errors that llm-compressor's tests expect of its search over a ramp") {
  is(ramp_error<PerTensor, Symmetric>(), 4.8103e-6);
  is(ramp_error<PerTensor, Asymmetric>(), 1.1258e-6);
  is(ramp_error<PerChannel, Symmetric>(), 2.5675e-6);
  is(ramp_error<PerChannel, Asymmetric>(), 2.3696e-7);
  is(ramp_error<PerGroup<2>, Symmetric>(), 3.1282e-6);
  is(ramp_error<PerGroup<2>, Asymmetric>(), 1.3794e-7);
  is(ramp_error<PerBlock<3, 2>, Symmetric>(), 2.8968e-6);
  is(ramp_error<PerBlock<3, 2>, Asymmetric>(), 5.6068e-7);
}

TEST_CASE("patience looks at all tiles of the tensor") {
  // On its own, the first row is done after a few steps. Beside a row that goes on gaining, it finds
  // a better range later.
  using S = QuantScheme<INT4, PerChannel, Symmetric,
                        Static<MseSearch<MseOptions{.steps = 60, .norm = 2.0, .patience = 1}>>>;
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto const both = normal_matrix({2, 24}, 300 + seed);
    MatrixView<float const> const first{both.values.data(), {1, 24}};
    auto const alone = quantize<S, float>(first);
    auto const together = quantize<S, float>(both.view());
    REQUIRE(alone);
    REQUIRE(together);
    if (alone->scales[0] == together->scales[0])
      continue;
    ++changed;
    // The longer search is the better one, since the shorter one is its beginning.
    auto const error = [&](float scale) {
      double sum = 0.0;
      RoundTrip<INT4, Symmetric, profile::Qfmt, float> const round_trip{{scale}, {}};
      for (std::size_t i = 0; i < 24; ++i)
        sum += std::pow(static_cast<double>(round_trip(both.values[i]) - both.values[i]), 2);
      return sum;
    };
    CHECK(error(together->scales[0]) < error(alone->scales[0]));
  }
  CHECK(changed > 0);
}

TEST_CASE("every executor gives the same bytes") {
  using laws::any_quantizer;
  expect_held(laws::executor_independent(any_quantizer<Nvfp4<NVFP4ExpandedMse>, float, true>()));
  expect_held(laws::executor_independent(
      any_quantizer<QuantScheme<INT4, PerBlock<3, 5>, Asymmetric, Static<MemorylessMse>>, float,
                    true>()));
}

TEST_CASE("scale_reach: the largest of all tiles, though most are not searched") {
  using S = Nvfp4<NVFP4ExpandedMse>;
  auto const matrix = normal_matrix({6, 80}, 91);
  float expected = 0.0f;
  for (std::size_t i = 0; i < matrix.values.size(); i += 16) {
    expected = std::fmax(expected, NVFP4ExpandedMse{}.reach<E2M1, TwoLevel, profile::Qfmt, float>(
                                       std::span{matrix.values}.subspan(i, 16), {}));
  }
  float const largest = amax<float>(matrix.view());
  float const reach = scale_reach<S, float>(matrix.view(), largest);
  CHECK(reach == expected);
  CHECK(reach > 0.8f * largest);
  CHECK(scale_reach<S, float>(matrix.view(), largest, Threads{}) == expected);
  CHECK(fit_global<S, float>(matrix.view()).encode_scale == 2688.0f / reach);

  CHECK(scale_reach<Nvfp4<AbsMax>, float>(matrix.view(), largest) == largest);
  CHECK(scale_reach<Nvfp4<FourOverSix<>>, float>(matrix.view(), largest) == 1.75f * largest);
  CHECK(scale_reach<Nvfp4<ScaleSweep<448>>, float>(matrix.view(), largest) == largest);
  CHECK(scale_reach<S, float>(MatrixView<float const>{}, 0.0f) == 0.0f);
}

TEST_CASE("a tile at the edge is searched as if zeros followed") {
  using S = QuantScheme<INT8, PerBlock<4, 4>, Symmetric, Static<MseSearch<>>>;
  auto const small = normal_matrix({6, 7}, 92);
  Matrix<float> large{{8, 8}};
  for (index_t r = 0; r < 6; ++r)
    for (index_t c = 0; c < 7; ++c) large(r, c) = small(r, c);
  auto const a = quantize<S, float>(small.view());
  auto const b = quantize<S, float>(std::as_const(large).view());
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->scales == b->scales);
}

TEST_CASE("importance steers a search to its columns") {
  using S = QuantScheme<INT4, PerChannel, Symmetric, Static<ImatrixMse>>;
  auto const matrix = normal_matrix({8, 64}, 93);
  std::vector<float> columns(64, 0.0f);
  for (std::size_t i = 0; i < 16; ++i) columns[i] = 1.0f;
  auto const importance = Importance::from(columns);
  REQUIRE(importance);
  auto const weighted = quantize<S, float>(matrix.view(), Serial{}, *importance);
  auto const uniform = quantize<S, float>(matrix.view());
  REQUIRE(weighted);
  REQUIRE(uniform);
  auto const error = [&](QuantTensor<S> const& q) {
    double sum = 0.0;
    for (index_t r = 0; r < 8; ++r)
      for (index_t c = 0; c < 16; ++c)
        sum += std::pow(std::fabs(static_cast<double>(q.view()(r, c) - matrix(r, c))), 3);
    return sum;
  };
  CHECK(error(*weighted) < 0.8 * error(*uniform));

  // In groups, each tile takes the weights of its own columns: where those are all zero, the whole
  // range is as good as any.
  using G = QuantScheme<INT4, PerGroup<16>, Symmetric, Static<ImatrixMse>>;
  auto const grouped = quantize<G, float>(matrix.view(), Serial{}, *importance);
  auto const plain = quantize<QuantScheme<INT4, PerGroup<16>>, float>(matrix.view());
  REQUIRE(grouped);
  REQUIRE(plain);
  int shrunk = 0;
  for (std::size_t i = 0; i < grouped->scales.size(); ++i) {
    if (i % 4 == 0)
      shrunk += grouped->scales[i] < plain->scales[i];
    else
      CHECK(grouped->scales[i] == plain->scales[i]);
  }
  CHECK(shrunk > 0);
}

TEST_CASE("importance that does not fit is refused") {
  auto const matrix = normal_matrix({4, 16}, 94);
  auto const importance = Importance::from(std::vector<float>(17, 1.0f));
  REQUIRE(importance);
  auto const wrong_size =
      quantize<Nvfp4<ScaleSweep<>>, float>(matrix.view(), Serial{}, *importance);
  REQUIRE_FALSE(wrong_size);
  CHECK(wrong_size.error().to_string() ==
        "shape_mismatch: got importance of 17 columns for 4 x 16");
  auto const no_search = quantize<Nvfp4<AbsMax>, float>(matrix.view(), Serial{}, *importance);
  REQUIRE_FALSE(no_search);
  CHECK(no_search.error().status == Status::unsupported);
}

TEST_CASE("values that are not finite are refused, whatever the search") {
  auto matrix = normal_matrix({4, 32}, 95);
  matrix(2, 17) = std::numeric_limits<float>::quiet_NaN();
  auto const check = [&]<class S>() {
    auto const result = quantize<S, float>(std::as_const(matrix).view());
    REQUIRE_FALSE(result);
    CHECK(result.error().to_string() ==
          "nonfinite_weight: row 2, column 17: got NaN, expected a finite value; not finite: 1 of "
          "128");
  };
  check.operator()<Nvfp4<ScaleSweep<>>>();
  check.operator()<QuantScheme<INT4, PerGroup<16>, Asymmetric, Static<MemorylessMse>>>();
  matrix(2, 17) = 1.0f;
  CHECK(quantize<Nvfp4<ScaleSweep<>>, float>(std::as_const(matrix).view()));
}

TEST_CASE("NVFP4 in square tiles: a matrix and its transpose get transposed codes and scales") {
  auto const check = [&]<class S>() {
    auto const matrix = normal_matrix({48, 80}, 96);
    Matrix<float> transposed{{80, 48}};
    for (index_t r = 0; r < 48; ++r)
      for (index_t c = 0; c < 80; ++c) transposed(c, r) = matrix(r, c);
    auto const a = quantize<S, float>(matrix.view());
    auto const b = quantize<S, float>(std::as_const(transposed).view());
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->scale_shape == Shape{3, 5});
    CHECK(b->scale_shape == Shape{5, 3});
    CHECK(a->global == b->global);
    int differ = 0;
    for (index_t r = 0; r < 48; ++r) {
      for (index_t c = 0; c < 80; ++c)
        differ += a->view().code(r, c) != b->view().code(c, r) ||
                  a->view().scale(r, c) != b->view().scale(c, r);
    }
    return differ;
  };
  CHECK(check.operator()<NVFP4_2D<>>() == 0);
  CHECK(check.operator()<NVFP4_2D<Static<AbsMax>, CompressedTensors>>() == 0);
  // The order of sums differs, the choices here do not.
  CHECK(check.operator()<NVFP4_2D<Static<FourOverSix<>>>>() == 0);
}

TEST_CASE("NVFP4 in square tiles holds the laws of quantization") {
  auto const tiles = laws::any_quantizer<NVFP4_2D<>>();
  CHECK(tiles.tile_rows == 16);
  CHECK(tiles.tile_cols == 16);
  expect_held(laws::tiles_are_independent(tiles));
  expect_held(laws::scales_with_powers_of_two(tiles));
  expect_held(laws::zeros_and_padding(tiles));
  expect_held(laws::negates_with_its_input(tiles));
  expect_held(laws::error_is_bounded(tiles));
}

TEST_CASE("searched tiles hold them as well, but for the bound of clipping") {
  expect_held(laws::tiles_are_independent(laws::any_quantizer<Nvfp4<ScaleSweep<>>>()));
  expect_held(laws::scales_with_powers_of_two(laws::any_quantizer<Nvfp4<ScaleSweep<>>>()));
  expect_held(laws::zeros_and_padding(laws::any_quantizer<Nvfp4<FourOverSix<>>>()));
  expect_held(laws::negates_with_its_input(laws::any_quantizer<Nvfp4<FourOverSix<>>>()));
}
