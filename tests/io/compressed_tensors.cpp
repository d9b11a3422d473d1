// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <support/environment.hpp>

#include <qfmt/io/compressed_tensors.hpp>

#include "memory_source.hpp"
#include "random_layer.hpp"
#include "samples.hpp"

using nlohmann::json;
using qfmt::BF16;
using qfmt::Code;
using qfmt::Status;
using qfmt::io::Bytes;
using qfmt::io::compressed_format;
using qfmt::io::CompressedFormat;
using qfmt::io::Dtype;
using qfmt::io::load_layer;
using qfmt::io::match_preset;
using qfmt::io::parse_quantization_config;
using qfmt::io::quantization_config;
using samples::MemorySource;
namespace preset = qfmt::preset;

// ---- Presets in configurations
// -----------------------------------------------------------------

TEST_CASE("every preset is recognized in its own configuration") {
  preset::Storable::for_each([]<class P>() {
    CAPTURE(P::name);
    auto const match = match_preset(quantization_config<P>({"lm_head"}));
    REQUIRE(match.ok());
    // Names alone are not stored: the first preset with the same weights and inputs.
    CHECK(match->preset == (P::name == preset::INT8::name ? preset::W8A8::name : P::name));
    CHECK(match->format == compressed_format<P>());
  });
}

TEST_CASE("the package's own configurations are those of the presets") {
  int count = 0;
  preset::Storable::for_each([&]<class P>() {
    auto const path = qfmt::test::fixtures() / "compressed_tensors" / P::name / "config.json";
    if (!std::filesystem::exists(path))
      return;
    ++count;
    CAPTURE(P::name);
    json const model = json::parse(samples::read(path));
    auto const config = parse_quantization_config(model);
    REQUIRE(config.ok());
    CHECK(match_preset(*config)->preset == P::name);
    CHECK(to_json(quantization_config<P>(config->ignore)) == model["quantization_config"]);
  });
  CHECK(count == 12);
}

TEST_CASE("a group is found in any format that fits it, and refused in others") {
  auto config = quantization_config<preset::W4A8>({});
  auto& group = config.groups[0];
  for (char const* format : {"pack-quantized", "int-quantized"}) {
    group.format = format;
    REQUIRE(match_preset(config).ok());
    CHECK(match_preset(config)->preset == "W4A8");
    CHECK(name(match_preset(config)->format) == std::string{format});
  }
  auto const refused = [&](std::string const& place) {
    return samples::verdict(match_preset(config), Status::config_invalid,
                            "config.json: quantization_config" + place);
  };
  group.format = "float-quantized";
  CHECK(refused(".config_groups.group_0.format: got 'float-quantized', which does not go") == "");
  group.format = "new-format";
  CHECK(refused(".config_groups.group_0.format: got 'new-format'") == "");
  group.format = "";
  config.format = "pack-quantized";  // of the whole model
  CHECK(match_preset(config)->format == CompressedFormat::pack_quantized);
  group.weights->group_size = 64;
  CHECK(refused(".config_groups.group_0: no preset has these weights") == "");
  group = qfmt::io::config_group<preset::W4A8>();
  group.output_activations = group.input_activations;
  CHECK(refused(".config_groups.group_0: no preset") == "");
  group.output_activations.reset();
  group.weights.reset();
  CHECK(refused(".config_groups.group_0: no preset") == "");
  config.groups.push_back(group);
  CHECK(refused(".config_groups: got 2 groups, expected one") == "");
}

// ---- Layers ------------------------------------------------------------------------------------

namespace {

using AsymmetricInt4 = preset::W4A16_ASYM::Weights;
using Nvfp4 = preset::NVFP4A16::Weights;
using Mxfp8 = preset::MXFP8::Weights;
using Int8 = preset::W8A8::Weights;
using Fp8 = preset::FP8_DYNAMIC::Weights;

/// What loading says of the layer "m" after `spoil`; it must be this error, and name the layer.
template <qfmt::Scheme S, class Spoil>
std::string refused_layer(CompressedFormat format, qfmt::Shape shape, Spoil&& spoil, Status status,
                          std::string const& place) {
  MemorySource source = samples::stored<S>(format, "m", samples::random_layer<S>(shape, 7));
  if (!load_layer<S>(source, format, "m"))
    return "the layer cannot be loaded before it is spoiled";
  spoil(source);
  return samples::verdict(load_layer<S>(source, format, "m"), status, "layer 'm': " + place);
}

template <class T>
void put(Bytes& bytes, std::size_t index, T value) {
  std::memcpy(bytes.data() + index * sizeof value, &value, sizeof value);
}

}  // namespace

TEST_CASE("a tensor that is missing is named") {
  for (char const* suffix :
       {"weight_packed", "weight_shape", "weight_scale", "weight_zero_point"}) {
    CHECK(refused_layer<AsymmetricInt4>(
              CompressedFormat::pack_quantized, {9, 128},
              [&](MemorySource& s) { s.remove(std::string{"m."} + suffix); },
              Status::checkpoint_incomplete, std::string{suffix} + " is missing") == "");
  }
  for (char const* suffix : {"weight_packed", "weight_global_scale", "weight_scale"}) {
    CHECK(refused_layer<Nvfp4>(
              CompressedFormat::nvfp4_pack_quantized, {2, 32},
              [&](MemorySource& s) { s.remove(std::string{"m."} + suffix); },
              Status::checkpoint_incomplete, std::string{suffix} + " is missing") == "");
  }
  CHECK(refused_layer<Int8>(
            CompressedFormat::int_quantized, {2, 32}, [](MemorySource& s) { s.remove("m.weight"); },
            Status::checkpoint_incomplete, "weight is missing") == "");
}

TEST_CASE("a weight that is there twice is refused") {
  auto const add_dense = [](MemorySource& s) {
    s.add("m.weight", Dtype::BF16, {2, 32}, Bytes(128));
  };
  CHECK(refused_layer<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, {2, 32}, add_dense,
                             Status::checkpoint_ambiguous,
                             "got both weight and weight_packed") == "");
}

TEST_CASE("dtypes and shapes that do not fit are named with what was expected") {
  auto const as = [](char const* name, Dtype dtype, std::vector<uint64_t> const& shape) {
    return [=](MemorySource& s) {
      Bytes const bytes(static_cast<std::size_t>(*qfmt::io::tensor_bytes(dtype, shape)));
      s.add(name, dtype, shape, bytes);
    };
  };
  auto const int4 = [](auto&& spoil, Status status, std::string const& place) {
    return refused_layer<AsymmetricInt4>(CompressedFormat::pack_quantized, {9, 256}, spoil, status,
                                         place);
  };
  CHECK(int4(as("m.weight_packed", Dtype::I32, {9, 31}), Status::shape_mismatch,
             "weight_packed: got I32 [9, 31], expected I32 [9, 32]") == "");
  CHECK(int4(as("m.weight_packed", Dtype::U8, {9, 128}), Status::shape_mismatch,
             "weight_packed: got U8 [9, 128], expected I32 [9, 32]") == "");
  CHECK(int4(as("m.weight_scale", Dtype::BF16, {9, 2}), Status::shape_mismatch,
             "weight_scale: got BF16 [9, 2], expected F32 [9, 2]") == "");
  CHECK(int4(as("m.weight_scale", Dtype::F32, {2, 9}), Status::shape_mismatch,
             "weight_scale: got F32 [2, 9], expected F32 [9, 2]") == "");
  CHECK(int4(as("m.weight_zero_point", Dtype::I32, {9, 2}), Status::shape_mismatch,
             "weight_zero_point: got I32 [9, 2], expected I32 [2, 2]") == "");
  CHECK(int4(as("m.weight_shape", Dtype::I32, {2}), Status::shape_mismatch,
             "weight_shape: expected I64 [2]") == "");
  CHECK(int4(as("m.weight_shape", Dtype::I64, {3}), Status::shape_mismatch,
             "weight_shape: expected I64 [2]") == "");

  auto const nvfp4 = [](auto&& spoil, Status status, std::string const& place) {
    return refused_layer<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, {2, 32}, spoil, status,
                                place);
  };
  CHECK(nvfp4(as("m.weight_packed", Dtype::U8, {2, 16, 1}), Status::rank_unsupported,
              "got shape [2, 16, 1]") == "");
  CHECK(nvfp4(as("m.weight_packed", Dtype::U8, {2, 15}), Status::block_not_divisor,
              "got 2 x 30, expected a multiple of 16 columns") == "");
  CHECK(nvfp4(as("m.weight_packed", Dtype::U8, {0, 16}), Status::block_not_divisor,
              "got 0 x 32, expected a weight that is not empty") == "");
  CHECK(nvfp4(as("m.weight_packed", Dtype::F4, {2, 16}), Status::shape_mismatch,
              "weight_packed: got F4 [2, 16], expected U8 [2, 16]") == "");
  CHECK(nvfp4(as("m.weight_scale", Dtype::U8, {2, 2}), Status::shape_mismatch,
              "weight_scale: got U8 [2, 2], expected F8_E4M3 [2, 2]") == "");
  CHECK(nvfp4(as("m.weight_scale", Dtype::F8_E4M3, {2, 1}), Status::shape_mismatch,
              "weight_scale: got F8_E4M3 [2, 1]") == "");
  CHECK(nvfp4(as("m.weight_global_scale", Dtype::F32, {}), Status::shape_mismatch,
              "weight_global_scale: got F32 [], expected F32 [1]") == "");
}

TEST_CASE("a weight_shape that lies asks for no memory") {
  auto const shape = [](int64_t rows, int64_t cols) {
    return [=](MemorySource& s) {
      put(s.at("m.weight_shape").bytes, 0, rows);
      put(s.at("m.weight_shape").bytes, 1, cols);
    };
  };
  auto const int4 = [](auto&& spoil, Status status, std::string const& place) {
    return refused_layer<AsymmetricInt4>(CompressedFormat::pack_quantized, {9, 256}, spoil, status,
                                         place);
  };
  int64_t const huge = int64_t{1} << 40;
  CHECK(int4(shape(10, 256), Status::shape_mismatch,
             "weight_packed: got I32 [9, 32], expected I32 [10, 32]") == "");
  CHECK(int4(shape(9, 128), Status::shape_mismatch,
             "weight_packed: got I32 [9, 32], expected I32 [9, 16]") == "");
  CHECK(int4(shape(9, 250), Status::block_not_divisor,
             "got 9 x 250, expected a multiple of 128 columns") == "");
  CHECK(int4(shape(huge, huge), Status::shape_mismatch,
             "weight_packed: got I32 [9, 32], expected I32 [1099511627776, ") == "");
  CHECK(int4(shape(0, 256), Status::shape_mismatch, "weight_shape: got 0 x 256") == "");
  CHECK(int4(shape(-9, 256), Status::shape_mismatch, "weight_shape: got -9 x 256") == "");
  CHECK(int4(shape(9, huge + 128), Status::shape_mismatch, "weight_shape: got 9 x 1099511627904") ==
        "");
  int64_t const lowest = std::numeric_limits<int64_t>::min();
  CHECK(int4(shape(lowest, lowest), Status::shape_mismatch,
             "weight_shape: got -9223372036854775808") == "");
}

TEST_CASE("scales that are no scales are refused") {
  float const infinity = std::numeric_limits<float>::infinity();
  float const nan = std::numeric_limits<float>::quiet_NaN();
  auto const int4 = [](float value, Status status, std::string const& place) {
    auto const spoil = [=](MemorySource& s) { put(s.at("m.weight_scale").bytes, 3, value); };
    return refused_layer<AsymmetricInt4>(CompressedFormat::pack_quantized, {9, 256}, spoil, status,
                                         place);
  };
  CHECK(int4(nan, Status::nonfinite_scale,
             "weight_scale, row 1, column 1: got NaN, expected a finite scale") == "");
  CHECK(int4(infinity, Status::nonfinite_scale, "weight_scale, row 1, column 1: got infinity") ==
        "");
  CHECK(int4(-infinity, Status::nonfinite_scale, "weight_scale, row 1, column 1: got infinity") ==
        "");
  CHECK(int4(-1.0f, Status::scale_negative,
             "weight_scale, row 1, column 1: got a negative scale") == "");

  auto const byte = []<class S>(CompressedFormat format, uint8_t value, Status status,
                                std::string const& place) {
    auto const spoil = [=](MemorySource& s) { put(s.at("m.weight_scale").bytes, 2, value); };
    return refused_layer<S>(format, {2, 64}, spoil, status, place);
  };
  // E4M3 bytes of block scales: the sign bit is no part of the magnitude.
  CHECK(byte.operator()<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, 0x7F,
                               Status::nonfinite_scale,
                               "weight_scale, row 0, column 2: got NaN") == "");
  CHECK(byte.operator()<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, 0xFF,
                               Status::nonfinite_scale,
                               "weight_scale, row 0, column 2: got NaN") == "");
  CHECK(byte.operator()<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, 0xB8, Status::scale_negative,
                               "weight_scale, row 0, column 2: got a negative") == "");
  CHECK(byte.operator()<Mxfp8>(CompressedFormat::mxfp8_quantized, 0xFF, Status::nonfinite_scale,
                               "weight_scale, row 1, column 0: got NaN") == "");

  auto const global = [](float value, Status status, std::string const& place) {
    auto const spoil = [=](MemorySource& s) { put(s.at("m.weight_global_scale").bytes, 0, value); };
    return refused_layer<Nvfp4>(CompressedFormat::nvfp4_pack_quantized, {2, 64}, spoil, status,
                                "weight_global_scale: got " + place);
  };
  CHECK(global(nan, Status::nonfinite_scale, "nan") == "");
  CHECK(global(infinity, Status::nonfinite_scale, "inf") == "");
  CHECK(global(0.0f, Status::scale_zero, "0.0") == "");
  CHECK(global(-2.0f, Status::scale_negative, "-2.0") == "");

  // Zero means zeros, which these codes are not.
  auto const tensor_scale = [](MemorySource& s) { put(s.at("m.weight_scale").bytes, 0, 0.0f); };
  CHECK(refused_layer<Fp8>(CompressedFormat::float_quantized, {2, 128}, tensor_scale,
                           Status::scale_zero, "scale in row 0, column 0: got 0.0") == "");
}

TEST_CASE("codes that are none of the format's are refused") {
  auto const byte = []<class S>(CompressedFormat format, char const* tensor, uint8_t value,
                                Status status, std::string const& place) {
    auto const spoil = [=](MemorySource& s) { put(s.at(tensor).bytes, 131, value); };
    return refused_layer<S>(format, {2, 128}, spoil, status, place);
  };
  using Int4Bytes = preset::W4A8::Weights;
  CHECK(byte.operator()<Int4Bytes>(
            CompressedFormat::int_quantized, "m.weight", 8, Status::code_out_of_range,
            "weight, row 1, column 3: got 8, expected a code of INT4") == "");
  CHECK(byte.operator()<Int4Bytes>(CompressedFormat::int_quantized, "m.weight", 0xF7,
                                   Status::code_out_of_range,
                                   "weight, row 1, column 3: got -9") == "");
  CHECK(byte.operator()<Fp8>(CompressedFormat::float_quantized, "m.weight", 0x7F,
                             Status::nonfinite_weight,
                             "row 1, column 3: got the code of NaN") == "");
  CHECK(byte.operator()<Mxfp8>(CompressedFormat::mxfp8_quantized, "m.weight", 0xFF,
                               Status::nonfinite_weight,
                               "row 1, column 3: got the code of NaN") == "");
  auto const zero_point = [](uint8_t value, std::string const& place) {
    auto const spoil = [=](MemorySource& s) { put(s.at("m.weight_zero_point").bytes, 5, value); };
    return refused_layer<AsymmetricInt4>(CompressedFormat::int_quantized, {9, 128}, spoil,
                                         Status::zero_point_out_of_range, place);
  };
  CHECK(zero_point(8, "weight_zero_point, element 5: got 8, expected a code of INT4") == "");
  CHECK(zero_point(0x80, "weight_zero_point, element 5: got -128") == "");
}

TEST_CASE("words of older files: whole values in a word") {
  using Int3 = preset::W3A16::Weights;
  using Old = qfmt::QuantScheme<qfmt::INT3, qfmt::PerGroup<128>, qfmt::Asymmetric>;
  auto const layer = samples::random_layer<Old>({11, 256}, 3);
  constexpr auto format = CompressedFormat::pack_quantized;
  MemorySource source = samples::stored<Old>(format, "m", layer);
  auto const store = [&](char const* tensor, qfmt::index_t rows, qfmt::index_t words,
                         std::vector<uint32_t> const& out) {
    source.add(tensor, Dtype::I32, {static_cast<uint64_t>(rows), static_cast<uint64_t>(words)},
               qfmt::io::detail::to_bytes(out.data(), out.size()));
  };
  using Words = qfmt::WholeWords;
  std::vector<uint32_t> codes;
  for (qfmt::index_t r = 0; r < 11; ++r) {
    std::vector<Code<qfmt::INT3>> row;
    for (qfmt::index_t c = 0; c < 256; ++c) row.push_back(layer.view().code(r, c));
    std::vector<uint32_t> words(26);  // ten values in each
    Words::store<qfmt::INT3>(row.data(), 256, words.data());
    codes.insert(codes.end(), words.begin(), words.end());
  }
  store("m.weight_packed", 11, 26, codes);
  std::vector<uint32_t> zero_points(4);  // (2, 2): eleven rows in two words, down the columns
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<Code<qfmt::INT3>> column;
    for (std::size_t r = 0; r < 11; ++r)
      column.push_back({qfmt::INT3::from_int(layer.zero_points[2 * r + c])});
    uint32_t words[2] = {};
    Words::store<qfmt::INT3>(column.data(), 11, words);
    zero_points[c] = words[0];
    zero_points[2 + c] = words[1];
  }
  store("m.weight_zero_point", 2, 2, zero_points);
  auto const read = load_layer<Old>(source, format, "m");
  REQUIRE(read.ok());
  CHECK(*read == layer);
  CHECK_FALSE(load_layer<Int3>(source, CompressedFormat::int_quantized, "m").ok());
}

TEST_CASE("columns in the order of their groups may say so, others are refused") {
  using Int4 = preset::W4A16::Weights;
  constexpr auto format = CompressedFormat::pack_quantized;
  auto const layer = samples::random_layer<Int4>({2, 256}, 3);
  MemorySource source = samples::stored<Int4>(format, "m", layer);
  std::vector<int32_t> groups(256, -1);
  auto const load = [&](std::vector<uint64_t> const& shape = {256}) {
    source.add("m.weight_g_idx", Dtype::I32, shape,
               qfmt::io::detail::to_bytes(groups.data(), groups.size()));
    return load_layer<Int4>(source, format, "m");
  };
  CHECK(*load() == layer);
  for (std::size_t c = 0; c < groups.size(); ++c) groups[c] = c < 128 ? 0 : 1;
  CHECK(*load() == layer);
  std::swap(groups[5], groups[200]);
  CHECK(samples::verdict(load(), Status::unsupported,
                         "layer 'm': weight_g_idx, column 5: got 1, expected columns") == "");
  CHECK(samples::verdict(load({128, 2}), Status::shape_mismatch,
                         "layer 'm': weight_g_idx: got I32 [128, 2], expected I32 [256]") == "");
}

TEST_CASE("an error of reading is passed on") {
  MemorySource source = samples::stored<Int8>(CompressedFormat::int_quantized, "m",
                                              samples::random_layer<Int8>({2, 8}, 1));
  source.at("m.weight").bytes.pop_back();
  CHECK(samples::verdict(load_layer<Int8>(source, CompressedFormat::int_quantized, "m"),
                         Status::size_mismatch, "m.weight") == "");
}
