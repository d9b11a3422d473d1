// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/scaling/profiles/transformer_engine.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::TransformerEngine;

namespace {

/// Zeros are positive: of -0 the reference makes code 0, the conversion instruction of the kernels
/// code 8.
std::vector<float> values(float factor) {
  auto all = matrix(factor);
  for (float& x : all) x += 0.0f;
  return all;
}

/// Its four over six finds block scales in another order: (amax / 6) * encode_scale.
struct FourOverSixOrder : TransformerEngine {
  template <FloatFormat F, Real T>
  static constexpr Code<UE4M3> block_scale(float amax, GlobalScale global) noexcept {
    return qfmt::encode<UE4M3>(amax / half_range<F>() * global.encode_scale);
  }
};

template <TileError Error, index_t Rows>
using FourOverSixScheme =
    QuantScheme<E2M1, PerBlock<Rows, 16>, TwoLevel, Static<FourOverSix<Error>>, FourOverSixOrder>;

}  // namespace

TEST_CASE("TransformerEngine: NVFP4 as its reference quantizes it") {
  Record const record{"transformer_engine-d0067d0.txt"};
  for (auto const& line : record.all("nvfp4_amax")) {
    float const factor = float_from_hex(line[0]);
    float const amax = float_from_hex(line[1]);
    auto const global = TwoLevel::fit_global<E2M1, TransformerEngine, float>(amax);
    auto const tensor = quantize_matrix<TwoLevelScheme<TransformerEngine>>(global, values(factor));
    CHECK_MESSAGE(packed_digest(tensor) == line[2], "factor ", factor);
    CHECK_MESSAGE(scale_digest(tensor) == line[3], "factor ", factor);
  }
  // The library's own order of operations rounds some block scales to another code.
  auto const line = record.all("nvfp4_amax").at(1);
  auto const global = TwoLevel::fit_global<E2M1, profile::Qfmt, float>(float_from_hex(line[1]));
  CHECK(scale_digest(quantize_matrix<TwoLevelScheme<profile::Qfmt>>(
            global, values(float_from_hex(line[0])))) != line[3]);
}

TEST_CASE("TransformerEngine: NVFP4 in tiles of 16 x 16") {
  Record const record{"transformer_engine-d0067d0.txt"};
  for (auto const& line : record.all("nvfp4_2d_amax")) {
    float const factor = float_from_hex(line[0]);
    auto const global =
        TwoLevel::fit_global<E2M1, TransformerEngine, float>(float_from_hex(line[1]));
    auto const tensor =
        quantize_matrix<NVFP4_2D<Static<AbsMax>, TransformerEngine>>(global, values(factor));
    CHECK(tensor.scale_shape == Shape{4, 8});
    CHECK_MESSAGE(packed_digest(tensor) == line[2], "factor ", factor);
    CHECK_MESSAGE(scale_digest(tensor) == line[3], "factor ", factor);
  }
}

TEST_CASE("TransformerEngine: four over six") {
  Record const record{"transformer_engine-d0067d0.txt"};
  auto const check = [&]<TileError Error, index_t Rows>(std::string const& start) {
    for (auto const& line : record.all("nvfp4_4over6 " + start)) {
      float const factor = float_from_hex(line[0]);
      index_t const step = std::stoi(line[1]);
      auto const all = values(factor);
      MatrixView<float const> const rows{
          all.data(), {matrix_shape.rows / step, matrix_shape.cols}, step * matrix_shape.cols};
      auto const tensor =
          quantize_with<FourOverSixScheme<Error, Rows>>(rows, {float_from_hex(line[2])});
      REQUIRE(tensor);
      CHECK_MESSAGE(packed_digest(*tensor) == line[3], start, ", factor ", factor);
      CHECK_MESSAGE(scale_digest(*tensor) == line[4], start, ", factor ", factor);
    }
  };
  check.operator()<TileError::magnitudes, 1>("MAE 1");
  check.operator()<TileError::magnitudes, 16>("MAE 16");
  check.operator()<TileError::squares, 1>("MSE 1");
  check.operator()<TileError::squares, 16>("MSE 16");
}

TEST_CASE("TransformerEngine: edges, as its source reads") {
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(TransformerEngine::global_scale<float>(0.0f).encode_scale == 1.0f);
  CHECK(TransformerEngine::prepare(4.0f) == 0.25f);
  CHECK(TransformerEngine::prepare_two_level(2.0f, {8.0f}) == 4.0f);
  CHECK(
      TransformerEngine::global_scale<float>(std::numeric_limits<float>::infinity()).encode_scale ==
      1.0f);
  CHECK(TransformerEngine::global_scale<float>(0x1p-140f).encode_scale == largest);
  CHECK(TransformerEngine::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x00);
  CHECK(TransformerEngine::block_scale<E2M1, float>(largest, {largest}).bits == 0x7E);
  CHECK(TransformerEngine::prepare_two_level(0.0f, {1.0f}) == largest);
  CHECK(TransformerEngine::mx_scale<E4M3, mx::Floor, float>(448.0f).bits == 127);
  CHECK(TransformerEngine::mx_scale<E4M3, mx::Floor, float>(448.1f).bits == 128);
}
