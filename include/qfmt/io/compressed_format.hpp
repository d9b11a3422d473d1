// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qfmt/io/tensor_info.hpp>
#include <qfmt/tensor/presets.hpp>

namespace qfmt::io {

/// How compressed-tensors lays out the tensors of a quantized layer. The values of "format" in its
/// configuration are the names.
enum class CompressedFormat : uint8_t {
  pack_quantized,
  int_quantized,
  float_quantized,
  naive_quantized,
  nvfp4_pack_quantized,
  mxfp4_pack_quantized,
  mxfp6_pack_quantized,
  mxfp8_quantized,
};

inline constexpr int compressed_format_count = 8;

constexpr char const* name(CompressedFormat format) noexcept {
  switch (format) {
    case CompressedFormat::pack_quantized:
      return "pack-quantized";
    case CompressedFormat::int_quantized:
      return "int-quantized";
    case CompressedFormat::float_quantized:
      return "float-quantized";
    case CompressedFormat::naive_quantized:
      return "naive-quantized";
    case CompressedFormat::nvfp4_pack_quantized:
      return "nvfp4-pack-quantized";
    case CompressedFormat::mxfp4_pack_quantized:
      return "mxfp4-pack-quantized";
    case CompressedFormat::mxfp6_pack_quantized:
      return "mxfp6-pack-quantized";
    case CompressedFormat::mxfp8_quantized:
      return "mxfp8-quantized";
  }
  return "unknown";
}

/// The format of that name, or nothing.
[[nodiscard]] inline std::optional<CompressedFormat> find_format(std::string_view text) noexcept {
  for (int i = 0; i < compressed_format_count; ++i) {
    if (auto const format = static_cast<CompressedFormat>(i); text == name(format))
      return format;
  }
  return {};
}

/// Why a checkpoint cannot hold a scheme; null if it can. A compressed-tensors configuration knows
/// elements by their kind and width alone: integers, E2M1, E2M3 and E4M3.
template <Scheme S>
[[nodiscard]] constexpr char const* why_not_described() noexcept {
  using F = typename S::Format;
  if constexpr (IntegerFormat<F>) {
    if (F::is_signed && F::spec.fraction_bits == 0 && !same_as<typename S::Stored, Code<E8M0>>)
      return nullptr;
    return "compressed-tensors knows signed integers under real scales, and no other ones";
  } else if constexpr (FloatFormat<F>) {
    if (same_as<F, E2M1> || same_as<F, E2M3> || same_as<F, E4M3>)
      return nullptr;
    return F::bits == 8   ? "an 8-bit float of compressed-tensors is E4M3"
           : F::bits == 6 ? "a 6-bit float of compressed-tensors is E2M3"
                          : "compressed-tensors has no such float";
  } else {
    return "compressed-tensors has no codebooks";
  }
}

/// The format that the package infers for a layer. Integer weights with quantized activations are
/// stored one byte for each value, whatever their width.
template <class Layer>
[[nodiscard]] constexpr CompressedFormat compressed_format() noexcept {
  using W = typename Layer::Weights;
  using F = typename W::Format;
  static_assert(why_not_described<W>() == nullptr, "a checkpoint cannot hold these weights");
  constexpr bool weights_only = same_as<typename Layer::InputActivations, void>;
  if constexpr (IntegerFormat<F>) {
    return weights_only ? CompressedFormat::pack_quantized : CompressedFormat::int_quantized;
  } else if constexpr (F::bits == 4) {
    return W::has_global ? CompressedFormat::nvfp4_pack_quantized
                         : CompressedFormat::mxfp4_pack_quantized;
  } else if constexpr (F::bits == 6) {
    return CompressedFormat::mxfp6_pack_quantized;
  } else if constexpr (same_as<typename W::Stored, Code<E8M0>>) {
    return CompressedFormat::mxfp8_quantized;
  } else {
    return weights_only ? CompressedFormat::naive_quantized : CompressedFormat::float_quantized;
  }
}

/// Whether a layer may also be stored in another format than the inferred one: integers are packed
/// or not, and the formats of one value in a byte differ in name alone.
template <class Layer>
[[nodiscard]] constexpr bool fits(CompressedFormat format) noexcept {
  constexpr CompressedFormat inferred = compressed_format<Layer>();
  if constexpr (IntegerFormat<typename Layer::Weights::Format>) {
    return format == CompressedFormat::pack_quantized ||
           format == CompressedFormat::int_quantized || format == CompressedFormat::naive_quantized;
  } else if constexpr (inferred == CompressedFormat::float_quantized ||
                       inferred == CompressedFormat::naive_quantized) {
    return format == CompressedFormat::float_quantized ||
           format == CompressedFormat::naive_quantized;
  } else {
    return format == inferred;
  }
}

/// How codes are packed into 32-bit words: as one bit stream, or as compressed-tensors did before
/// May 2026 (packing/word_order.hpp). They differ for 3, 5, 6 and 7 bits.
enum class WordOrder : uint8_t { dense, whole };

/// The words that a row of this many codes takes.
[[nodiscard]] constexpr index_t word_count(WordOrder order, int bits, index_t count) noexcept {
  return order == WordOrder::dense ? ceil_div(count * bits, 32) : ceil_div(count, 32 / bits);
}

/// The order in which rows of `count` codes are packed, from the number of their words; nothing if
/// neither takes as many. Where both take as many (rows of a few words), the dense one.
[[nodiscard]] constexpr std::optional<WordOrder> word_order_of(index_t words, int bits,
                                                               index_t count) noexcept {
  for (WordOrder const order : {WordOrder::dense, WordOrder::whole}) {
    if (words == word_count(order, bits, count))
      return order;
  }
  return {};
}

/// One tensor of a stored layer: its name behind the layer's ("weight_scale"), dtype and shape.
struct LayerTensor {
  std::string suffix;
  Dtype dtype;
  std::vector<uint64_t> shape;
};

/// The dtype in which scales kept as T are stored.
template <class T>
[[nodiscard]] constexpr Dtype stored_dtype() noexcept {
  if constexpr (same_as<T, float>) {
    return Dtype::F32;
  } else if constexpr (same_as<T, Code<BF16>>) {
    return Dtype::BF16;
  } else if constexpr (same_as<T, Code<FP16>>) {
    return Dtype::F16;
  } else if constexpr (same_as<T, Code<UE4M3>>) {
    return Dtype::F8_E4M3;
  } else {
    static_assert(same_as<T, Code<E8M0>>);
    return Dtype::U8;
  }
}

/// The tensors of a layer with a weight of this shape, in the order in which they are described
/// here:
///
///     pack-quantized        weight_packed I32 (N, ceil(K*b/32)), weight_shape I64 (2), weight_scale,
///                           weight_zero_point if asymmetric: I32 (ceil(N*b/32), K/group), packed
///                           along the columns, where rows have scales of their own; else I8
///     int, float, naive     weight I8 or F8_E4M3 (N, K), weight_scale,
///                           weight_zero_point I8 if asymmetric
///     nvfp4-pack-quantized  weight_packed U8 (N, K/2), weight_global_scale F32 (1),
///                           weight_scale F8_E4M3 (N, K/16)
///     mxfp4-pack-quantized  weight_packed U8 (N, K/2), weight_scale U8 (N, K/32)
///     mxfp6-pack-quantized  weight_packed U8 (N, 3K/4), weight_scale U8 (N, K/32)
///     mxfp8-quantized       weight F8_E4M3 (N, K), weight_scale U8 (N, K/32)
///
/// Scales of a whole tensor have the shape (1); all others the shape of the tiling.
template <Scheme S>
[[nodiscard]] std::vector<LayerTensor> layer_tensors(CompressedFormat format, Shape weight,
                                                     WordOrder order = WordOrder::dense) {
  using G = typename S::Granularity;
  constexpr auto size = [](index_t n) { return static_cast<uint64_t>(n); };
  constexpr int bits = S::Format::bits;
  Shape const scales = G::scale_shape(weight);
  std::vector<LayerTensor> tensors;
  switch (format) {
    case CompressedFormat::pack_quantized:
      tensors.push_back({"weight_packed",
                         Dtype::I32,
                         {size(weight.rows), size(word_count(order, bits, weight.cols))}});
      tensors.push_back({"weight_shape", Dtype::I64, {2}});
      break;
    case CompressedFormat::int_quantized:
    case CompressedFormat::float_quantized:
    case CompressedFormat::naive_quantized:
    case CompressedFormat::mxfp8_quantized:
      tensors.push_back({"weight",
                         IntegerFormat<typename S::Format> ? Dtype::I8 : Dtype::F8_E4M3,
                         {size(weight.rows), size(weight.cols)}});
      break;
    case CompressedFormat::nvfp4_pack_quantized:
      tensors.push_back({"weight_packed", Dtype::U8, {size(weight.rows), size(weight.cols / 2)}});
      tensors.push_back({"weight_global_scale", Dtype::F32, {1}});
      break;
    case CompressedFormat::mxfp4_pack_quantized:
    case CompressedFormat::mxfp6_pack_quantized:
      tensors.push_back(
          {"weight_packed", Dtype::U8, {size(weight.rows), size(weight.cols * bits / 8)}});
      break;
  }
  bool const one_scale = G::rows == whole && G::cols == whole;
  tensors.push_back({"weight_scale", stored_dtype<typename S::Stored>(),
                     one_scale ? std::vector<uint64_t>{1}
                               : std::vector<uint64_t>{size(scales.rows), size(scales.cols)}});
  if (S::has_zero_point) {
    bool const packed = format == CompressedFormat::pack_quantized && G::rows == 1;
    tensors.push_back(
        {"weight_zero_point",
         packed ? Dtype::I32 : Dtype::I8,
         {size(packed ? word_count(order, bits, scales.rows) : scales.rows), size(scales.cols)}});
  }
  return tensors;
}

/// What makes a weight impossible to store under S: empty if nothing does. A checkpoint has no room
/// for a partial group, although tensors in memory have.
template <Scheme S>
[[nodiscard]] std::string why_not_storable(Shape weight) {
  using G = typename S::Granularity;
  std::string const found =
      "got " + std::to_string(weight.rows) + " x " + std::to_string(weight.cols) + ", expected ";
  if (weight.rows <= 0 || weight.cols <= 0)
    return found + "a weight that is not empty";
  if (G::rows == 1 && G::cols != whole && weight.cols % G::cols != 0) {
    return found + "a multiple of " + std::to_string(G::cols) + " columns";
  }
  if (FloatFormat<typename S::Format> && S::Format::bits == 4 && weight.cols % 2 != 0)
    return found + "an even number of columns";
  return {};
}

}  // namespace qfmt::io
