// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/model_opt.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::ModelOpt;
using profile::ModelOptMx;

namespace {
char const* const file = "modelopt-0.47.txt";
}

TEST_CASE("ModelOpt: NVFP4, with given tensor scales and with its own") {
  Record const record{file};
  CHECK(record.one("package modelopt") == std::vector<std::string>{"0.47.0"});
  check_codes<ModelOpt, E2M1>(record);
  check_decode_direction<ModelOpt>(record);
}

TEST_CASE("ModelOpt: INT8 and FP8 by row, INT4 in groups") {
  Record const record{file};
  auto const compare = [&]<Scheme S>(QuantTensor<S> const& tensor, char const* line) {
    auto const words = record.one(line);
    INFO(line);
    CHECK(code_digest(tensor) == words[0]);
    CHECK(scale_digest(tensor) == words[1]);
  };
  compare(quantize_matrix<QuantScheme<INT8, PerChannel, Symmetric, Static<AbsMax>, ModelOpt>>(),
          "int8_rows");
  compare(quantize_matrix<QuantScheme<INT4, PerGroup<32>, Symmetric, Static<AbsMax>, ModelOpt>>(),
          "int4_groups");
  compare(quantize_matrix<QuantScheme<E4M3, PerChannel, Symmetric, Static<AbsMax>, ModelOpt>>(),
          "fp8_rows");
  auto const other =
      quantize_matrix<QuantScheme<INT8, PerChannel, Symmetric, Static<AbsMax>, profile::Qfmt>>();
  CHECK(code_digest(other) != record.one("int8_rows")[0]);
}

TEST_CASE("ModelOptMx: MXFP4 and MXFP8, and the scale of every BF16 amax") {
  Record const record{file};
  auto const check = [&]<class F>() {
    std::string const scheme = std::string{F::name} + " round_up";
    auto const tensor = quantize_matrix<MxScheme<F, mx::Floor, ModelOptMx>>();
    CHECK_MESSAGE(packed_digest(tensor) == record.one("mx " + scheme)[0], scheme);
    CHECK_MESSAGE(scale_digest(tensor) == record.one("mx " + scheme)[1], scheme);
    CHECK_MESSAGE(
        (mx_scales_digest<ModelOptMx, F, mx::Floor>() == record.one("scales " + scheme).back()),
        scheme);
  };
  check.operator()<E2M1>();
  check.operator()<E4M3>();
  CHECK(packed_digest(quantize_matrix<MxScheme<E2M1, mx::Floor, ModelOpt>>()) !=
        record.one("mx E2M1 round_up")[0]);
}

TEST_CASE("ModelOpt: by hand") {
  CHECK(ModelOpt::encode<E2M1>(-0.0f).bits == 0x0);
  CHECK(ModelOpt::encode<E2M1>(-0.1f).bits == 0x8);
  CHECK(ModelOptMx::encode<E2M1>(0.0f).bits == 0x8);
  CHECK(ModelOptMx::encode<E2M1>(0.75f).bits == 0x1);
  CHECK(ModelOpt::encode<E2M1>(0.75f).bits == 0x2);
  CHECK(ModelOpt::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x38);
  CHECK(ModelOpt::block_scale<E2M1, float>(1e-9f, {1.0f}).bits == 0x01);
  // Halfway between two codes, to the even one: nothing before was rounded.
  CHECK(ModelOpt::block_scale<E2M1, float>(6.375f, {1.0f}).bits == 0x38);
  CHECK(ModelOpt::block_scale<E2M1, float>(7.125f, {1.0f}).bits == 0x3A);
  CHECK(ModelOpt::global_scale<float>(0x1p-149f).encode_scale == 0x1p127f);
  CHECK(ModelOpt::global_scale<float>(672.0f).encode_scale == 4.0f);
  CHECK(ModelOpt::global_scale<float>(0.0f).encode_scale == 1.0f);
  CHECK(ModelOpt::prepare_two_level(2.0f, {8.0f}) == 0.25f);
  CHECK(ModelOpt::global_scale<float>(1.0f).encode_scale > 2687.0f);
}
