// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/compressed_layer.hpp>

#include <qfmt/io/awq_gptq_layer.hpp>
#include <qfmt/io/dense_layer.hpp>

// A layer of a checkpoint of AutoAWQ or of GPTQ's tools. Beyond not crashing,
//
//   - an error names the layer;
//   - what loads has the numbers that the tools' formula gives, bit by bit, or its row is refused by
//     name.
//
// An input is: the description, the shape of qweight; for each tensor a byte that says what is wrong
// with it (most values: nothing) and what that takes; then the data of all tensors.

namespace fuzz {

/// A description that a layer can have.
inline qfmt::io::AwqGptqConfig any_config(Reader& reader) {
  constexpr std::array widths = {4, 2, 3, 8};
  qfmt::io::AwqGptqConfig config;
  config.is_awq = reader.below(2) == 1;
  config.bits = widths[reader.below(config.is_awq ? 1 : 4)];
  config.symmetric = reader.below(2) == 1;
  config.reordered = !config.is_awq && reader.below(2) == 1;
  config.zeros_less_one = !config.is_awq && reader.below(2) == 1;
  return config;
}

/// The layers of these tools, read as their formulas are written and one bit at a time.
struct ToolLayer {
  samples::MemorySource const& source;
  qfmt::io::AwqGptqConfig const& config;
  qfmt::Shape shape;
  std::vector<float> scales;  // (groups, outputs)

  [[nodiscard]] std::uint32_t word(char const* name, qfmt::index_t i) const {
    std::uint32_t word = 0;
    std::memcpy(&word, source.at(name).bytes.data() + 4 * i, 4);
    return word;
  }
  /// The bits of number `i` of a stream, of which word j is number first + j * stride of the tensor.
  [[nodiscard]] int number(char const* name, qfmt::index_t first, qfmt::index_t stride,
                           qfmt::index_t i) const {
    int value = 0;
    for (int b = 0; b < config.bits; ++b) {
      qfmt::index_t const bit = i * config.bits + b;
      value |= static_cast<int>(word(name, first + bit / 32 * stride) >> bit % 32 & 1u) << b;
    }
    return value;
  }
  /// Output `n` of a row of words with eight outputs each.
  [[nodiscard]] int awq_number(char const* name, qfmt::index_t row, qfmt::index_t n) const {
    constexpr int shifts[8] = {0, 16, 4, 20, 8, 24, 12, 28};
    return static_cast<int>(word(name, row * (shape.rows / 8) + n / 8) >> shifts[n % 8] & 15u);
  }
  [[nodiscard]] int group(qfmt::index_t k) const {
    if (source.contains("m.g_idx"))
      return static_cast<int>(word("m.g_idx", k));
    return static_cast<int>(config.group_size > 0 ? k / config.group_size : 0);
  }
  [[nodiscard]] int zero_point(qfmt::index_t g, qfmt::index_t n) const {
    if (!source.contains("m.qzeros"))
      return 1 << (config.bits - 1);
    if (config.is_awq)
      return awq_number("m.qzeros", g, n);
    qfmt::index_t const words = (shape.rows * config.bits + 31) / 32;
    int const stored = number("m.qzeros", g * words, 1, n);
    return (stored + (config.zeros_less_one ? 1 : 0)) % (1 << config.bits);
  }
  [[nodiscard]] float value(qfmt::index_t n, qfmt::index_t k) const {
    int const code =
        config.is_awq ? awq_number("m.qweight", k, n) : number("m.qweight", n, shape.rows, k);
    qfmt::index_t const g = group(k);
    return static_cast<float>(code - zero_point(g, n)) *
           scales[static_cast<std::size_t>(g * shape.rows + n)];
  }
};

/// Layer "m" of this description and of some shape, spoilt and filled as the next bytes say. Sets the
/// size of its groups.
inline samples::MemorySource spoilt_tool_layer(qfmt::io::AwqGptqConfig& config, Reader& reader) {
  using qfmt::io::Dtype;
  auto const u64 = [](qfmt::index_t n) { return static_cast<std::uint64_t>(n); };
  qfmt::index_t const rows = 1 + reader.below(config.is_awq ? 64 : 8);
  qfmt::index_t const cols = 1 + reader.below(config.is_awq ? 4 : 40);
  qfmt::Shape const shape =
      config.is_awq ? qfmt::Shape{cols * 8, rows} : qfmt::Shape{cols, rows * 32 / config.bits};
  qfmt::index_t const groups = 1 + reader.below(8);
  qfmt::index_t const group = (std::max)(shape.cols / groups, qfmt::index_t{1});
  config.group_size = groups == 1 && reader.below(2) == 0 ? -1 : group;
  unsigned const order = reader.below(4);
  constexpr std::array reals = {Dtype::F16, Dtype::BF16, Dtype::F32};

  std::vector<qfmt::io::LayerTensor> tensors = {
      {"qweight", Dtype::I32, {u64(rows), u64(cols)}},
      {"scales", reals[reader.below(3)], {u64(groups), u64(shape.rows)}},
      {"qzeros", Dtype::I32, {u64(groups), u64((shape.rows * config.bits + 31) / 32)}}};
  if (order != 0)
    tensors.push_back({"g_idx", Dtype::I32, {u64(shape.cols)}});
  std::erase_if(tensors, [&](auto& tensor) { return !spoil(tensor, reader); });

  samples::MemorySource source;
  for (auto const& tensor : tensors) {
    auto const size = qfmt::io::tensor_bytes(tensor.dtype, tensor.shape);
    if (!size || *size > 65536)
      continue;  // no file has such a tensor
    qfmt::io::Bytes bytes(static_cast<std::size_t>(*size));
    if (tensor.suffix == "g_idx" && order != 3) {
      for (std::size_t k = 0; 4 * k < bytes.size(); ++k) {
        auto const i = static_cast<qfmt::index_t>(k);
        auto const of = static_cast<std::int32_t>((order == 1 ? i : i * 7 % shape.cols) / group);
        if (4 * k + 4 <= bytes.size())
          std::memcpy(bytes.data() + 4 * k, &of, 4);
      }
    } else {
      auto const given = std::as_bytes(reader.bytes(bytes.size()));
      std::copy(given.begin(), given.end(), bytes.begin());
    }
    source.add("m." + tensor.suffix, tensor.dtype, tensor.shape, std::move(bytes));
  }
  return source;
}

inline void awq_gptq_layer(Input input) {
  Reader reader{input};
  qfmt::io::AwqGptqConfig config = any_config(reader);
  samples::MemorySource const source = spoilt_tool_layer(config, reader);
  auto const names_layer = [](qfmt::Error const& error) {
    demand(error.message.find("'m'") != std::string::npos, "an error names the layer");
    demand_message(error);
  };
  auto const layer = qfmt::io::AwqGptqLayer::load(source, config, "m");
  if (!layer)
    return names_layer(layer.error());
  auto const dense = qfmt::io::DenseLayer::load(*layer, config.args(),
                                                qfmt::io::CompressedFormat::pack_quantized, "m");
  if (!dense)
    return names_layer(dense.error());
  qfmt::Shape const shape = layer->shape();
  demand(dense->shape() == shape && shape.rows > 0 && shape.cols > 0, "a layer has one shape");

  auto const& scales = source.at("m.scales");
  ToolLayer const tool{source, config, shape,
                       *qfmt::io::detail::real_values(scales.bytes, scales.info.dtype)};
  std::vector<float> row(static_cast<std::size_t>(shape.cols));
  for (qfmt::index_t n = 0; n < shape.rows; ++n) {
    if (auto const done = dense->decode_row(n, row); !done) {
      names_layer(done.error());
      continue;
    }
    for (qfmt::index_t k = 0; k < shape.cols; ++k)
      demand(row[static_cast<std::size_t>(k)] == tool.value(n, k),
             "a weight is (code - zero point) * scale");
  }
}

}  // namespace fuzz
