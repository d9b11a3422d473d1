// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/environment.hpp>

#include <qfmt/io/dense_layer.hpp>

#include "memory_source.hpp"
#include "random_layer.hpp"
#include "samples.hpp"

using qfmt::index_t;
using qfmt::Status;
using qfmt::io::Bytes;
using qfmt::io::CompressedFormat;
using qfmt::io::DenseLayer;
using qfmt::io::Dtype;
using qfmt::io::QuantizationArgs;
using qfmt::io::Role;
using samples::MemorySource;
namespace preset = qfmt::preset;

namespace {

/// The numbers of a layer, row by row; empty if it cannot be read.
std::vector<float> numbers(MemorySource const& source, QuantizationArgs const& args,
                           CompressedFormat format, std::string const& module = "m") {
  auto const layer = DenseLayer::load(source, args, format, module);
  if (!layer)
    return {};
  std::vector<float> all;
  std::vector<float> row(static_cast<std::size_t>(layer->shape().cols));
  for (index_t r = 0; r < layer->shape().rows; ++r) {
    if (!layer->decode_row(r, row))
      return {};
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

template <qfmt::Scheme S>
std::vector<float> numbers(qfmt::QuantTensor<S> const& layer) {
  std::vector<float> all;
  for (index_t r = 0; r < layer.shape.rows; ++r) {
    for (index_t c = 0; c < layer.shape.cols; ++c) all.push_back(layer.view()(r, c));
  }
  return all;
}

/// What DenseLayer reads is what the view of the typed layer says.
template <qfmt::Scheme S>
void check(CompressedFormat format, qfmt::Shape shape) {
  CAPTURE(name(format));
  auto const layer = samples::random_layer<S>(shape, 5);
  auto const args = qfmt::io::describe<S>(Role::weights);
  auto source = samples::stored<S>(format, "m", layer);
  CHECK(numbers(source, args, format) == numbers(layer));
  // A scale too few is seen.
  Bytes& scales = source.at("m.weight_scale").bytes;
  std::swap(scales.front(), scales.back());
  CHECK(numbers(source, args, format) != numbers(layer));
}

using Int5 = qfmt::QuantScheme<qfmt::INT5, qfmt::PerGroup<64>, qfmt::Asymmetric>;
using Int4 = qfmt::QuantScheme<qfmt::INT4, qfmt::PerGroup<32>>;

std::string refused(MemorySource const& source, QuantizationArgs const& args,
                    CompressedFormat format, Status status, std::string const& place) {
  return samples::verdict(DenseLayer::load(source, args, format, "m"), status,
                          "layer 'm': " + place);
}

}  // namespace

TEST_CASE("a layer of any scheme is the numbers of the typed one") {
  check<Int5>(CompressedFormat::pack_quantized, {9, 128});
  check<Int5>(CompressedFormat::int_quantized, {9, 128});
  check<qfmt::QuantScheme<qfmt::INT8, qfmt::PerBlock<2, 3>>>(CompressedFormat::naive_quantized,
                                                             {5, 7});
  check<preset::W8A16_CHANNEL::Weights>(CompressedFormat::pack_quantized, {3, 5});
  check<preset::FP8_BLOCK::Weights>(CompressedFormat::float_quantized, {130, 9});
  check<preset::NVFP4A16::Weights>(CompressedFormat::nvfp4_pack_quantized, {2, 64});
  check<preset::MXFP6A16::Weights>(CompressedFormat::mxfp6_pack_quantized, {2, 64});
  check<preset::MXFP8::Weights>(CompressedFormat::mxfp8_quantized, {2, 64});
}

TEST_CASE("columns in the order of their activations have the scales of their groups") {
  auto const layer = samples::random_layer<Int4>({2, 64}, 3);
  auto const args = qfmt::io::describe<Int4>(Role::weights);
  constexpr auto format = CompressedFormat::pack_quantized;
  auto source = samples::stored<Int4>(format, "m", layer);
  std::vector<int32_t> groups(64);
  for (std::size_t c = 0; c < 64; ++c) groups[c] = c % 2 == 0 ? 1 : 0;
  auto const store = [&] {
    source.add("m.weight_g_idx", Dtype::I32, {64}, qfmt::io::detail::to_bytes(groups.data(), 64));
  };
  store();
  auto const found = numbers(source, args, format);
  REQUIRE(found.size() == 128);
  for (index_t r = 0; r < 2; ++r) {
    for (index_t c = 0; c < 64; ++c) {
      float const scale = layer.view().scale(r, c % 2 == 0 ? 32 : 0);
      CHECK(found[static_cast<std::size_t>(r * 64 + c)] ==
            qfmt::decode(layer.view().code(r, c)) * scale);
    }
  }
  groups[7] = 2;
  store();
  CHECK(refused(source, args, format, Status::shape_mismatch,
                "weight_g_idx, column 7: got 2, expected one of 2 groups") == "");
  groups.assign(64, -1);
  store();
  CHECK(numbers(source, args, format) == numbers(layer));
}

TEST_CASE("the dtype of a model is known from real scales") {
  auto const dtype = []<qfmt::Scheme S>(CompressedFormat format) {
    auto const source = samples::stored<S>(format, "m", samples::random_layer<S>({2, 64}, 5));
    return DenseLayer::load(source, qfmt::io::describe<S>(Role::weights), format, "m")
        ->real_dtype();
  };
  using Half = qfmt::with_stored_scale<Int4, qfmt::Code<qfmt::FP16>>;
  CHECK(dtype.operator()<Half>(CompressedFormat::int_quantized) == Dtype::F16);
  CHECK_FALSE(
      dtype.operator()<preset::MXFP8::Weights>(CompressedFormat::mxfp8_quantized).has_value());
}

TEST_CASE("checkpoints of the package, one of them with two schemes") {
  for (char const* const name : {"W3A16", "NVFP4", "FP8", "FP8+W4"}) {
    CAPTURE(name);
    auto const folder = qfmt::test::fixtures() / "compressed_tensors" / name;
    MemorySource const model{folder / "model.safetensors"};
    MemorySource const expected{folder / "expected.safetensors"};
    auto const config = *qfmt::io::parse_quantization_config(
        nlohmann::json::parse(samples::read(folder / "config.json")));
    int count = 0;
    for (auto const& [tensor, dense] : expected.tensors()) {
      std::string const module = tensor.substr(0, tensor.rfind('.'));
      bool const is_second = config.groups.size() > 1 && module.find("mlp") != std::string::npos;
      auto const& group = config.groups[is_second ? 1 : 0];
      auto const found =
          numbers(model, *group.weights, *qfmt::io::find_format(config.format_of(group)), module);
      CHECK(qfmt::io::detail::real_bytes(found, dense.info.dtype) == dense.bytes);
      ++count;
    }
    CHECK(count == 5);
  }
}

TEST_CASE("layers that do not fit their description are refused by name") {
  constexpr auto format = CompressedFormat::pack_quantized;
  auto const good = samples::stored<Int5>(format, "m", samples::random_layer<Int5>({9, 128}, 5));
  auto const args = qfmt::io::describe<Int5>(Role::weights);
  auto const with = [&](auto&& change) {
    QuantizationArgs changed = args;
    change(changed);
    return changed;
  };
  CHECK(refused(good, with([](auto& a) { a.num_bits = 9; }), format, Status::unsupported,
                "got 9-bit int, strategy 'group', in format pack-quantized") == "");
  CHECK(refused(good, args, CompressedFormat::float_quantized, Status::unsupported, "got 5-bit") ==
        "");
  CHECK(refused(good, with([](auto& a) { a.num_bits = 6; }), format, Status::shape_mismatch,
                "weight_shape: got 9 x 128, which does not fit weight_packed [9, 20]") == "");
  CHECK(refused(good, with([](auto& a) { a.group_size = 96; }), format, Status::block_not_divisor,
                "got 128 columns, expected a multiple of 96") == "");
  CHECK(refused(good, with([](auto& a) { a.group_size = 32; }), format, Status::shape_mismatch,
                "weight_scale: got F32 [9, 2], expected F32 [9, 4]") == "");
  CHECK(refused(good, with([](auto& a) { a.strategy = "token", a.group_size.reset(); }), format,
                Status::unsupported, "got strategy 'token' of a weight") == "");
  auto const in_blocks = [&](index_t rows, index_t cols) {
    return with([&](auto& a) {
      a.strategy = "block", a.group_size.reset(), a.symmetric = true;
      a.block_structure = {rows, cols};
    });
  };
  CHECK(refused(good, in_blocks(0, 32), format, Status::unsupported,
                "got blocks of 0 x 32, expected positive sizes") == "");
  // Blocks of any size: one that is larger than the matrix is all of it.
  index_t const huge = std::numeric_limits<index_t>::max();
  CHECK(refused(good, in_blocks(huge, huge), format, Status::shape_mismatch,
                "weight_scale: got F32 [9, 2], expected F32 [1, 1]") == "");
  for (char const* suffix :
       {"weight_packed", "weight_shape", "weight_scale", "weight_zero_point"}) {
    auto source = good;
    source.remove(std::string{"m."} + suffix);
    CHECK(refused(source, args, format, Status::checkpoint_incomplete,
                  std::string{suffix} + " is missing") == "");
  }
  auto source = good;
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(source.at("m.weight_scale").bytes.data() + 8, &nan, 4);
  CHECK(refused(source, args, format, Status::nonfinite_scale, "weight_scale, element 2: got") ==
        "");

  auto bytes = samples::stored<Int4>(CompressedFormat::int_quantized, "m",
                                     samples::random_layer<Int4>({2, 64}, 5));
  bytes.at("m.weight").bytes[65] = std::byte{8};
  auto const layer = DenseLayer::load(bytes, qfmt::io::describe<Int4>(Role::weights),
                                      CompressedFormat::int_quantized, "m");
  std::vector<float> row(64);
  CHECK(layer->decode_row(0, row).ok());
  CHECK(samples::verdict(layer->decode_row(1, row), Status::code_out_of_range,
                         "layer 'm': row 1, column 1: got 8, expected a code of INT4") == "");

  std::vector<float> const huge_scale(2, std::numeric_limits<float>::max());
  std::memcpy(bytes.at("m.weight_scale").bytes.data(), huge_scale.data(), 8);
  auto const overflowing = DenseLayer::load(bytes, qfmt::io::describe<Int4>(Role::weights),
                                            CompressedFormat::int_quantized, "m");
  CHECK(samples::verdict(overflowing->decode_row(0, row), Status::nonfinite_weight,
                         "got a scale under which binary32 overflows") == "");

  // A scale of zero means zeros: these codes of row 0 are other ones.
  std::memset(bytes.at("m.weight_scale").bytes.data(), 0, 4);
  auto const zeroed = DenseLayer::load(bytes, qfmt::io::describe<Int4>(Role::weights),
                                       CompressedFormat::int_quantized, "m");
  CHECK(samples::verdict(zeroed->decode_row(0, row), Status::scale_zero,
                         "layer 'm': row 0, column") == "");
}
