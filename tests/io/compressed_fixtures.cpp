// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Layers that the compressed-tensors package has written, and what it reads back from them. Belongs
// to compressed_tensors.hpp; on its own because it takes long to compile.

#include <cstring>
#include <doctest/doctest.h>
#include <support/environment.hpp>

#include <qfmt/io/compressed_tensors.hpp>

#include "memory_source.hpp"

using qfmt::BF16;
using qfmt::Code;
using qfmt::FP16;
using qfmt::io::Bytes;
using qfmt::io::compressed_format;
using samples::MemorySource;
namespace preset = qfmt::preset;

namespace {

/// Compares the layers of a checkpoint with the weights that the package reads from it, bit by bit:
/// the number of elements if all are equal, else -1.
template <class Preset, qfmt::Real Scales, qfmt::Real Expected>
int equal_elements(MemorySource const& model, MemorySource const& expected) {
  using S = qfmt::with_stored_scale<typename Preset::Weights, Scales>;
  int count = 0;
  for (auto const& [name, tensor] : expected.tensors()) {
    std::string const module = name.substr(0, name.size() - std::strlen(".weight"));
    auto const layer = qfmt::io::load_layer<S>(model, compressed_format<Preset>(), module);
    if (!layer)
      return -1;
    auto const view = layer->view();
    auto const rows = static_cast<uint64_t>(view.shape.rows);
    auto const cols = static_cast<uint64_t>(view.shape.cols);
    if (tensor.info.shape != std::vector<uint64_t>{rows, cols})
      return -1;
    std::byte const* at = tensor.bytes.data();
    for (qfmt::index_t i = 0; i < view.shape.size(); ++i, ++count, at += sizeof(Expected)) {
      float const value = view(i / view.shape.cols, i % view.shape.cols);
      Expected const rounded = qfmt::from_float<Expected>(value);
      if (std::memcmp(&rounded, at, sizeof rounded) != 0)
        return -1;
    }
  }
  return count;
}

void swap_nibbles(Bytes& bytes) {
  for (std::byte& byte : bytes) byte = byte << 4 | byte >> 4;
}

void reverse(Bytes& bytes) {
  std::reverse(bytes.begin(), bytes.end());
}

template <class Scale>
void rotate_scales(Bytes& bytes) {
  std::rotate(bytes.begin(), bytes.begin() + std::ptrdiff_t{sizeof(Scale)}, bytes.end());
}

void invert(Bytes& bytes) {
  float value = 0.0f;
  std::memcpy(&value, bytes.data(), sizeof value);
  value = 1.0f / value;
  std::memcpy(bytes.data(), &value, sizeof value);
}

/// A checkpoint of the package loads and means what the package says; with one tensor spoiled in
/// one of the ways in which readers go wrong, it does not.
template <class Preset, qfmt::Real Scales, qfmt::Real Expected>
void check() {
  CAPTURE(Preset::name);
  auto const folder = qfmt::test::fixtures() / "compressed_tensors" / Preset::name;
  MemorySource const model{folder / "model.safetensors"};
  MemorySource const expected{folder / "expected.safetensors"};
  CHECK(equal_elements<Preset, Scales, Expected>(model, expected) > 500);

  auto const is_equal_with = [&](std::string const& tensor, void (*spoil)(Bytes&)) {
    MemorySource spoiled = model;
    if (!spoiled.contains("model.layers.0." + tensor))
      return false;
    spoil(spoiled.at("model.layers.0." + tensor).bytes);
    return equal_elements<Preset, Scales, Expected>(spoiled, expected) != -1;
  };
  using Stored = typename qfmt::with_stored_scale<typename Preset::Weights, Scales>::Stored;
  CHECK_FALSE(is_equal_with("self_attn.q_proj.weight_packed", swap_nibbles));
  CHECK_FALSE(is_equal_with("self_attn.q_proj.weight", swap_nibbles));
  CHECK_FALSE(is_equal_with("self_attn.q_proj.weight_packed", reverse));
  bool const has_several =
      model.at("model.layers.0.self_attn.q_proj.weight_scale").bytes.size() > sizeof(Stored);
  CHECK(is_equal_with("self_attn.q_proj.weight_scale", rotate_scales<Stored>) == !has_several);
  CHECK_FALSE(is_equal_with("self_attn.q_proj.weight_zero_point", reverse));
  CHECK_FALSE(is_equal_with("mlp.gate_proj.weight_global_scale", invert));
}

}  // namespace

TEST_CASE("checkpoints of the package mean what the package reads from them") {
  // INT and FP8 in the type of the scales, the block formats in BF16.
  check<preset::NVFP4A16, float, Code<BF16>>();
  check<preset::MXFP4, float, Code<BF16>>();
  check<preset::MXFP8, float, Code<BF16>>();
  check<preset::FP8_DYNAMIC, float, float>();
  check<preset::FP8_BLOCK, Code<BF16>, Code<BF16>>();
  check<preset::W8A8, Code<FP16>, Code<FP16>>();
  check<preset::W4A16, Code<BF16>, Code<BF16>>();
  check<preset::W4A16_ASYM, Code<BF16>, Code<BF16>>();
  check<preset::FP8, Code<FP16>, Code<FP16>>();
  check<preset::NVFP4, float, Code<BF16>>();
  check<preset::MXFP6A16, float, Code<BF16>>();
  check<preset::W3A16, float, float>();
}
