// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/environment.hpp>
#include <support/samples.hpp>
#include <utility>

#include <qfmt/io/activation_scale.hpp>
#include <qfmt/tensor/calibrator.hpp>

#include "memory_source.hpp"
#include "samples.hpp"

using qfmt::Status;
using qfmt::io::activation_tensors;
using qfmt::io::ActivationScale;
using qfmt::io::ActivationSite;
using qfmt::io::Bytes;
using qfmt::io::Dtype;
using qfmt::io::load_activation;
using samples::MemorySource;

namespace {

MemorySource stored(ActivationSite site, ActivationScale const& scale) {
  MemorySource source;
  for (auto const& [tensor, bytes] : activation_tensors(site, scale))
    source.add("m." + tensor.suffix, tensor.dtype, tensor.shape, bytes);
  return source;
}

std::string names(MemorySource const& source) {
  std::string text;
  for (auto const& [name, tensor] : source.tensors())
    text += name + " " + qfmt::io::name(tensor.info.dtype) + " " +
            qfmt::io::to_string(tensor.info.shape) + "; ";
  return text;
}

ActivationScale one_scale(float scale, Dtype dtype) {
  ActivationScale activation;
  activation.scales = {scale};
  activation.dtype = dtype;
  return activation;
}

}  // namespace

TEST_CASE("parameters of activations are read back as they were written") {
  for (Dtype const dtype : {Dtype::F32, Dtype::BF16, Dtype::F16}) {
    auto const source = stored(ActivationSite::input, one_scale(0.375f, dtype));
    CHECK(names(source) == std::string{"m.input_scale "} + name(dtype) + " [1]; ");
    CHECK(**load_activation(source, "m", ActivationSite::input) == one_scale(0.375f, dtype));
    CHECK_FALSE(load_activation(source, "m", ActivationSite::output)->has_value());
    CHECK_FALSE(load_activation(source, "n", ActivationSite::input)->has_value());
  }
  ActivationScale asymmetric = one_scale(0.5f, Dtype::BF16);
  asymmetric.zero_points = {-3};
  auto source = stored(ActivationSite::output, asymmetric);
  CHECK(names(source) == "m.output_scale BF16 [1]; m.output_zero_point I8 [1]; ");
  CHECK(**load_activation(source, "m", ActivationSite::output) == asymmetric);

  ActivationScale heads = one_scale(0.5f, Dtype::F16);
  heads.scales = {0.5f, 2.0f, 1.0f};
  heads.per_head = true;
  source = stored(ActivationSite::key, heads);
  CHECK(names(source) == "m.k_scale F16 [3, 1, 1]; ");
  CHECK(**load_activation(source, "m", ActivationSite::key) == heads);
  CHECK(names(stored(ActivationSite::value, heads)) == "m.v_scale F16 [3, 1, 1]; ");
  CHECK(names(stored(ActivationSite::query, heads)) == "m.q_scale F16 [3, 1, 1]; ");

  ActivationScale local;
  local.global_scale = 448.0f;
  source = stored(ActivationSite::input, local);
  CHECK(names(source) == "m.input_global_scale F32 [1]; ");
  CHECK(**load_activation(source, "m", ActivationSite::input) == local);
}

namespace {

/// Calibrates under S on keys of two heads of four columns, (tokens, heads x 4), and takes the
/// scales through a checkpoint. What is read back has to quantize as what was frozen.
template <class S>
std::string through_checkpoint(ActivationSite site, bool per_head) {
  qfmt::test::Matrix<qfmt::Code<qfmt::BF16>> keys{{3, 8}};
  for (std::size_t i = 0; i < keys.values.size(); ++i)
    keys.values[i] = qfmt::encode<qfmt::BF16>(i % 8 < 4 ? 56.0f : -448.0f);
  qfmt::Calibrator<S, qfmt::Code<qfmt::BF16>> calibrator{8};
  REQUIRE(calibrator.observe(std::as_const(keys).view()).ok());
  auto const frozen = std::move(calibrator).freeze();
  REQUIRE(frozen.ok());
  ActivationScale scale;
  for (auto const stored : frozen->scales()) scale.scales.push_back(qfmt::to_float(stored));
  scale.per_head = per_head;
  auto const source = stored(site, scale);
  auto const read = load_activation(source, "m", site);
  REQUIRE(read.ok());
  std::vector<qfmt::Code<qfmt::BF16>> scales;
  for (float const x : (*read)->scales) scales.push_back(qfmt::encode<qfmt::BF16>(x));
  auto const again = qfmt::Frozen<S>::from_stored({1, 8}, scales);
  REQUIRE(again.ok());
  CHECK(*again == *frozen);
  CHECK(*again->quantize(std::as_const(keys).view()) ==
        *frozen->quantize(std::as_const(keys).view()));
  std::string text = names(source);
  for (float const x : (*read)->scales) text += std::to_string(x) + " ";
  return text;
}

using PerTensorKeys =
    qfmt::with_stored_scale<qfmt::QuantScheme<qfmt::E4M3, qfmt::PerTensor>, qfmt::Code<qfmt::BF16>>;
/// The columns of a head, over all tokens, are one tile.
using PerHeadKeys =
    qfmt::with_stored_scale<qfmt::QuantScheme<qfmt::E4M3, qfmt::Tiling<qfmt::whole, 4>>,
                            qfmt::Code<qfmt::BF16>>;

}  // namespace

TEST_CASE("keys and values: calibrated for the tensor or for each head, stored, read, applied") {
  CHECK(through_checkpoint<PerTensorKeys>(ActivationSite::key, false) ==
        "m.k_scale BF16 [1]; 1.000000 ");
  CHECK(through_checkpoint<PerTensorKeys>(ActivationSite::value, false) ==
        "m.v_scale BF16 [1]; 1.000000 ");
  CHECK(through_checkpoint<PerHeadKeys>(ActivationSite::key, true) ==
        "m.k_scale BF16 [2, 1, 1]; 0.125000 1.000000 ");
  CHECK(through_checkpoint<PerHeadKeys>(ActivationSite::value, true) ==
        "m.v_scale BF16 [2, 1, 1]; 0.125000 1.000000 ");
}

TEST_CASE("scales of inputs in checkpoints of the package") {
  auto const source = [](char const* preset) {
    return MemorySource{qfmt::test::fixtures() / "compressed_tensors" / preset /
                        "model.safetensors"};
  };
  // As make_fixtures.py sets them, by the number of rows.
  auto const fp8 =
      load_activation(source("FP8"), "model.layers.0.self_attn.q_proj", ActivationSite::input);
  REQUIRE(fp8.ok());
  CHECK(**fp8 == one_scale(0x1p-15f, Dtype::F16));
  auto const nvfp4 =
      load_activation(source("NVFP4"), "model.layers.0.self_attn.q_proj", ActivationSite::input);
  REQUIRE(nvfp4.ok());
  CHECK((*nvfp4)->global_scale == 4.0f);
  CHECK((*nvfp4)->scales.empty());
}

TEST_CASE("zero points of symmetric scales, stored as floats, are dropped") {
  auto source = stored(ActivationSite::key, one_scale(0.5f, Dtype::BF16));
  source.add("m.k_zero_point", Dtype::F8_E4M3, {1}, Bytes(1));
  CHECK(**load_activation(source, "m", ActivationSite::key) == one_scale(0.5f, Dtype::BF16));
  source.at("m.k_zero_point").bytes[0] = std::byte{1};
  CHECK(samples::verdict(load_activation(source, "m", ActivationSite::key),
                         Status::zero_point_out_of_range,
                         "tensor 'm.k_zero_point': got F8_E4M3") == "");
}

TEST_CASE("parameters that are none are refused by name") {
  float const infinity = std::numeric_limits<float>::infinity();
  auto const scale = [](float value, Status status) {
    return samples::verdict(
        load_activation(stored(ActivationSite::value, one_scale(value, Dtype::F32)), "m",
                        ActivationSite::value),
        status, "tensor 'm.v_scale': got");
  };
  CHECK(scale(0.0f, Status::scale_zero) == "");
  CHECK(scale(-1.0f, Status::scale_negative) == "");
  CHECK(scale(infinity, Status::nonfinite_scale) == "");
  CHECK(scale(infinity - infinity, Status::nonfinite_scale) == "");

  auto const refused = [](char const* tensor, Dtype dtype, std::vector<uint64_t> const& shape,
                          Status status, std::string const& place) {
    auto source = stored(ActivationSite::input, one_scale(1.0f, Dtype::F32));
    Bytes const bytes(static_cast<std::size_t>(*qfmt::io::tensor_bytes(dtype, shape)));
    source.add(tensor, dtype, shape, bytes);
    return samples::verdict(load_activation(source, "m", ActivationSite::input), status, place);
  };
  CHECK(refused("m.input_scale", Dtype::F32, {2}, Status::shape_mismatch,
                "tensor 'm.input_scale': got [2], expected [1] or [heads, 1, 1]") == "");
  CHECK(refused("m.input_scale", Dtype::F32, {1, 2, 1}, Status::shape_mismatch, "tensor") == "");
  CHECK(refused("m.input_scale", Dtype::I32, {1}, Status::unknown_dtype,
                "tensor 'm.input_scale': got I32, expected F32, BF16 or F16") == "");
  CHECK(refused("m.input_zero_point", Dtype::I8, {2}, Status::shape_mismatch,
                "tensor 'm.input_zero_point': got [2], expected the shape of the scale") == "");
  CHECK(refused("m.input_global_scale", Dtype::F32, {2}, Status::shape_mismatch,
                "tensor 'm.input_global_scale': got F32 [2], expected F32 [1]") == "");
  CHECK(refused("m.input_global_scale", Dtype::F32, {1}, Status::scale_zero,
                "tensor 'm.input_global_scale': got 0") == "");
}

TEST_CASE("which key-value caches a server can use") {
  using qfmt::io::QuantizationArgs;
  using qfmt::io::why_not_servable;
  QuantizationArgs args;
  args.type = "float";
  CHECK(why_not_servable(args) == "");
  args.strategy = "attn_head";
  CHECK(why_not_servable(args) == "");
  args.strategy = "token";
  CHECK(why_not_servable(args) == "got strategy 'token', expected 'tensor' or 'attn_head'");
  args.strategy = "tensor";
  args.dynamic = "true";
  CHECK(why_not_servable(args) == "got dynamic scales, expected static ones");
  args.dynamic = "false";
  args.symmetric = false;
  CHECK(why_not_servable(args) == "got 8-bit asymmetric float, expected symmetric 8-bit floats");
  args = {};
  CHECK(why_not_servable(args) == "got 8-bit int, expected symmetric 8-bit floats");
}
