// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <sstream>

#include <qfmt/formats/uint4.hpp>
#include <qfmt/io/compressed_format.hpp>

using qfmt::Shape;
using qfmt::io::compressed_format;
using qfmt::io::CompressedFormat;
using qfmt::io::Dtype;
using qfmt::io::layer_tensors;
using qfmt::io::why_not_storable;
namespace preset = qfmt::preset;

namespace {

/// "weight_packed U8 4x32; weight_scale U8 4x2".
template <class Preset, class StoredScale = float>
std::string tensors(Shape shape) {
  using S = qfmt::with_stored_scale<typename Preset::Weights, StoredScale>;
  std::ostringstream text;
  for (auto const& tensor : layer_tensors<S>(compressed_format<Preset>(), shape)) {
    text << (text.tellp() > 0 ? "; " : "") << tensor.suffix << ' ' << name(tensor.dtype);
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      text << (i == 0 ? ' ' : 'x') << tensor.shape[i];
  }
  return text.str();
}

template <class Preset>
std::string why_not(Shape shape) {
  return why_not_storable<typename Preset::Weights>(shape);
}

}  // namespace

TEST_CASE("formats have the names that the package gives them") {
  CHECK(name(CompressedFormat::pack_quantized) == std::string{"pack-quantized"});
  CHECK(name(CompressedFormat::int_quantized) == std::string{"int-quantized"});
  CHECK(name(CompressedFormat::float_quantized) == std::string{"float-quantized"});
  CHECK(name(CompressedFormat::naive_quantized) == std::string{"naive-quantized"});
  CHECK(name(CompressedFormat::nvfp4_pack_quantized) == std::string{"nvfp4-pack-quantized"});
  CHECK(name(CompressedFormat::mxfp4_pack_quantized) == std::string{"mxfp4-pack-quantized"});
  CHECK(name(CompressedFormat::mxfp6_pack_quantized) == std::string{"mxfp6-pack-quantized"});
  CHECK(name(CompressedFormat::mxfp8_quantized) == std::string{"mxfp8-quantized"});
  for (int i = 0; i < qfmt::io::compressed_format_count; ++i) {
    auto const format = static_cast<CompressedFormat>(i);
    CHECK(name(format) != std::string{"unknown"});
    CHECK(qfmt::io::find_format(name(format)) == format);
  }
  CHECK_FALSE(qfmt::io::find_format("mixed-precision").has_value());
  CHECK(name(static_cast<CompressedFormat>(qfmt::io::compressed_format_count)) ==
        std::string{"unknown"});
}

TEST_CASE("elements that a configuration has no word for") {
  using qfmt::io::why_not_described;
  preset::Storable::for_each(
      []<class P>() { CHECK(why_not_described<typename P::Weights>() == nullptr); });
  preset::InMemory::for_each([]<class P>() {
    CAPTURE(P::name);
    CHECK(why_not_described<typename P::Weights>() != nullptr);
  });
  using Unsigned = qfmt::QuantScheme<qfmt::UINT4, qfmt::PerChannel>;
  CHECK(why_not_described<Unsigned>() != nullptr);
}

TEST_CASE("formats that a layer fits beside its own") {
  using qfmt::io::fits;
  int fitting = 0;
  for (int i = 0; i < qfmt::io::compressed_format_count; ++i) {
    auto const format = static_cast<CompressedFormat>(i);
    CHECK(fits<preset::W4A8>(format) == fits<preset::W4A16>(format));
    CHECK(fits<preset::NVFP4>(format) == (format == CompressedFormat::nvfp4_pack_quantized));
    CHECK(fits<preset::MXFP6A8>(format) == (format == CompressedFormat::mxfp6_pack_quantized));
    fitting += fits<preset::FP8>(format) ? 1 : 0;
  }
  CHECK(fitting == 2);
  CHECK(fits<preset::W4A8>(CompressedFormat::pack_quantized));
  CHECK(fits<preset::FP8>(CompressedFormat::naive_quantized));
}

TEST_CASE("the order of words is known by their number, where it can be") {
  using qfmt::io::word_order_of;
  using qfmt::io::WordOrder;
  CHECK(word_order_of(12, 3, 128) == WordOrder::dense);
  CHECK(word_order_of(13, 3, 128) == WordOrder::whole);
  CHECK(word_order_of(20, 5, 128) == WordOrder::dense);
  CHECK(word_order_of(22, 5, 128) == WordOrder::whole);
  CHECK(word_order_of(16, 4, 128) == WordOrder::dense);  // the same words
  CHECK_FALSE(word_order_of(14, 3, 128).has_value());
  CHECK_FALSE(word_order_of(17, 4, 128).has_value());
  CHECK(word_order_of(2, 3, 11) == WordOrder::dense);  // 2 of either
}

TEST_CASE("each preset is stored in the format that the package infers") {
  // compressed-tensors 0.20: integers with any quantized input are one byte each.
  auto const is = []<class P>(CompressedFormat format) {
    CAPTURE(P::name);
    CHECK(compressed_format<P>() == format);
  };
  is.operator()<preset::W2A16>(CompressedFormat::pack_quantized);
  is.operator()<preset::W8A16>(CompressedFormat::pack_quantized);
  is.operator()<preset::W4A16_ASYM>(CompressedFormat::pack_quantized);
  is.operator()<preset::W4A4>(CompressedFormat::int_quantized);
  is.operator()<preset::W4A8>(CompressedFormat::int_quantized);
  is.operator()<preset::W4AFP8>(CompressedFormat::int_quantized);
  is.operator()<preset::W8A8>(CompressedFormat::int_quantized);
  is.operator()<preset::INT8>(CompressedFormat::int_quantized);
  is.operator()<preset::FP8>(CompressedFormat::float_quantized);
  is.operator()<preset::FP8_DYNAMIC>(CompressedFormat::float_quantized);
  is.operator()<preset::FP8_BLOCK>(CompressedFormat::float_quantized);
  is.operator()<preset::NVFP4A16>(CompressedFormat::nvfp4_pack_quantized);
  is.operator()<preset::NVFP4>(CompressedFormat::nvfp4_pack_quantized);
  is.operator()<preset::MXFP4A16>(CompressedFormat::mxfp4_pack_quantized);
  is.operator()<preset::MXFP4>(CompressedFormat::mxfp4_pack_quantized);
  is.operator()<preset::W2A4>(CompressedFormat::int_quantized);
  is.operator()<preset::W8A16_CHANNEL>(CompressedFormat::pack_quantized);
  is.operator()<preset::NVFP4AFP8>(CompressedFormat::nvfp4_pack_quantized);
  is.operator()<preset::MXFP4XFP8>(CompressedFormat::mxfp4_pack_quantized);
  is.operator()<preset::MXFP6A16>(CompressedFormat::mxfp6_pack_quantized);
  is.operator()<preset::MXFP6A8>(CompressedFormat::mxfp6_pack_quantized);
  is.operator()<preset::MXFP8A16>(CompressedFormat::mxfp8_quantized);
  is.operator()<preset::MXFP8>(CompressedFormat::mxfp8_quantized);
  using Fp8Weights = qfmt::LayerScheme<preset::FP8_DYNAMIC::Weights>;
  CHECK(compressed_format<Fp8Weights>() == CompressedFormat::naive_quantized);
}

TEST_CASE("the tensors of a layer") {
  using qfmt::BF16;
  using qfmt::Code;
  using qfmt::FP16;
  CHECK(tensors<preset::W4A16>({5, 256}) ==
        "weight_packed I32 5x32; weight_shape I64 2; weight_scale F32 5x2");
  CHECK(tensors<preset::W3A16, Code<BF16>>({1, 128}) ==
        "weight_packed I32 1x12; weight_shape I64 2; weight_scale BF16 1x1");
  CHECK(tensors<preset::W4A16_ASYM, Code<FP16>>({9, 384}) ==
        "weight_packed I32 9x48; weight_shape I64 2; weight_scale F16 9x3; "
        "weight_zero_point I32 2x3");
  CHECK(tensors<preset::W4A8, Code<BF16>>({3, 128}) == "weight I8 3x128; weight_scale BF16 3x1");
  CHECK(tensors<preset::W8A8>({3, 33}) == "weight I8 3x33; weight_scale F32 3x1");
  CHECK(tensors<preset::FP8>({3, 33}) == "weight F8_E4M3 3x33; weight_scale F32 1");
  CHECK(tensors<preset::FP8_DYNAMIC>({3, 33}) == "weight F8_E4M3 3x33; weight_scale F32 3x1");
  CHECK(tensors<preset::FP8_BLOCK>({130, 9}) == "weight F8_E4M3 130x9; weight_scale F32 2x1");
  CHECK(tensors<preset::NVFP4A16>({2, 32}) ==
        "weight_packed U8 2x16; weight_global_scale F32 1; weight_scale F8_E4M3 2x2");
  CHECK(tensors<preset::MXFP4>({2, 64}) == "weight_packed U8 2x32; weight_scale U8 2x2");
  CHECK(tensors<preset::MXFP6A16>({2, 64}) == "weight_packed U8 2x48; weight_scale U8 2x2");
  CHECK(tensors<preset::MXFP8, Code<BF16>>({2, 64}) == "weight F8_E4M3 2x64; weight_scale U8 2x2");
}

TEST_CASE("zero points are bytes where the codes are") {
  using S = preset::W4A16_ASYM::Weights;
  auto const found = layer_tensors<S>(CompressedFormat::int_quantized, {9, 256});
  REQUIRE(found.size() == 3);
  CHECK(found[2].suffix == "weight_zero_point");
  CHECK(found[2].dtype == Dtype::I8);
  CHECK(found[2].shape == std::vector<uint64_t>{9, 2});
}

TEST_CASE("what cannot be stored says what was found and what is needed") {
  CHECK(why_not<preset::W4A16>({64, 250}) == "got 64 x 250, expected a multiple of 128 columns");
  CHECK(why_not<preset::NVFP4A16>({1, 24}) == "got 1 x 24, expected a multiple of 16 columns");
  CHECK(why_not<preset::MXFP8>({1, 48}) == "got 1 x 48, expected a multiple of 32 columns");
  CHECK(why_not<preset::W8A8>({0, 8}) == "got 0 x 8, expected a weight that is not empty");
  CHECK(why_not<preset::W8A8>({8, 0}) == "got 8 x 0, expected a weight that is not empty");
  using Fp4Rows = qfmt::QuantScheme<qfmt::E2M1, qfmt::PerChannel>;
  CHECK(why_not_storable<Fp4Rows>({2, 7}) == "got 2 x 7, expected an even number of columns");
  CHECK(why_not_storable<Fp4Rows>({2, 8}).empty());
  for (Shape const shape : {Shape{1, 1}, Shape{3, 33}, Shape{130, 9}}) {
    CHECK(why_not<preset::W8A8>(shape).empty());
    CHECK(why_not<preset::FP8>(shape).empty());
    CHECK(why_not<preset::FP8_BLOCK>(shape).empty());
  }
  CHECK(why_not<preset::W4A16_ASYM>({1, 128}).empty());
}
