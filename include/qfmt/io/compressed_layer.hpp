// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <span>

#include <qfmt/io/compressed_format.hpp>
#include <qfmt/packing/word_order.hpp>
#include <qfmt/tensor/checks.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/result.hpp>

// The bytes of a quantized layer on disk, and back. Checkpoints are little-endian; so are the
// machines this runs on (asserted below).

namespace qfmt::io {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

using Bytes = std::vector<std::byte>;

namespace detail {

template <class T>
Bytes to_bytes(T const* first, std::size_t count) {
  Bytes bytes(count * sizeof(T));
  if (count != 0)
    std::memcpy(bytes.data(), first, bytes.size());
  return bytes;
}

/// Rows of codes, without the padding that they have in memory.
template <Scheme S>
Bytes packed_rows(QuantTensorView<S> w) {
  auto const row = static_cast<std::size_t>(packed_bytes<typename S::Format>(w.shape.cols));
  Bytes bytes(row * static_cast<std::size_t>(w.shape.rows));
  for (index_t r = 0; r < w.shape.rows; ++r)
    std::memcpy(bytes.data() + static_cast<std::size_t>(r) * row, w.codes + r * w.row_bytes, row);
  return bytes;
}

/// One signed byte for each value.
template <Scheme S>
Bytes byte_values(QuantTensorView<S> w) {
  Bytes bytes;
  bytes.reserve(static_cast<std::size_t>(w.shape.size()));
  for (index_t r = 0; r < w.shape.rows; ++r) {
    for (index_t c = 0; c < w.shape.cols; ++c)
      bytes.push_back(static_cast<std::byte>(S::Format::to_int(w.code(r, c).bits)));
  }
  return bytes;
}

/// Rows of codes as 32-bit words with an offset (packing/word_order.hpp).
template <Scheme S>
Bytes word_rows(QuantTensorView<S> w) {
  using F = typename S::Format;
  auto const words = static_cast<std::size_t>(DenseWords::words<F>(w.shape.cols));
  std::vector<uint32_t> out(words * static_cast<std::size_t>(w.shape.rows));
  std::vector<Code<F>> codes(static_cast<std::size_t>(w.shape.cols));
  for (index_t r = 0; r < w.shape.rows; ++r) {
    unpack<F>(w.codes + r * w.row_bytes, w.shape.cols, codes.data());
    DenseWords::store<F>(codes.data(), w.shape.cols,
                         out.data() + static_cast<std::size_t>(r) * words);
  }
  return to_bytes(out.data(), out.size());
}

/// Zero points as words that run down the columns.
template <Scheme S>
Bytes zero_point_words(QuantTensorView<S> w) {
  using F = typename S::Format;
  auto const rows = static_cast<std::size_t>(w.scale_shape.rows);
  auto const cols = static_cast<std::size_t>(w.scale_shape.cols);
  auto const words = static_cast<std::size_t>(DenseWords::words<F>(w.scale_shape.rows));
  std::vector<uint32_t> out(words * cols);
  std::vector<uint32_t> column(words);
  std::vector<Code<F>> codes(rows);
  for (std::size_t c = 0; c < cols; ++c) {
    for (std::size_t r = 0; r < rows; ++r) codes[r] = {F::from_int(w.zero_points[r * cols + c])};
    DenseWords::store<F>(codes.data(), w.scale_shape.rows, column.data());
    for (std::size_t k = 0; k < words; ++k) out[k * cols + c] = column[k];
  }
  return to_bytes(out.data(), out.size());
}

template <IntegerFormat F>
void load_words(WordOrder order, uint32_t const* in, index_t count, Code<F>* codes) {
  if (order == WordOrder::dense) {
    DenseWords::load<F>(in, count, codes);
  } else {
    WholeWords::load<F>(in, count, codes);
  }
}

/// The inverse of zero_point_words, for either order.
template <IntegerFormat F>
void zero_points_from_words(WordOrder order, std::span<std::byte const> bytes, Shape shape,
                            int16_t* zero_points) {
  auto const cols = static_cast<std::size_t>(shape.cols);
  std::vector<uint32_t> column(static_cast<std::size_t>(word_count(order, F::bits, shape.rows)));
  std::vector<Code<F>> codes(static_cast<std::size_t>(shape.rows));
  for (std::size_t c = 0; c < cols; ++c) {
    for (std::size_t k = 0; k < column.size(); ++k)
      std::memcpy(&column[k], bytes.data() + (k * cols + c) * 4, 4);
    load_words<F>(order, column.data(), shape.rows, codes.data());
    for (std::size_t r = 0; r < codes.size(); ++r)
      zero_points[r * cols + c] = static_cast<int16_t>(F::to_int(codes[r].bits));
  }
}

}  // namespace detail

/// The bytes of one tensor of a stored layer; `tensor` comes from layer_tensors().
/// Precondition: why_not_storable(w.shape) is empty.
template <Scheme S>
[[nodiscard]] Bytes layer_bytes(CompressedFormat format, LayerTensor const& tensor,
                                QuantTensorView<S> w) {
  if (tensor.suffix == "weight_scale")
    return detail::to_bytes(w.scales, static_cast<std::size_t>(w.scale_shape.size()));
  if (tensor.suffix == "weight_shape") {
    int64_t const shape[2] = {w.shape.rows, w.shape.cols};
    return detail::to_bytes(shape, 2);
  }
  if constexpr (S::has_global) {
    if (tensor.suffix == "weight_global_scale")
      return detail::to_bytes(&w.global.encode_scale, 1);
  }
  if constexpr (S::has_zero_point) {
    if (tensor.suffix == "weight_zero_point" && tensor.dtype == Dtype::I32)
      return detail::zero_point_words(w);
    if (tensor.suffix == "weight_zero_point") {
      Bytes bytes;
      for (index_t i = 0; i < w.scale_shape.size(); ++i)
        bytes.push_back(static_cast<std::byte>(w.zero_points[i]));
      return bytes;
    }
  }
  if constexpr (IntegerFormat<typename S::Format>) {
    return format == CompressedFormat::pack_quantized ? detail::word_rows(w)
                                                      : detail::byte_values(w);
  } else {
    return detail::packed_rows(w);
  }
}

/// Fills `w`, whose shape is set, with one tensor of a stored layer: the inverse of layer_bytes, for
/// either order of words.
/// Precondition: bytes.size() fits the tensor. Errors: code_out_of_range, zero_point_out_of_range,
/// nonfinite_scale, scale_negative, scale_zero (of a whole tensor), nonfinite_weight,
/// shape_mismatch; the message says where.
template <Scheme S>
[[nodiscard]] Result<void> fill_layer(CompressedFormat format, LayerTensor const& tensor,
                                      std::span<std::byte const> bytes, QuantTensor<S>& w,
                                      WordOrder order = WordOrder::dense) {
  using F = typename S::Format;
  auto const rows = static_cast<std::size_t>(w.shape.rows);
  if (tensor.suffix == "weight_scale") {
    std::memcpy(w.scales.data(), bytes.data(), bytes.size());
    for (std::size_t i = 0; i < w.scales.size(); ++i) {
      float const scale = to_float(w.scales[i]);
      bool negative = is_negative(scale);
      if constexpr (same_as<typename S::Stored, Code<UE4M3>>)
        negative = (w.scales[i].bits & 0x80) != 0;  // stored with the sign of E4M3
      if (is_finite(scale) && !negative)
        continue;
      auto const cols = static_cast<std::size_t>(w.scale_shape.cols);
      std::string const found = is_nan(scale)       ? "NaN"
                                : !is_finite(scale) ? "infinity"
                                                    : "a negative scale";
      return Error{is_finite(scale) ? Status::scale_negative : Status::nonfinite_scale,
                   "weight_scale, row " + std::to_string(i / cols) + ", column " +
                       std::to_string(i % cols) + ": got " + found +
                       ", expected a finite scale that is not negative"};
    }
    return {};
  }
  if (tensor.suffix == "weight_shape") {
    int64_t shape[2];
    std::memcpy(shape, bytes.data(), sizeof shape);
    if (shape[0] == w.shape.rows && shape[1] == w.shape.cols)
      return {};
    return Error{Status::shape_mismatch, "weight_shape: got " + std::to_string(shape[0]) + " x " +
                                             std::to_string(shape[1]) + ", expected " +
                                             std::to_string(w.shape.rows) + " x " +
                                             std::to_string(w.shape.cols)};
  }
  if constexpr (S::has_global) {
    if (tensor.suffix == "weight_global_scale") {
      std::memcpy(&w.global.encode_scale, bytes.data(), sizeof(float));
      float const found = w.global.encode_scale;
      Status const status = qfmt::detail::check_scale(found);
      if (status == Status::ok)
        return {};
      return Error{status, "weight_global_scale: got " + std::to_string(found) +
                               ", expected a finite positive number"};
    }
  }
  if constexpr (S::has_zero_point) {
    if (tensor.suffix == "weight_zero_point") {
      if (tensor.dtype != Dtype::I32) {
        for (std::size_t i = 0; i < w.zero_points.size(); ++i) {
          auto const value = static_cast<int8_t>(bytes[i]);
          if (value < F::min_int || value > F::max_int) {
            return Error{Status::zero_point_out_of_range,
                         "weight_zero_point, element " + std::to_string(i) + ": got " +
                             std::to_string(value) + ", expected a code of " + F::name};
          }
          w.zero_points[i] = value;
        }
        return {};
      }
      detail::zero_points_from_words<F>(order, bytes, w.scale_shape, w.zero_points.data());
      return {};
    }
  }

  // The codes themselves.
  if constexpr (IntegerFormat<F>) {
    std::vector<Code<F>> codes(static_cast<std::size_t>(w.shape.cols));
    std::vector<uint32_t> words(static_cast<std::size_t>(word_count(order, F::bits, w.shape.cols)));
    for (std::size_t r = 0; r < rows; ++r) {
      if (format == CompressedFormat::pack_quantized) {
        std::memcpy(words.data(), bytes.data() + r * words.size() * 4, words.size() * 4);
        detail::load_words<F>(order, words.data(), w.shape.cols, codes.data());
      } else {
        for (std::size_t c = 0; c < codes.size(); ++c) {
          auto const value = static_cast<int8_t>(bytes[r * codes.size() + c]);
          if (value < F::min_int || value > F::max_int) {
            return Error{Status::code_out_of_range,
                         "weight, row " + std::to_string(r) + ", column " + std::to_string(c) +
                             ": got " + std::to_string(value) + ", expected a code of " + F::name};
          }
          codes[c] = {F::from_int(value)};
        }
      }
      pack<F>(codes.data(), w.shape.cols, w.codes.data() + static_cast<index_t>(r) * w.row_bytes,
              w.row_bytes);
    }
  } else {
    auto const row = static_cast<std::size_t>(packed_bytes<F>(w.shape.cols));
    for (std::size_t r = 0; r < rows; ++r)
      std::memcpy(w.codes.data() + static_cast<index_t>(r) * w.row_bytes, bytes.data() + r * row,
                  row);
    if constexpr (F::has_nan) {
      for (index_t i = 0; i < w.shape.size(); ++i) {
        if (is_finite(decode(w.view().code(i / w.shape.cols, i % w.shape.cols))))
          continue;
        return Error{Status::nonfinite_weight, "row " + std::to_string(i / w.shape.cols) +
                                                   ", column " + std::to_string(i % w.shape.cols) +
                                                   ": got the code of NaN"};
      }
    }
  }
  return {};
}

}  // namespace qfmt::io
