// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <fuzz/compressed_layer.hpp>

#include <qfmt/io/dense_layer.hpp>

// A stored layer read as numbers, by its description. Beyond not crashing,
//
//   - an error names the layer, and a layer that loads has as many numbers as its shape says;
//   - what loads as the layer of a preset loads here, and has the same numbers.
//
// An input is: a scheme, or any description; then as in compressed_layer.hpp.

namespace fuzz {

/// Reads a layer as numbers; empty where it cannot be.
inline std::vector<float> numbers(samples::MemorySource const& source,
                                  qfmt::io::QuantizationArgs const& args,
                                  qfmt::io::CompressedFormat format) {
  auto const names_layer = [](qfmt::Error const& error) {
    demand(error.message.find("'m'") != std::string::npos, "an error names the layer");
    demand_message(error);
  };
  auto const layer = qfmt::io::DenseLayer::load(source, args, format, "m");
  if (!layer) {
    names_layer(layer.error());
    return {};
  }
  qfmt::Shape const shape = layer->shape();
  demand(shape.rows > 0 && shape.cols > 0, "a layer has numbers");
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (qfmt::index_t row = 0; row < shape.rows; ++row) {
    auto const into = std::span{values}.subspan(static_cast<std::size_t>(row * shape.cols),
                                                static_cast<std::size_t>(shape.cols));
    if (auto const done = layer->decode_row(row, into); !done) {
      names_layer(done.error());
      return {};
    }
    demand(std::none_of(into.begin(), into.end(), [](float x) { return qfmt::is_nan(x); }),
           "no number is NaN");
  }
  return values;
}

template <class Preset>
void dense_preset(Reader reader) {
  using S = typename Preset::Weights;
  constexpr auto format = qfmt::io::compressed_format<Preset>();
  samples::MemorySource const source = spoilt_layer<Preset>(reader);
  auto const values = numbers(source, qfmt::io::describe<S>(qfmt::io::Role::weights), format);
  auto const layer = qfmt::io::load_layer<S>(source, format, "m");
  if (!layer)
    return;
  demand(values.size() == static_cast<std::size_t>(layer->shape.size()), "a layer has numbers");
  auto const view = layer->view();
  for (qfmt::index_t row = 0; row < layer->shape.rows; ++row) {
    for (qfmt::index_t col = 0; col < layer->shape.cols; ++col)
      demand(values[static_cast<std::size_t>(row * layer->shape.cols + col)] == view(row, col),
             "the numbers are those of the preset's layer");
  }
}

/// Any description: names that are known and some that are not, sizes of any kind.
inline qfmt::io::QuantizationArgs any_description(Reader& reader) {
  constexpr std::array strategies = {"tensor", "channel", "group", "tensor_group",
                                     "block",  "token",   "none"};
  auto const size = [&]() -> qfmt::index_t {
    unsigned const kind = reader.byte();
    return kind < 224 ? static_cast<qfmt::index_t>(kind) - 1
                      : std::bit_cast<qfmt::index_t>(reader.number());
  };
  qfmt::io::QuantizationArgs args;
  args.num_bits = static_cast<int>(reader.below(10));
  args.type = reader.below(2) == 0 ? "int" : "float";
  args.symmetric = reader.below(2) == 0;
  args.strategy = strategies[reader.below(strategies.size())];
  if (reader.below(2) == 0)
    args.group_size = size();
  if (reader.below(2) == 0)
    args.block_structure = {size(), size()};
  return args;
}

/// The tensors that a layer of this description and shape would have, as far as it makes sense.
inline std::vector<qfmt::io::LayerTensor> tensors_of(qfmt::io::QuantizationArgs const& args,
                                                     qfmt::io::CompressedFormat format,
                                                     qfmt::Shape shape) {
  using qfmt::io::Dtype;
  using Format = qfmt::io::CompressedFormat;
  bool const has_words = format == Format::pack_quantized;
  bool const is_nvfp4 = format == Format::nvfp4_pack_quantized;
  bool const is_packed =
      is_nvfp4 || format == Format::mxfp4_pack_quantized || format == Format::mxfp6_pack_quantized;
  bool const is_mx = (is_packed && !is_nvfp4) || format == Format::mxfp8_quantized;
  auto const u64 = [](qfmt::index_t n) { return static_cast<std::uint64_t>(n); };
  auto const tiles = [](qfmt::index_t size, qfmt::index_t tile) {
    return tile > 0 ? (size - 1) / tile + 1 : 1;
  };
  qfmt::index_t const bits = args.num_bits;
  qfmt::Shape grid{shape.rows, 1};
  if (args.group())
    grid.cols = tiles(shape.cols, *args.group());
  else if (args.strategy == "block" && args.block_structure)
    grid = {tiles(shape.rows, (*args.block_structure)[0]),
            tiles(shape.cols, (*args.block_structure)[1])};
  std::vector<std::uint64_t> const scales =
      args.strategy == "tensor" ? std::vector<std::uint64_t>{1}
                                : std::vector<std::uint64_t>{u64(grid.rows), u64(grid.cols)};
  std::vector<qfmt::io::LayerTensor> tensors;
  if (has_words) {
    tensors.push_back(
        {"weight_packed", Dtype::I32, {u64(shape.rows), u64((shape.cols * bits + 31) / 32)}});
    tensors.push_back({"weight_shape", Dtype::I64, {2}});
  } else if (is_packed) {
    tensors.push_back({"weight_packed", Dtype::U8, {u64(shape.rows), u64(shape.cols * bits / 8)}});
  } else {
    tensors.push_back({"weight",
                       args.type == "int" ? Dtype::I8 : Dtype::F8_E4M3,
                       {u64(shape.rows), u64(shape.cols)}});
  }
  tensors.push_back({"weight_scale",
                     is_mx      ? Dtype::U8
                     : is_nvfp4 ? Dtype::F8_E4M3
                                : Dtype::BF16,
                     scales});
  if (is_nvfp4)
    tensors.push_back({"weight_global_scale", Dtype::F32, {1}});
  if (!args.symmetric) {
    bool const in_words = has_words && scales.size() == 2 && args.strategy != "block";
    tensors.push_back({"weight_zero_point", in_words ? Dtype::I32 : Dtype::I8, scales});
    if (in_words)
      tensors.back().shape[0] = (scales[0] * u64(bits) + 31) / 32;
  }
  return tensors;
}

inline void described_layer(Reader reader) {
  auto const format = static_cast<qfmt::io::CompressedFormat>(reader.below(8));
  auto const args = any_description(reader);
  qfmt::Shape const shape = shape_of_layer(reader);
  numbers(spoilt_layer(tensors_of(args, format, shape), shape, reader), args, format);
}

inline void dense_layer(Input input) {
  namespace preset = qfmt::preset;
  constexpr std::array ways = {
      described_layer,
      dense_preset<preset::W3A16>,
      dense_preset<preset::W4A16_ASYM>,
      dense_preset<preset::W8A8>,
      dense_preset<preset::FP8_BLOCK>,
      dense_preset<preset::NVFP4A16>,
      dense_preset<preset::MXFP4A16>,
      dense_preset<preset::MXFP8A16>,
  };
  Reader reader{input};
  unsigned const way = reader.below(16);
  ways[way < ways.size() ? way : 0](reader);
}

}  // namespace fuzz
