// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Checkpoints of mixed precision: which scheme the engine takes for which layer.

#include <cstring>
#include <doctest/doctest.h>
#include <examples/stored.hpp>
#include <io/random_layer.hpp>

#include <qfmt/tensor/dequantize.hpp>

#include "llama/layer_schemes.hpp"

#ifdef QFMT_LLAMA_ONESHOT

using namespace qfmt;
using qfmt::test::Stored;
using Json = nlohmann::json;

namespace {

constexpr Shape shape{8, 128};

using InGroups32 = QuantScheme<INT4, PerGroup<32>>;

/// Stores a random layer, and returns the first row of what it means.
template <Scheme S>
std::vector<float> store(Stored& stored, std::string const& module, io::CompressedFormat format) {
  auto const layer = samples::random_layer<S>(shape, module.size());
  for (auto const& tensor : io::layer_tensors<S>(format, shape))
    stored.add(module + "." + tensor.suffix, tensor.dtype, tensor.shape,
               io::layer_bytes<S>(format, tensor, layer.view()));
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  REQUIRE(dequantize<S, float>(layer.view(), {values.data(), shape}) == Status::ok);
  values.resize(static_cast<std::size_t>(shape.cols));
  return values;
}

std::vector<float> first_row(Result<llama::SharedLinear> const& linear) {
  REQUIRE_MESSAGE(linear, linear.error().to_string());
  std::vector<float> row(static_cast<std::size_t>(shape.cols));
  (*linear)->read_row(0, row.data());
  return row;
}

template <Scheme S>
Json group(std::vector<std::string> const& targets, io::CompressedFormat format,
           Json const& inputs = nullptr) {
  return {{"targets", targets},
          {"format", io::name(format)},
          {"weights", io::to_json(io::describe<S>(io::Role::weights))},
          {"input_activations", inputs},
          {"output_activations", nullptr}};
}

Json config_of(Json const& groups) {
  return {{"quantization_config",
           {{"quant_method", "compressed-tensors"},
            {"format", "mixed-precision"},
            {"ignore", {"m.ignored"}},
            {"config_groups", groups}}}};
}

}  // namespace

TEST_CASE("layers of several schemes: a name before a pattern before a class") {
  using io::CompressedFormat;
  using Fp8 = preset::FP8_DYNAMIC;
  Stored stored;
  auto const fp8 = store<Fp8::Weights>(stored, "m.mlp.up", CompressedFormat::float_quantized);
  auto const nvfp4 = store<preset::NVFP4A16::Weights>(stored, "m.mlp.down",
                                                      CompressedFormat::nvfp4_pack_quantized);
  auto const int4 = store<preset::W4A16::Weights>(stored, "m.q", CompressedFormat::pack_quantized);
  auto const small = store<InGroups32>(stored, "m.small", CompressedFormat::pack_quantized);
  stored.add("m.ignored.weight", {8, 128}, std::vector<float>(8 * 128, 0.5f));
  Json const inputs = io::to_json(io::describe<Fp8::InputActivations>(io::Role::input_activations));
  auto const checkpoint = stored.open(config_of(
      {{"group_0", group<preset::W4A16::Weights>({"Linear"}, CompressedFormat::pack_quantized)},
       {"group_1", group<Fp8::Weights>({"re:.*mlp.*"}, CompressedFormat::float_quantized, inputs)},
       {"group_2",
        group<preset::NVFP4A16::Weights>({"m.mlp.down"}, CompressedFormat::nvfp4_pack_quantized)},
       {"group_3", group<InGroups32>({"re:.*small"}, CompressedFormat::pack_quantized)}}));
  auto const schemes = llama::LayerSchemes::read(checkpoint.config());
  REQUIRE_MESSAGE(schemes, schemes.error().to_string());
  auto const row = [&](std::string const& module) {
    return first_row(schemes->load(checkpoint, module, "Linear", shape));
  };
  CHECK(row("m.q") == int4);
  CHECK(row("m.mlp.up") == fp8);
  CHECK(row("m.mlp.down") == nvfp4);
  CHECK(row("m.small") == small);  // no preset: decoded
  CHECK(row("m.ignored")[0] == 0.5f);
}

TEST_CASE("a quantized layer that no group has, and a scheme that the engine cannot compute") {
  using io::CompressedFormat;
  Stored stored;
  store<preset::W4A16::Weights>(stored, "m.q", CompressedFormat::pack_quantized);
  store<InGroups32>(stored, "m.small", CompressedFormat::pack_quantized);
  Json const inputs =
      io::to_json(io::describe<preset::W8A8::InputActivations>(io::Role::input_activations));
  auto const checkpoint = stored.open(config_of(
      {{"group_0", group<InGroups32>({"m.small"}, CompressedFormat::pack_quantized, inputs)}}));
  auto const schemes = llama::LayerSchemes::read(checkpoint.config());
  REQUIRE(schemes);
  auto const error = [&](std::string const& module) {
    auto const loaded = schemes->load(checkpoint, module, "Linear", shape);
    return loaded ? std::string{"ok"} : loaded.error().to_string();
  };
  CHECK(error("m.q").find("config_invalid: layer 'm.q': got a weight_scale") == 0);
  CHECK(error("m.small").find("config_invalid: config.json: quantization_config.config_groups") ==
        0);
}

#endif
