// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/observers/imatrix.hpp>
#include <qfmt/oneshot/model_free.hpp>

#include "oneshot/oneshot_models.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;
using test::MlpModel;

namespace qfmt::test {

std::vector<OneshotScheme> const& schemes() {
  using N = profile::CompressedTensors;
  static std::vector<OneshotScheme> const all = [] {
    std::vector<OneshotScheme> const fp4 = nvfp4_schemes();
    return std::vector<OneshotScheme>{oneshot_scheme<W4A16_G32, N>(), fp4[0],
                                      oneshot_scheme<preset::FP8, N>(), fp4[1],
                                      oneshot_scheme<W4A16_G32, N, ImatrixMse>()};
  }();
  return all;
}

}  // namespace qfmt::test

TEST_CASE("schemes of a program: presets, and presets with a search") {
  REQUIRE(test::schemes().size() == 5);
  CHECK(test::schemes()[1].stored.name == std::string{"NVFP4"});
  CHECK(test::schemes()[1].found.has_global);
  CHECK(test::schemes()[1].observer.empty());
  CHECK(test::schemes()[3].observer == "scale_sweep");
  CHECK(test::schemes()[3].stored.group().weights->observer == "scale_sweep");
  CHECK(test::schemes()[2].stored.data_free == std::string{"FP8_DYNAMIC"});
}

TEST_CASE("a weight is stored as the tool stores it, whatever type the model has") {
  // NVFP4A16 has the weights of NVFP4.
  auto const& nvfp4 = test::schemes()[1];
  auto const same = layer_quantizer<preset::NVFP4A16, profile::CompressedTensors, Serial const>();
  std::vector<float> floats;
  std::vector<Code<BF16>> brains;
  for (index_t i = 0; i < 8 * 32; ++i) {
    brains.push_back(encode<BF16>(MlpModel::uniform(9, i)));
    floats.push_back(decode(brains.back()));
  }
  Serial const serial;
  auto const check = [&](calibration::Weight const& weight, io::Dtype dtype, io::Bytes const& raw) {
    auto const reach = nvfp4.found.reach(weight, {}, {});
    REQUIRE(reach);
    auto const rounded = nvfp4.found.round(weight, *reach, {}, {});
    REQUIRE(rounded);
    auto const bytes = nvfp4.bytes(*rounded->weight);
    REQUIRE(bytes);
    auto const expected = same.quantize({raw, dtype, {8, 32}}, *reach, serial);
    REQUIRE(expected);
    CHECK(*bytes == *expected);
    CHECK(bytes->size() == nvfp4.stored.tensors(dtype, {8, 32}).size());
  };
  auto const float_bytes = std::as_bytes(std::span{floats});
  auto const brain_bytes = std::as_bytes(std::span{brains});
  check({{8, 32}, floats}, io::Dtype::F32, {float_bytes.begin(), float_bytes.end()});
  check({{8, 32}, brains}, io::Dtype::BF16, {brain_bytes.begin(), brain_bytes.end()});
}

TEST_CASE("a weight of another scheme is refused") {
  calibration::Weight const weight{{8, 32}, std::vector<float>(256, 1.0f)};
  auto const rounded = test::schemes()[0].found.round(weight, 1.0f, {}, {});
  REQUIRE(rounded);
  CHECK(test::schemes()[0].bytes(*rounded->weight));
  CHECK(test::schemes()[1].bytes(*rounded->weight).status() == Status::unsupported);
}
