// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <fuzz/demand.hpp>
#include <io/memory_source.hpp>

#include <qfmt/io/compressed_tensors.hpp>

// A stored layer of a quantized checkpoint: the tensors of some scheme and shape, with one thing or
// another about them wrong, and any bytes. Beyond not crashing,
//
//   - what loads, stored and loaded again is the same layer, in tensors of the same names, dtypes and
//     shapes.
//
// An input is: scheme, rows, columns; for each tensor a byte that says what is wrong with it (most
// values: nothing) and what that takes; then the data of all tensors.

namespace fuzz {

/// Spoils the description of a tensor as the next bytes say. False: it is left out.
inline bool spoil(qfmt::io::LayerTensor& tensor, Reader& reader) {
  switch (reader.byte()) {
    case 1:
      tensor.dtype = static_cast<qfmt::io::Dtype>(reader.below(22));
      break;
    case 2:
      if (!tensor.shape.empty())
        tensor.shape[reader.below(static_cast<unsigned>(tensor.shape.size()))] = reader.byte();
      break;
    case 3:
      tensor.shape.push_back(reader.byte());
      break;
    case 4:
      if (!tensor.shape.empty())
        tensor.shape.pop_back();
      break;
    case 5:
      tensor.suffix = "weight";
      break;
    case 6:
      return false;
    case 7:  // as many rows as there are in no bytes
      tensor.shape = {reader.number() % qfmt::io::max_dimension, 0};
      break;
    default:
      break;
  }
  return true;
}

/// The shape of a layer. A third of the columns fit into groups of 128.
inline qfmt::Shape shape_of_layer(Reader& reader) {
  qfmt::index_t const rows = 1 + reader.below(9);
  unsigned const cols = reader.byte();
  return {rows, cols % 3 == 0 ? 128 * (1 + cols / 3 % 3) : 2 * (1 + cols)};
}

/// Layer "m" of some shape, in these tensors, spoilt and filled as the next bytes say.
inline samples::MemorySource spoilt_layer(std::vector<qfmt::io::LayerTensor> tensors,
                                          qfmt::Shape shape, Reader& reader) {
  std::erase_if(tensors, [&](auto& tensor) { return !spoil(tensor, reader); });

  samples::MemorySource source;
  for (auto const& tensor : tensors) {
    auto const size = qfmt::io::tensor_bytes(tensor.dtype, tensor.shape);
    if (!size || *size > 65536)
      continue;  // no file has such a tensor
    qfmt::io::Bytes bytes(static_cast<std::size_t>(*size));
    if (tensor.suffix == "weight_shape" && bytes.size() == 16 && reader.below(4) != 0) {
      std::int64_t const written[2] = {shape.rows, shape.cols};
      std::memcpy(bytes.data(), written, sizeof written);
    } else {
      auto const given = std::as_bytes(reader.bytes(bytes.size()));
      std::copy(given.begin(), given.end(), bytes.begin());
    }
    source.add("m." + tensor.suffix, tensor.dtype, tensor.shape, std::move(bytes));
  }

  if (reader.byte() == 1) {  // the order of columns, of layers that have been reordered
    auto const given = std::as_bytes(reader.bytes(static_cast<std::size_t>(shape.cols) * 4));
    qfmt::io::Bytes bytes(static_cast<std::size_t>(shape.cols) * 4);
    std::copy(given.begin(), given.end(), bytes.begin());
    source.add("m.weight_g_idx", qfmt::io::Dtype::I32, {static_cast<std::uint64_t>(shape.cols)},
               std::move(bytes));
  }
  return source;
}

/// The same in the tensors of a preset's layer.
template <class Preset>
samples::MemorySource spoilt_layer(Reader& reader) {
  constexpr auto format = qfmt::io::compressed_format<Preset>();
  qfmt::Shape const shape = shape_of_layer(reader);
  return spoilt_layer(qfmt::io::layer_tensors<typename Preset::Weights>(format, shape), shape,
                      reader);
}

template <class Preset>
void stored_layer(Reader reader) {
  using S = typename Preset::Weights;
  constexpr auto format = qfmt::io::compressed_format<Preset>();
  samples::MemorySource const source = spoilt_layer<Preset>(reader);
  auto const layer = qfmt::io::load_layer<S>(source, format, "m");
  if (!layer) {
    demand(layer.error().message.find("'m'") != std::string::npos, "an error names the layer");
    return demand_message(layer.error());
  }
  auto const stored = samples::stored<S>(format, "m", *layer);
  for (auto const& [name, tensor] : stored.tensors()) {
    auto const* const original = source.find(name);
    demand(original != nullptr && original->dtype == tensor.info.dtype &&
               original->shape == tensor.info.shape,
           "a layer is stored in the tensors that it comes from");
  }
  auto const again = qfmt::io::load_layer<S>(stored, format, "m");
  demand(again.ok(), "what is stored loads");
  demand(again->shape == layer->shape && again->codes == layer->codes &&
             again->zero_points == layer->zero_points,
         "codes and zero points stay");
  auto const twice = samples::stored<S>(format, "m", *again);
  demand(twice.tensors().size() == stored.tensors().size(), "tensors stay");
  for (auto const& [name, tensor] : twice.tensors())
    demand(stored.at(name).bytes == tensor.bytes, "storing is a fixpoint");
}

inline void compressed_layer(Input input) {
  namespace preset = qfmt::preset;
  constexpr std::array schemes = {
      stored_layer<preset::W3A16>,      stored_layer<preset::W4A16>,
      stored_layer<preset::W4A16_ASYM>, stored_layer<preset::W4A8>,
      stored_layer<preset::W8A8>,       stored_layer<preset::FP8>,
      stored_layer<preset::FP8_BLOCK>,  stored_layer<preset::NVFP4A16>,
      stored_layer<preset::MXFP4A16>,   stored_layer<preset::MXFP8A16>,
  };
  Reader reader{input};
  schemes[reader.below(schemes.size())](reader);
}

}  // namespace fuzz
