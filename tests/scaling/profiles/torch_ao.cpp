// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/torch_ao.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::TorchAO;

namespace {

char const* const file = "torchao-0.18.txt";
using Elements = TypeList<E2M1, E2M3, E3M2, E4M3, E5M2>;
using Rules = TypeList<mx::Floor, mx::Ceil, mx::Even, mx::RoundUp>;

/// Tiles of zeros have scale code 0, where RCEIL multiplies by 1: zeros all the same.
template <ElementFormat F, class Rule>
void check(Record const& record) {
  std::string const scheme = std::string{F::name} + " " + Rule::name;
  auto const tensor = quantize_matrix<MxScheme<F, Rule, TorchAO>>();
  auto const expected = record.one("mx " + scheme);
  CHECK_MESSAGE(((same_as<F, E2M1> ? packed_digest(tensor) : code_digest(tensor)) == expected[0]),
                scheme);
  CHECK_MESSAGE(scale_digest(tensor) == expected[1], scheme);
  CHECK_MESSAGE((mx_scales_digest<TorchAO, F, Rule>() == record.one("scales " + scheme).back()),
                scheme);
  for (auto const& line : record.all("scale " + scheme)) {
    CHECK_MESSAGE(
        (TorchAO::mx_scale<F, Rule, float>(float_from_hex(line[0])).bits == from_hex(line[1])),
        scheme, " ", line[0]);
  }
}

}  // namespace

TEST_CASE("TorchAO: MX tensors and scales, by every rule") {
  Record const record{file};
  CHECK(record.one("package torchao") == std::vector<std::string>{"0.18.0"});
  Elements::for_each(
      [&]<class F>() { Rules::for_each([&]<class Rule>() { check<F, Rule>(record); }); });
  CHECK(mx_scales_digest<TorchAO, E2M1, mx::Floor>() != record.one("scales E2M1 even").back());
}

TEST_CASE("TorchAO: elements of up to 6 bits, NaN included") {
  Record const record{file};
  TypeList<E2M1, E2M3, E3M2>::for_each([&]<class F>() {
    check_codes<TorchAO, F>(record);
    CHECK(codes_digest<profile::Torch, F>(inputs("bf16")) !=
          record.one(std::string{"codes "} + F::name + " bf16").back());
  });
}

TEST_CASE("TorchAO: NVFP4, with given tensor scales and with its own") {
  check_decode_direction<TorchAO>(Record{file});
}

TEST_CASE("TorchAO: INT8 by row") {
  Record const record{file};
  auto const tensor =
      quantize_matrix<QuantScheme<INT8, PerChannel, Symmetric, Static<AbsMax>, TorchAO>>();
  CHECK(code_digest(tensor) == record.one("int8_rows")[0]);
  CHECK(scale_digest(tensor) == record.one("int8_rows")[1]);
  // The smallest scale.
  CHECK(to_float(Symmetric::fit<INT8, TorchAO, float>({-1e-9f, 0.0f}).scale) == 0x1p-23f);
  CHECK(to_float(Symmetric::fit<INT8, TorchAO, float>({0.0f, 0.0f}).scale) == 0x1p-23f);
}

TEST_CASE("TorchAO: by hand") {
  CHECK(TorchAO::encode<E5M2>(std::numeric_limits<float>::infinity()).bits == 0x7B);
  CHECK(TorchAO::encode<E2M1>(std::numeric_limits<float>::quiet_NaN()).bits == 0x3);  // 1.5
  CHECK(TorchAO::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x08);
  // Halfway between two codes, to the even one: nothing before was rounded.
  CHECK(TorchAO::block_scale<E2M1, float>(6.375f, {1.0f}).bits == 0x38);
  CHECK(TorchAO::block_scale<E2M1, float>(7.125f, {1.0f}).bits == 0x3A);
  CHECK(TorchAO::block_scale<E2M1, float>(6 * 0x1.Cp-7f, {1.0f}).bits == 0x08);  // 7 * 2^-9
  CHECK(TorchAO::global_scale<float>(0.0f).encode_scale == 1.0f);
  CHECK(TorchAO::prepare_two_level(2.0f, {8.0f}) == 4.0f);
  CHECK(TorchAO::global_scale<float>(672.0f).encode_scale == 4.0f);
  CHECK(TorchAO::global_scale<float>(1.0f).encode_scale > 2687.0f);
  CHECK(TorchAO::prepare(0x1p-127f) == 0x1p126f);
  CHECK(TorchAO::prepare(0x1.8p-127f) == 0x1p126f);
  CHECK(TorchAO::prepare(0x1p-126f) == 0x1p126f);
  CHECK(TorchAO::prepare(0x1p-125f) == 0x1p125f);
  CHECK(is_finite(TorchAO::global_scale<float>(0x1p-149f).encode_scale));
}
