// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <doctest/doctest.h>
#include <limits>

#include <qfmt/io/compressed_layer.hpp>

#include "random_layer.hpp"

using qfmt::index_t;
using qfmt::PerChannel;
using qfmt::QuantScheme;
using qfmt::QuantTensor;
using qfmt::Shape;
using qfmt::Status;
using qfmt::io::Bytes;
using qfmt::io::CompressedFormat;
using qfmt::io::fill_layer;
using qfmt::io::layer_bytes;
using qfmt::io::layer_tensors;
using qfmt::io::LayerTensor;
namespace preset = qfmt::preset;

namespace {

template <qfmt::Scheme S>
LayerTensor tensor(CompressedFormat format, Shape shape, std::string const& suffix) {
  for (LayerTensor const& t : layer_tensors<S>(format, shape)) {
    if (t.suffix == suffix)
      return t;
  }
  FAIL("no tensor " << suffix);
  return {};
}

/// Little-endian words in hexadecimal, separated by spaces.
std::string words(Bytes const& bytes, std::size_t word_bytes) {
  std::string text;
  char digits[3];
  for (std::size_t i = 0; i < bytes.size(); i += word_bytes) {
    if (i > 0)
      text += ' ';
    for (std::size_t k = word_bytes; k-- > 0;) {
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(bytes[i + k]));
      text += digits;
    }
  }
  return text;
}

/// One row of integer codes with a scale of 1, as it is packed.
template <qfmt::IntegerFormat F, class Value>
std::string packed_row(index_t count, Value&& value) {
  using S = QuantScheme<F, PerChannel>;
  QuantTensor<S> layer{{1, count}};
  std::vector<qfmt::Code<F>> codes;
  for (int i = 0; i < count; ++i) codes.push_back({F::from_int(value(i))});
  qfmt::pack<F>(codes.data(), count, layer.codes.data(), layer.row_bytes);
  auto const t = tensor<S>(CompressedFormat::pack_quantized, layer.shape, "weight_packed");
  return words(layer_bytes<S>(CompressedFormat::pack_quantized, t, layer.view()), 4);
}

/// Codes lowest + ((5 i + 3) mod 2^bits), 32 of them.
template <qfmt::IntegerFormat F>
std::string golden_row() {
  return packed_row<F>(32, [](int i) { return F::min_int + (5 * i + 3) % (1 << F::bits); });
}

template <qfmt::Scheme S>
void check_round_trip(CompressedFormat format, Shape shape) {
  CAPTURE(shape.rows);
  CAPTURE(shape.cols);
  QuantTensor<S> const layer = samples::random_layer<S>(
      shape, static_cast<uint64_t>(shape.rows) * 1000 + static_cast<uint64_t>(shape.cols));
  QuantTensor<S> read{shape};
  CHECK(read != layer);
  for (LayerTensor const& t : layer_tensors<S>(format, shape)) {
    Bytes const bytes = layer_bytes<S>(format, t, layer.view());
    REQUIRE(bytes.size() == *qfmt::io::tensor_bytes(t.dtype, t.shape));
    CHECK(fill_layer<S>(format, t, bytes, read).ok());
  }
  CHECK(read == layer);
}

/// Shapes that can be stored: one row, odd rows, rows that fill words of zero points and those that
/// do not; as many columns as one, two and three groups, or any number.
template <qfmt::Scheme S>
void check_round_trips(CompressedFormat format) {
  using G = typename S::Granularity;
  bool const in_groups = G::rows == 1 && G::cols != qfmt::whole;
  for (index_t const rows : {1, 3, 8, 9, 131}) {
    for (index_t const cols : {1, 2, 3, 33, 200}) {
      if (in_groups && cols > 3)
        continue;
      check_round_trip<S>(format, {rows, in_groups ? cols * G::cols : cols});
    }
  }
}

}  // namespace

TEST_CASE("a layer read back is the layer that was stored, for every preset") {
  preset::Storable::for_each([]<class P>() {
    CAPTURE(P::name);
    check_round_trips<typename P::Weights>(qfmt::io::compressed_format<P>());
  });
}

TEST_CASE("the same with scales in 16 bits") {
  using qfmt::BF16;
  using qfmt::Code;
  using qfmt::FP16;
  using qfmt::with_stored_scale;
  check_round_trips<with_stored_scale<preset::W4A16_ASYM::Weights, Code<BF16>>>(
      CompressedFormat::pack_quantized);
  check_round_trips<with_stored_scale<preset::W4A16_ASYM::Weights, Code<FP16>>>(
      CompressedFormat::int_quantized);
  check_round_trips<with_stored_scale<preset::FP8_BLOCK::Weights, Code<BF16>>>(
      CompressedFormat::float_quantized);
}

TEST_CASE("codes in words, as the package packs them") {
  // compressed-tensors 0.20, compressors/pack_quantized: a row is one stream of bits.
  CHECK(golden_row<qfmt::INT2>() == "93939393 93939393");
  CHECK(golden_row<qfmt::INT3>() == "43c67543 7543c675 c67543c6");
  CHECK(golden_row<qfmt::INT4>() == "61c72d83 e94fa50b 61c72d83 e94fa50b");
  CHECK(golden_row<qfmt::INT5>() == "79793503 fd560b30 77137249 1bb45871 f668f514");
  CHECK(golden_row<qfmt::INT6>() == "1748d203 5c2b9a17 38913feb 2789d613 503bdb1b 79950f28");
  CHECK(golden_row<qfmt::INT7>() ==
        "72434403 2b4c84e1 23f74d58 6c539d26 c7667c57 41407bed 3c64a0f1");
  CHECK(golden_row<qfmt::INT8>() ==
        "120d0803 26211c17 3a35302b 4e49443f 625d5853 76716c67 8a85807b 9e99948f");
}

TEST_CASE("the bits behind the last code are zero, which is not the code of zero") {
  CHECK(packed_row<qfmt::INT4>(12, [](int i) { return i - 8; }) == "76543210 0000ba98");
  CHECK(packed_row<qfmt::INT4>(8, [](int) { return 0; }) == "88888888");
  constexpr int four[] = {-128, -1, 0, 127};
  CHECK(packed_row<qfmt::INT8>(4, [&](int i) { return four[i]; }) == "ff807f00");
  CHECK(packed_row<qfmt::INT3>(10, [](int i) { return i % 8 - 4; }) == "08fac688");
  CHECK(packed_row<qfmt::INT3>(11, [](int i) { return i % 8 - 4; }) == "88fac688 00000000");
}

TEST_CASE("zero points run down the columns of their words") {
  using S = preset::W4A16_ASYM::Weights;
  QuantTensor<S> layer{{9, 256}};
  constexpr int16_t first[] = {-8, -7, -1, 0, 1, 2, 6, 7, 3};
  for (std::size_t r = 0; r < 9; ++r) {
    layer.zero_points[2 * r] = first[r];
    layer.zero_points[2 * r + 1] = static_cast<int16_t>(r % 2 == 0 ? -8 : 7);
  }
  auto const t = tensor<S>(CompressedFormat::pack_quantized, layer.shape, "weight_zero_point");
  CHECK(words(layer_bytes<S>(CompressedFormat::pack_quantized, t, layer.view()), 4) ==
        "fea98710 f0f0f0f0 0000000b 00000000");
}

TEST_CASE("the even column is in the low nibble; scales are in rows") {
  using S = preset::NVFP4A16::Weights;
  QuantTensor<S> layer{{2, 32}};
  for (std::size_t i = 0; i < layer.codes.size(); ++i)
    layer.codes[i] = static_cast<uint8_t>(i * 17 + 3);
  for (std::size_t i = 0; i < 4; ++i) layer.scales[i] = {static_cast<uint8_t>(0x38 + i)};
  layer.global.encode_scale = 80896.0f;
  auto const bytes = [&](char const* suffix) {
    auto const t = tensor<S>(CompressedFormat::nvfp4_pack_quantized, layer.shape, suffix);
    return words(layer_bytes<S>(CompressedFormat::nvfp4_pack_quantized, t, layer.view()), 1);
  };
  CHECK(layer.view().code(0, 2).bits == 0x4);
  CHECK(layer.view().code(0, 3).bits == 0x1);
  CHECK(bytes("weight_packed").substr(0, 11) == "03 14 25 36");
  CHECK(bytes("weight_scale") == "38 39 3a 3b");
  CHECK(bytes("weight_global_scale") == "00 00 9e 47");
}

TEST_CASE("every byte of a stored layer matters") {
  // The comparisons above see a change of any single bit that is not padding.
  using S = preset::W4A16_ASYM::Weights;
  Shape const shape{8, 128};
  QuantTensor<S> const layer = samples::random_layer<S>(shape, 1);
  for (LayerTensor const& t : layer_tensors<S>(CompressedFormat::pack_quantized, shape)) {
    Bytes const bytes = layer_bytes<S>(CompressedFormat::pack_quantized, t, layer.view());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      Bytes changed = bytes;
      changed[i] ^= std::byte{0x10};
      QuantTensor<S> read = layer;
      bool const refused = !fill_layer<S>(CompressedFormat::pack_quantized, t, changed, read).ok();
      bool const seen = refused || read != layer;
      CHECK(seen);
    }
  }
}
