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
using qfmt::io::parse_quantization_config;
using qfmt::io::quantization_config;
using samples::MemorySource;
namespace preset = qfmt::preset;

// ---- The configuration -------------------------------------------------------------------------

namespace {

template <class Preset>
json model_with(std::vector<std::string> const& ignore = {"lm_head"}) {
  return {{"model_type", "llama"}, {"quantization_config", quantization_config<Preset>(ignore)}};
}

/// The same description as compressed-tensors 0.18 writes it: every field is there.
json as_version_0_18(json model) {
  json& config = model["quantization_config"];
  config.erase("moe_sparsity_config");
  config["version"] = "0.18.0";
  for (char const* role : {"weights", "input_activations"}) {
    json& args = config["config_groups"]["group_0"][role];
    if (args.is_null())
      continue;
    bool const is_weights = role == std::string{"weights"};
    json const unset = {{"actorder", nullptr},
                        {"block_structure", nullptr},
                        {"observer", is_weights ? json("memoryless_minmax") : json()},
                        {"observer_kwargs", json::object()},
                        {"scale_dtype", nullptr},
                        {"zp_dtype", args["symmetric"] == true ? json() : json("torch.int8")}};
    for (auto const& [key, value] : unset.items()) {
      if (!args.contains(key))
        args[key] = value;
    }
  }
  return model;
}

/// The first preset with the same weights and input activations: names alone are not stored.
template <class Preset>
std::string stored_name() {
  return Preset::name == preset::INT8::name ? preset::W8A8::name : Preset::name;
}

std::string refused(json const& model, std::string const& place) {
  return samples::verdict(parse_quantization_config(model), Status::config_invalid,
                          "config.json: quantization_config" + place);
}

}  // namespace

TEST_CASE("every preset is read back from its own configuration, of two versions") {
  preset::All::for_each([]<class P>() {
    CAPTURE(P::name);
    for (json const& model : {model_with<P>(), as_version_0_18(model_with<P>())}) {
      auto const parsed = parse_quantization_config(model);
      REQUIRE(parsed.ok());
      CHECK(parsed->preset == stored_name<P>());
      CHECK(parsed->format == compressed_format<P>());
      CHECK(parsed->ignore == std::vector<std::string>{"lm_head"});
    }
  });
}

TEST_CASE("configurations of the package: the same preset, and the same object key by key") {
  int count = 0;
  preset::All::for_each([&]<class P>() {
    auto const path = qfmt::test::fixtures() / "compressed_tensors" / P::name / "config.json";
    if (!std::filesystem::exists(path))
      return;
    ++count;
    CAPTURE(P::name);
    json const model = json::parse(samples::read(path));
    auto const parsed = parse_quantization_config(model);
    REQUIRE(parsed.ok());
    CHECK(parsed->preset == P::name);
    CHECK(quantization_config<P>(parsed->ignore) == model["quantization_config"]);
  });
  CHECK(count == 8);
}

TEST_CASE("the format may stand with the group, with the model, or with both") {
  json model = model_with<preset::NVFP4A16>();
  model["quantization_config"]["config_groups"]["group_0"].erase("format");
  CHECK(parse_quantization_config(model)->preset == "NVFP4A16");
  model = model_with<preset::NVFP4A16>();
  model["quantization_config"].erase("format");
  CHECK(parse_quantization_config(model)->preset == "NVFP4A16");
  model["quantization_config"]["format"] = "mixed-precision";
  CHECK(parse_quantization_config(model)->preset == "NVFP4A16");
}

TEST_CASE("keys that do not matter may be absent, and unknown ones of the model's object present") {
  json model = model_with<preset::W4A16>();
  json& config = model["quantization_config"];
  for (char const* key :
       {"ignore", "kv_cache_scheme", "moe_sparsity_config", "version", "global_compression_ratio",
        "sparsity_config", "transform_config", "quantization_status"}) {
    config.erase(key);
  }
  config["from_the_future"] = 1;
  auto const parsed = parse_quantization_config(model);
  REQUIRE(parsed.ok());
  CHECK(parsed->ignore.empty());
  config["sparsity_config"] = {{"format", "dense"}};
  CHECK(parse_quantization_config(model).ok());
}

TEST_CASE("configurations that are refused say where and why") {
  json const good = model_with<preset::FP8_DYNAMIC>();
  auto const changed = [&](char const* pointer, json const& value) {
    json model = good;
    model[json::json_pointer{std::string{"/quantization_config"} + pointer}] = value;
    return model;
  };
  json const& group = good["quantization_config"]["config_groups"]["group_0"];

  CHECK(refused(json::object(), ": not found") == "");
  CHECK(refused(json::array(), ": not found") == "");
  CHECK(refused(changed("", "fp8"), ": expected an object") == "");
  CHECK(refused(changed("/quant_method", "gptq"),
                ".quant_method: got 'gptq', expected 'compressed-tensors'") == "");
  CHECK(refused(changed("/quant_method", 1), ".quant_method: got ''") == "");

  CHECK(refused(changed("/config_groups", nullptr),
                ".config_groups: expected an object with a group") == "");
  CHECK(refused(changed("/config_groups", json::object()), ".config_groups: expected") == "");
  CHECK(refused(changed("/config_groups/group_1", group),
                ".config_groups: got 2 groups, expected one") == "");
  CHECK(refused(changed("/config_groups/group_0", json::array({"Linear"})),
                ".config_groups.group_0: got '[\"Linear\"]', expected an object with weights") ==
        "");
  CHECK(refused(changed("/config_groups", {{"a\x1b[31m", group["weights"]}}),
                ".config_groups.'a\\x1b[31m': got") == "");
  CHECK(refused(changed("/config_groups/group_0/weight", 1),
                ".config_groups.group_0.weight: got '1', expected no such field") == "");
  CHECK(refused(changed("/config_groups/group_0/output_activations", group["weights"]),
                ".config_groups.group_0.output_activations: got") == "");

  CHECK(refused(changed("/config_groups/group_0/weights", nullptr),
                ".config_groups.group_0.weights: got null, expected an object") == "");
  CHECK(refused(changed("/config_groups/group_0/weights/num_bits", 3.5),
                ".config_groups.group_0.weights.num_bits: got '3.5'") == "");
  CHECK(refused(changed("/config_groups/group_0/weights/bits", 4),
                ".config_groups.group_0.weights.bits: got '4'") == "");
  CHECK(refused(changed("/config_groups/group_0/input_activations/dynamic", "yes"),
                ".config_groups.group_0.input_activations.dynamic: got") == "");

  CHECK(refused(changed("/config_groups/group_0/weights/num_bits", 6),
                ".config_groups.group_0: no preset has these weights") == "");
  CHECK(refused(changed("/config_groups/group_0/input_activations/strategy", "tensor"),
                ".config_groups.group_0: no preset") == "");
  CHECK(refused(changed("/config_groups/group_0/format", "naive-quantized"),
                ".config_groups.group_0.format: got 'naive-quantized'") == "");
  CHECK(refused(changed("/config_groups/group_0/format", "new-format"),
                ".config_groups.group_0.format: got 'new-format'") == "");

  CHECK(refused(changed("/ignore", "lm_head"), ".ignore: got '\"lm_head\"', expected an array") ==
        "");
  CHECK(refused(changed("/ignore", json::array({1})), ".ignore: got '1', expected strings") == "");
}

TEST_CASE("formats that the package has dropped are refused by name") {
  for (char const* format : {"marlin-24", "sparse-bitmask", "sparse-24-bitmask"}) {
    std::string const why = std::string{"got '"} + format + "', which was removed";
    json model = model_with<preset::W4A16>();
    model["quantization_config"]["format"] = format;
    CHECK(refused(model, ".format: " + why) == "");
    model["quantization_config"].erase("config_groups");
    CHECK(refused(model, ".format: " + why) == "");
    model = model_with<preset::FP8_DYNAMIC>();
    model["quantization_config"]["sparsity_config"] = {{"format", format},
                                                       {"sparsity_structure", "2:4"}};
    CHECK(refused(model, ".sparsity_config.format: " + why) == "");
    model = model_with<preset::W4A16>();
    model["quantization_config"]["config_groups"]["group_0"]["format"] = format;
    CHECK(refused(model, ".config_groups.group_0.format: " + why) == "");
  }
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

TEST_CASE("an error of reading is passed on") {
  MemorySource source = samples::stored<Int8>(CompressedFormat::int_quantized, "m",
                                              samples::random_layer<Int8>({2, 8}, 1));
  source.at("m.weight").bytes.pop_back();
  CHECK(samples::verdict(load_layer<Int8>(source, CompressedFormat::int_quantized, "m"),
                         Status::size_mismatch, "m.weight") == "");
}
