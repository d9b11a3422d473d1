// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
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

TEST_CASE("TransformerEngine: edges, as its source reads") {
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(TransformerEngine::encode_scale<float>(0.0f) == 1.0f);
  CHECK(TransformerEngine::encode_scale<float>(std::numeric_limits<float>::infinity()) == 1.0f);
  CHECK(TransformerEngine::encode_scale<float>(0x1p-140f) == largest);
  CHECK(TransformerEngine::block_scale<E2M1, float>(0.0f, 1.0f).bits == 0x00);
  CHECK(TransformerEngine::block_scale<E2M1, float>(largest, largest).bits == 0x7E);
  CHECK(TransformerEngine::prepare_two_level(0.0f, 1.0f) == largest);
  CHECK(TransformerEngine::mx_scale<E4M3, mx::Floor, float>(448.0f).bits == 127);
  CHECK(TransformerEngine::mx_scale<E4M3, mx::Floor, float>(448.1f).bits == 128);
}
