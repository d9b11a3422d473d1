// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Layers are packed here as the tools do it, number by number, and read back through what
// compressed-tensors would store.

#include <doctest/doctest.h>
#include <support/samples.hpp>
#include <utility>

#include <qfmt/io/awq_gptq_layer.hpp>
#include <qfmt/io/dense_layer.hpp>

#include "memory_source.hpp"
#include "samples.hpp"

using qfmt::index_t;
using qfmt::Shape;
using qfmt::Status;
using qfmt::io::AwqGptqConfig;
using qfmt::io::AwqGptqLayer;
using qfmt::io::Bytes;
using qfmt::io::CompressedFormat;
using qfmt::io::DenseLayer;
using qfmt::io::Dtype;
using samples::MemorySource;

namespace {

/// A matrix of 32-bit words.
struct Words {
  index_t rows, cols;
  std::vector<uint32_t> values = std::vector<uint32_t>(static_cast<std::size_t>(rows * cols));

  uint32_t& at(index_t row, index_t col) {
    return values[static_cast<std::size_t>(row * cols + col)];
  }
  void store(MemorySource& source, std::string const& name) const {
    source.add(name, Dtype::I32, {static_cast<uint64_t>(rows), static_cast<uint64_t>(cols)},
               qfmt::io::detail::to_bytes(values.data(), values.size()));
  }
};

/// Codes, scales (FP16) and zero points of a layer; group g of input k is groups[k].
struct Original {
  AwqGptqConfig config;
  Shape shape;  // (outputs, inputs)
  std::vector<uint32_t> codes;
  std::vector<int32_t> groups;
  std::vector<uint32_t> zero_points;  // (outputs, groups)
  std::vector<uint16_t> scales;       // (outputs, groups)
  index_t group_count;

  Original(AwqGptqConfig const& c, Shape s) : config{c}, shape{s} {
    qfmt::test::Samples samples{static_cast<uint64_t>(c.bits)};
    index_t const group = c.group_size > 0 ? c.group_size : s.cols;
    group_count = s.cols / group;
    int const most = (1 << c.bits) - 1;
    for (index_t i = 0; i < s.size(); ++i)
      codes.push_back(static_cast<uint32_t>(samples.integer(0, most)));
    for (index_t k = 0; k < s.cols; ++k)
      groups.push_back(static_cast<int32_t>(c.reordered ? (k * 7 % s.cols) / group : k / group));
    for (index_t i = 0; i < s.rows * group_count; ++i) {
      zero_points.push_back(c.symmetric ? 1u << (c.bits - 1)
                                        : static_cast<uint32_t>(samples.integer(0, most)));
      scales.push_back(
          qfmt::encode<qfmt::FP16>(0.01f + static_cast<float>(samples.uniform())).bits);
    }
  }

  [[nodiscard]] std::size_t tile(index_t n, index_t k) const {
    return static_cast<std::size_t>(n * group_count + groups[static_cast<std::size_t>(k)]);
  }
  /// (code - zero point) * scale.
  [[nodiscard]] float value(index_t n, index_t k) const {
    auto const code = static_cast<float>(codes[static_cast<std::size_t>(n * shape.cols + k)]);
    return (code - static_cast<float>(zero_points[tile(n, k)])) *
           qfmt::decode(qfmt::Code<qfmt::FP16>{scales[tile(n, k)]});
  }

  /// Bit by bit, so that nothing of the reader is used.
  static void put(Words& words, index_t row, index_t col, bool down, index_t first_bit,
                  uint32_t code, int bits) {
    for (int b = 0; b < bits; ++b) {
      index_t const bit = first_bit + b;
      uint32_t const value = (code >> b & 1u) << (bit % 32);
      (down ? words.at(row + bit / 32, col) : words.at(row, col + bit / 32)) |= value;
    }
  }

  [[nodiscard]] MemorySource stored() const {
    MemorySource source;
    auto const [rows, cols] = shape;
    int const bits = config.bits;
    // The first output of a word is in bits 0 to 3, the second in 16 to 19, the third in 4 to 7, ...
    constexpr int awq_bits[8] = {0, 16, 4, 20, 8, 24, 12, 28};
    Words weight = config.is_awq ? Words{cols, rows / 8} : Words{cols * bits / 32, rows};
    Words zeros{group_count, rows * bits / 32};
    for (index_t n = 0; n < rows; ++n) {
      for (index_t k = 0; k < cols; ++k) {
        uint32_t const code = codes[static_cast<std::size_t>(n * cols + k)];
        if (config.is_awq)
          put(weight, k, n / 8, false, awq_bits[n % 8], code, 4);
        else
          put(weight, 0, n, true, k * bits, code, bits);
      }
      for (index_t g = 0; g < group_count; ++g) {
        uint32_t zero_point = zero_points[static_cast<std::size_t>(n * group_count + g)];
        if (config.zeros_less_one)
          zero_point = (zero_point - 1) & ((1u << bits) - 1);
        if (config.is_awq)
          put(zeros, g, n / 8, false, awq_bits[n % 8], zero_point, 4);
        else
          put(zeros, g, 0, false, n * bits, zero_point, bits);
      }
    }
    weight.store(source, "m.qweight");
    zeros.store(source, "m.qzeros");
    std::vector<uint16_t> transposed;
    for (index_t g = 0; g < group_count; ++g) {
      for (index_t n = 0; n < rows; ++n)
        transposed.push_back(scales[static_cast<std::size_t>(n * group_count + g)]);
    }
    source.add("m.scales", Dtype::F16,
               {static_cast<uint64_t>(group_count), static_cast<uint64_t>(rows)},
               qfmt::io::detail::to_bytes(transposed.data(), transposed.size()));
    if (!config.is_awq)
      source.add("m.g_idx", Dtype::I32, {static_cast<uint64_t>(cols)},
                 qfmt::io::detail::to_bytes(groups.data(), groups.size()));
    return source;
  }
};

/// Reads a layer as compressed-tensors would store it, and counts the values that are other ones.
void check_layer(AwqGptqConfig const& config, Shape shape) {
  INFO(config.text());
  Original const original{config, shape};
  auto const layer = AwqGptqLayer::load(original.stored(), config, "m");
  REQUIRE_MESSAGE(layer, layer.error().to_string());
  CHECK(layer->shape() == shape);
  CHECK(layer->is_reordered() == config.reordered);
  auto const dense = DenseLayer::load(*layer, config.args(), CompressedFormat::pack_quantized, "m");
  REQUIRE_MESSAGE(dense, dense.error().to_string());
  CHECK(dense->real_dtype() == Dtype::F16);
  std::vector<float> row(static_cast<std::size_t>(shape.cols));
  int wrong = 0;
  for (index_t n = 0; n < shape.rows; ++n) {
    REQUIRE(dense->decode_row(n, row).ok());
    for (index_t k = 0; k < shape.cols; ++k)
      wrong += row[static_cast<std::size_t>(k)] != original.value(n, k) ? 1 : 0;
  }
  CHECK(wrong == 0);
}

AwqGptqConfig const awq{.is_awq = true};

}  // namespace

TEST_CASE("AWQ: every weight is the number that it was") {
  check_layer(awq, {24, 256});
  check_layer({.is_awq = true, .group_size = 32}, {8, 96});
  check_layer({.is_awq = true, .symmetric = true}, {16, 128});
  check_layer({.is_awq = true, .group_size = -1}, {16, 80});
}

TEST_CASE("GPTQ: every weight is the number that it was, for each width, in both formats") {
  for (int const bits : {2, 3, 4, 8}) {
    for (bool const symmetric : {false, true}) {
      for (bool const less_one : {false, true}) {
        check_layer(
            {.bits = bits, .group_size = 64, .symmetric = symmetric, .zeros_less_one = less_one},
            {32, 192});
        check_layer({.bits = bits,
                     .group_size = 32,
                     .symmetric = symmetric,
                     .reordered = true,
                     .zeros_less_one = less_one},
                    {32, 128});
      }
    }
    check_layer({.bits = bits, .group_size = -1, .zeros_less_one = true}, {32, 96});
  }
}

TEST_CASE("a layer of AutoAWQ is one of a preset") {
  using S = qfmt::with_stored_scale<qfmt::preset::W4A16_ASYM::Weights, qfmt::Code<qfmt::FP16>>;
  Original const original{awq, {24, 256}};
  auto const layer = AwqGptqLayer::load(original.stored(), awq, "m");
  REQUIRE(layer.ok());
  auto const weight = qfmt::io::load_layer<S>(*layer, CompressedFormat::pack_quantized, "m");
  REQUIRE_MESSAGE(weight, weight.error().to_string());
  CHECK(weight->view()(23, 255) == original.value(23, 255));
  CHECK(weight->view()(7, 100) == original.value(7, 100));
}

TEST_CASE("symmetric layers need no zero points, and have those of the middle") {
  AwqGptqConfig const config{.group_size = 64, .symmetric = true, .zeros_less_one = true};
  Original const original{config, {16, 128}};
  auto source = original.stored();
  auto const refused = [&](AwqGptqConfig const& as, std::string const& message) {
    return samples::verdict(AwqGptqLayer::load(source, as, "m"), Status::checkpoint_ambiguous,
                            message);
  };
  // As of the other format, each is too small by one.
  AwqGptqConfig other = config;
  other.zeros_less_one = false;
  CHECK(refused(other, "layer 'm': qzeros, group 0, output 0: got zero point 7, expected 8") == "");
  source.remove("m.qzeros");
  CHECK(AwqGptqLayer::load(source, config, "m").ok());
  AwqGptqConfig asymmetric = config;
  asymmetric.symmetric = false;
  CHECK(samples::verdict(AwqGptqLayer::load(source, asymmetric, "m"), Status::checkpoint_incomplete,
                         "layer 'm': qzeros is missing") == "");
}

TEST_CASE("layers that are none are refused by name") {
  AwqGptqConfig const config{.group_size = 64, .zeros_less_one = true};
  Original const original{config, {16, 128}};
  auto const refused = [&](auto&& change, Status status, std::string const& message) {
    auto source = original.stored();
    change(source);
    return samples::verdict(AwqGptqLayer::load(source, config, "m"), status, message);
  };
  using Source = MemorySource;
  CHECK(refused([](Source& s) { s.remove("m.qweight"); }, Status::checkpoint_incomplete,
                "layer 'm': qweight is missing") == "");
  CHECK(refused([](Source& s) { s.remove("m.scales"); }, Status::checkpoint_incomplete,
                "scales is missing") == "");
  CHECK(refused([](Source& s) { s.at("m.qweight").info.shape = {256}; }, Status::shape_mismatch,
                "qweight: got [256], expected a matrix") == "");
  CHECK(refused([](Source& s) { s.at("m.qweight").info.dtype = Dtype::U32; },
                Status::shape_mismatch, "qweight: got U32 [16, 16], expected I32 [16, 16]") == "");
  CHECK(refused(
            [](Source& s) {
              s.at("m.qweight").info.shape = {20, 16};
            },
            Status::block_not_divisor, "got 160 inputs, expected a multiple of 64") == "");
  CHECK(refused(
            [](Source& s) {
              s.at("m.qzeros").info.shape = {2, 4};
            },
            Status::shape_mismatch, "qzeros: got I32 [2, 4], expected I32 [2, 2]") == "");
  CHECK(refused(
            [](Source& s) {
              s.at("m.scales").info.shape = {16, 2};
            },
            Status::shape_mismatch, "scales: got [16, 2], expected [2, 16]") == "");
  CHECK(refused([](Source& s) { s.at("m.scales").info.dtype = Dtype::I16; }, Status::unknown_dtype,
                "scales: got I16") == "");
  CHECK(refused([](Source& s) { s.at("m.g_idx").info.shape = {127}; }, Status::shape_mismatch,
                "g_idx: got I32 [127], expected I32 [128]") == "");
  auto const group = [](int32_t value) {
    return [value](Source& s) { std::memcpy(s.at("m.g_idx").bytes.data() + 4, &value, 4); };
  };
  CHECK(refused(group(2), Status::shape_mismatch,
                "g_idx, input 1: got 2, expected one of 2 groups") == "");
  CHECK(refused(group(-1), Status::shape_mismatch, "g_idx, input 1: got -1") == "");
  CHECK(refused(group(1), Status::unsupported, "without \"desc_act\"") == "");
}
