// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/ggml.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::Ggml;
using profile::GgmlInteger;

namespace {

char const* const file = "ggml-d99724f.txt";

template <Profile P>
std::string block_scales(std::vector<std::uint32_t> const& low) {
  Digest digest;
  for (std::uint32_t const l : low) {
    for (std::uint32_t high = 0; high < 0x7F80; ++high)
      digest.add(
          P::template block_scale<E2M1, float>(std::bit_cast<float>(high << 16 | l), {1.0f}).bits);
  }
  return digest.hex();
}

}  // namespace

TEST_CASE("Ggml: MXFP4, and the scale of every BF16 amax from 2^-124 on") {
  Record const record{file};
  auto const tensor = quantize_matrix<MxScheme<E2M1, mx::Even, Ggml>>();
  CHECK(code_digest(tensor) == record.one("mx E2M1 floor")[0]);
  CHECK(scale_digest(tensor) == record.one("mx E2M1 floor")[1]);
  CHECK(mx_scales_digest<Ggml, E2M1, mx::Even>(0x180) == record.one("scales E2M1 floor").back());
  CHECK(code_digest(quantize_matrix<MxScheme<E2M1, mx::Floor, profile::Qfmt>>()) !=
        record.one("mx E2M1 floor")[0]);
}

TEST_CASE("Ggml: NVFP4, and the block scale of every BF16 amax and its neighbours") {
  Record const record{file};
  auto const tensor = quantize_matrix<TwoLevelScheme<Ggml>>();
  CHECK(code_digest(tensor) == record.one("nvfp4 3F800000")[0]);
  CHECK(scale_digest(tensor) == record.one("nvfp4 3F800000")[1]);
  CHECK(block_scales<Ggml>({0}) == record.one("scales nvfp4").back());
  CHECK(block_scales<Ggml>({1, 0xFFFF}) == record.one("scales nvfp4_beside").back());
  CHECK(block_scales<profile::Qfmt>({0}) != record.one("scales nvfp4").back());
}

TEST_CASE("GgmlInteger: the codes of Q8_0") {
  Record const record{file};
  using S = QuantScheme<INT8, PerGroup<32>, Symmetric, Static<AbsMax>, GgmlInteger>;
  auto const tensor = quantize_matrix<S>();
  auto const expected = record.one("int8_groups");
  CHECK(code_digest(tensor) == expected[0]);
  // ggml stores the scale as FP16, rounded to nearest even; that of a block of zeros is 0.
  Digest scales;
  auto const values = matrix();
  for (std::size_t i = 0; i < tensor.scales.size(); ++i) {
    bool const zeros = std::all_of(values.begin() + static_cast<std::ptrdiff_t>(32 * i),
                                   values.begin() + static_cast<std::ptrdiff_t>(32 * i + 32),
                                   [](float x) { return x == 0.0f; });
    std::uint16_t const bits =
        zeros ? std::uint16_t{0} : from_float<Code<FP16>>(to_float(tensor.scales[i])).bits;
    scales.add(static_cast<std::uint8_t>(bits & 0xFF));
    scales.add(static_cast<std::uint8_t>(bits >> 8));
  }
  CHECK(scales.hex() == expected[1]);
}

TEST_CASE("Ggml: by hand") {
  CHECK(Ggml::encode<E2M1>(0.75f).bits == 0x1);
  CHECK(Ggml::encode<E2M1>(-0.2f).bits == 0x0);
  CHECK(Ggml::encode<E2M1>(std::numeric_limits<float>::infinity()).bits == 0x0);
  CHECK(Ggml::block_scale<E2M1, float>(6 * 300.0f, {1.0f}).bits == 0x7E);
  CHECK(Ggml::block_scale<E2M1, float>(6 * 247.0f, {1.0f}).bits == 0x77);
  CHECK(Ggml::block_scale<E2M1, float>(6 * 0x1.Ep-7f, {1.0f}).bits == 0x07);  // 7.5 * 2^-9
  CHECK(Ggml::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x00);
  CHECK(Ggml::block_scale<E2M1, float>(std::numeric_limits<float>::quiet_NaN(), {1.0f}).bits ==
        0x00);
  CHECK(Ggml::global_scale<float>(5.0f).encode_scale == 1.0f);
  CHECK(GgmlInteger::prepare(4.0f) == 0.25f);
  // Ties of integers go away from zero; other codes are Ggml's.
  CHECK(INT8::to_int(GgmlInteger::encode<INT8>(2.5f).bits) == 3);
  CHECK(INT8::to_int(GgmlInteger::encode<INT8>(-0.5f).bits) == -1);
  CHECK(GgmlInteger::encode<E2M1>(2.5f) == Ggml::encode<E2M1>(2.5f));
  CHECK(GgmlInteger::prepare_two_level(2.0f, {8.0f}) == 4.0f);
}
