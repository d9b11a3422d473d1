// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/io/activation_scale.hpp>
#include <qfmt/io/compressed_tensors.hpp>

namespace qfmt::io {

namespace detail {

/// The elements that a configuration can describe.
using DescribedElements = TypeList<INT2, INT3, INT4, INT5, INT6, INT7, INT8, E2M1, E2M3, E4M3>;

/// Calls `visit.template operator()<F>()` for the element of a description; false if there is none.
template <class Visitor>
bool visit_element(QuantizationArgs const& args, Visitor&& visit) {
  bool found = false;
  DescribedElements::for_each([&]<class F>() {
    if (F::bits != args.num_bits || IntegerFormat<F> != (args.type == "int"))
      return;
    found = true;
    visit.template operator()<F>();
  });
  return found;
}

}  // namespace detail

/// A stored weight of whatever scheme its configuration describes, as numbers: any group or block
/// size, zero points, either order of words, columns in the order of their activations. What a
/// preset can say, load_layer reads as a QuantTensor; this reads the rest, too, and needs no type.
///
/// It holds the codes as they are stored, and decodes a row when asked.
class DenseLayer {
 public:
  /// Reads a layer whose weights have this description.
  ///
  /// Errors: unsupported for a description that no format here has; checkpoint_incomplete,
  /// shape_mismatch, rank_unsupported, block_not_divisor, code_out_of_range,
  /// zero_point_out_of_range, nonfinite_scale, scale_negative; all name the layer.
  template <TensorSource Source>
  [[nodiscard]] static Result<DenseLayer> load(Source const& source,
                                               QuantizationArgs const& weights,
                                               CompressedFormat format, std::string const& module) {
    DenseLayer layer{weights, format, module};
    Result<void> done = layer.read_codes(source);
    if (done)
      done = layer.find_tiles();
    if (done)
      done = layer.read_scales(source);
    if (done)
      done = layer.read_zero_points(source);
    if (done)
      done = layer.read_column_order(source);
    if (!done)
      return done.error();
    return layer;
  }

  [[nodiscard]] Shape shape() const noexcept { return shape_; }
  /// The dtype of the scales where it is that of the model: F32, BF16 or F16.
  [[nodiscard]] std::optional<Dtype> real_dtype() const noexcept {
    return scale_dtype_ == Dtype::U8 || scale_dtype_ == Dtype::F8_E4M3
               ? std::nullopt
               : std::optional{scale_dtype_};
  }

  /// Row `row` as numbers: (code - zero_point) * scale, rounded once to binary32. Preconditions:
  /// 0 <= row < shape().rows, and `values` holds shape().cols numbers.
  ///
  /// Errors, naming row and column: code_out_of_range; nonfinite_weight for the code of NaN and for
  /// a number that binary32 does not hold; scale_zero (a real number, of a code that is not zero).
  [[nodiscard]] Result<void> decode_row(index_t row, std::span<float> values) const {
    Result<void> done;
    detail::visit_element(args_, [&]<class F>() { done = decode_row_of<F>(row, values); });
    return done;
  }

 private:
  DenseLayer(QuantizationArgs const& args, CompressedFormat format, std::string module)
      : args_{args}, format_{format}, module_{std::move(module)} {}

  [[nodiscard]] Error fail(Status status, std::string const& message) const {
    return {status, "layer " + quoted(module_) + ": " + message};
  }

  /// A tensor of the layer with this dtype and shape, in bytes.
  template <TensorSource Source>
  Result<Bytes> read(Source const& source, std::string const& suffix, Dtype dtype,
                     std::vector<uint64_t> const& shape) const {
    auto const* const info = source.find(module_ + "." + suffix);
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, suffix + " is missing");
    if (info->dtype != dtype || info->shape != shape) {
      return fail(Status::shape_mismatch, suffix + ": got " + name(info->dtype) + " " +
                                              to_string(info->shape) + ", expected " + name(dtype) +
                                              " " + to_string(shape));
    }
    return detail::read_bytes(source, module_ + "." + suffix);
  }

  [[nodiscard]] bool is_int() const { return args_.type == "int"; }
  [[nodiscard]] bool is_packed() const {
    return format_ == CompressedFormat::nvfp4_pack_quantized ||
           format_ == CompressedFormat::mxfp4_pack_quantized ||
           format_ == CompressedFormat::mxfp6_pack_quantized;
  }
  [[nodiscard]] bool has_words() const { return format_ == CompressedFormat::pack_quantized; }

  /// Whether the format can hold elements as described.
  [[nodiscard]] bool is_described() const {
    if (!detail::visit_element(args_, []<class F>() {}))
      return false;
    switch (format_) {
      case CompressedFormat::pack_quantized:
      case CompressedFormat::int_quantized:
        return is_int();
      case CompressedFormat::float_quantized:
        return !is_int() && args_.num_bits == 8;
      case CompressedFormat::naive_quantized:
        return is_int() || args_.num_bits == 8;
      case CompressedFormat::nvfp4_pack_quantized:
        return !is_int() && args_.num_bits == 4 && args_.strategy == "tensor_group";
      case CompressedFormat::mxfp4_pack_quantized:
        return !is_int() && args_.num_bits == 4 && args_.strategy == "group";
      case CompressedFormat::mxfp6_pack_quantized:
        return !is_int() && args_.num_bits == 6 && args_.strategy == "group";
      case CompressedFormat::mxfp8_quantized:
        return !is_int() && args_.num_bits == 8 && args_.strategy == "group";
    }
    return false;
  }

  template <TensorSource Source>
  Result<void> read_codes(Source const& source) {
    if (!is_described()) {
      return fail(Status::unsupported,
                  "got " + std::to_string(args_.num_bits) + "-bit " + args_.type + ", strategy " +
                      qfmt::quoted(args_.strategy) + ", in format " + name(format_));
    }
    std::string const suffix = has_words() || is_packed() ? "weight_packed" : "weight";
    auto const* const info = source.find(module_ + "." + suffix);
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, suffix + " is missing");
    if (info->shape.size() != 2)
      return fail(Status::rank_unsupported,
                  suffix + ": got shape " + to_string(info->shape) + ", expected two dimensions");
    Dtype const dtype = has_words()   ? Dtype::I32
                        : is_packed() ? Dtype::U8
                        : is_int()    ? Dtype::I8
                                      : Dtype::F8_E4M3;
    auto bytes = read(source, suffix, dtype, info->shape);
    if (!bytes)
      return bytes.error();
    codes_ = *std::move(bytes);
    auto const stored_cols = static_cast<index_t>(info->shape[1]);
    shape_ = {static_cast<index_t>(info->shape[0]),
              is_packed() ? stored_cols * 8 / args_.num_bits : stored_cols};
    if (is_packed() && shape_.cols * args_.num_bits != stored_cols * 8)
      return fail(Status::shape_mismatch, suffix + ": got " + std::to_string(stored_cols) +
                                              " bytes in a row, expected whole codes");
    if (!has_words())
      return {};
    return read_shape(source, stored_cols);
  }

  template <TensorSource Source>
  Result<void> read_shape(Source const& source, index_t words) {
    auto const bytes = read(source, "weight_shape", Dtype::I64, {2});
    if (!bytes)
      return bytes.error();
    int64_t stored[2];
    std::memcpy(stored, bytes->data(), sizeof stored);
    auto const order = stored[1] > 0 && stored[1] < (int64_t{1} << 40)
                           ? word_order_of(words, args_.num_bits, stored[1])
                           : std::nullopt;
    if (stored[0] != shape_.rows || !order)
      return fail(Status::shape_mismatch,
                  "weight_shape: got " + std::to_string(stored[0]) + " x " +
                      std::to_string(stored[1]) + ", which does not fit weight_packed [" +
                      std::to_string(shape_.rows) + ", " + std::to_string(words) + "]");
    order_ = *order;
    shape_.cols = stored[1];
    return {};
  }

  Result<void> find_tiles() {
    if (shape_.rows <= 0 || shape_.cols <= 0)
      return fail(Status::shape_mismatch, "got an empty weight");
    if (args_.strategy == "tensor") {
      tile_ = shape_;
    } else if (args_.strategy == "channel") {
      tile_ = {1, shape_.cols};
    } else if (args_.group()) {
      tile_ = {1, *args_.group()};
      if (shape_.cols % tile_.cols != 0)
        return fail(Status::block_not_divisor, "got " + std::to_string(shape_.cols) +
                                                   " columns, expected a multiple of " +
                                                   std::to_string(tile_.cols));
    } else if (args_.block_structure) {
      auto const [rows, cols] = *args_.block_structure;
      if (rows <= 0 || cols <= 0)
        return fail(Status::unsupported, "got blocks of " + std::to_string(rows) + " x " +
                                             std::to_string(cols) + ", expected positive sizes");
      tile_ = {(std::min)(rows, shape_.rows), (std::min)(cols, shape_.cols)};
    } else {
      return fail(Status::unsupported,
                  "got strategy " + qfmt::quoted(args_.strategy) + " of a weight");
    }
    scale_shape_ = {ceil_div(shape_.rows, tile_.rows), ceil_div(shape_.cols, tile_.cols)};
    return {};
  }

  /// The shape in which a value for each tile is stored.
  [[nodiscard]] std::vector<uint64_t> stored_tiles() const {
    if (args_.strategy == "tensor")
      return {1};
    return {static_cast<uint64_t>(scale_shape_.rows), static_cast<uint64_t>(scale_shape_.cols)};
  }

  template <TensorSource Source>
  Result<void> read_scales(Source const& source) {
    auto const* const info = source.find(module_ + ".weight_scale");
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, "weight_scale is missing");
    bool const is_nvfp4 = format_ == CompressedFormat::nvfp4_pack_quantized;
    bool const is_mx = (is_packed() && !is_nvfp4) || format_ == CompressedFormat::mxfp8_quantized;
    bool const is_real =
        info->dtype == Dtype::F32 || info->dtype == Dtype::BF16 || info->dtype == Dtype::F16;
    scale_dtype_ = is_mx      ? Dtype::U8
                   : is_nvfp4 ? Dtype::F8_E4M3
                   : is_real  ? info->dtype
                              : Dtype::BF16;
    auto const bytes = read(source, "weight_scale", scale_dtype_, stored_tiles());
    if (!bytes)
      return bytes.error();
    if (is_real) {
      scales_ = *detail::real_values(*bytes, info->dtype);
    } else {
      for (std::byte const byte : *bytes) {
        auto const code = static_cast<uint8_t>(byte);
        scales_.push_back(is_mx ? decode(Code<E8M0>{code}) : decode(Code<E4M3>{code}));
      }
    }
    for (std::size_t i = 0; i < scales_.size(); ++i) {
      if (is_finite(scales_[i]) && !is_negative(scales_[i]))
        continue;
      return fail(is_finite(scales_[i]) ? Status::scale_negative : Status::nonfinite_scale,
                  "weight_scale, element " + std::to_string(i) + ": got " +
                      std::to_string(scales_[i]) +
                      ", expected a finite scale that is not negative");
    }
    return is_nvfp4 ? read_global(source) : Result<void>{};
  }

  template <TensorSource Source>
  Result<void> read_global(Source const& source) {
    auto const bytes = read(source, "weight_global_scale", Dtype::F32, {1});
    if (!bytes)
      return bytes.error();
    float const global = detail::real_values(*bytes, Dtype::F32)->front();
    if (auto const valid = qfmt::detail::check_global<BlockScheme<NVFP4>>({global}); !valid)
      return fail(valid.status(), "weight_global_scale, " + valid.error().message);
    for (float& scale : scales_) scale /= global;
    return {};
  }

  template <TensorSource Source>
  Result<void> read_zero_points(Source const& source) {
    if (args_.symmetric)
      return {};
    bool const in_words = has_words() && (args_.strategy == "group" || args_.strategy == "channel");
    auto shape = stored_tiles();
    if (in_words)
      shape[0] = static_cast<uint64_t>(word_count(order_, args_.num_bits, scale_shape_.rows));
    auto const bytes = read(source, "weight_zero_point", in_words ? Dtype::I32 : Dtype::I8, shape);
    if (!bytes)
      return bytes.error();
    zero_points_.resize(scales_.size());
    if (in_words) {
      detail::visit_element(args_, [&]<class F>() {
        if constexpr (IntegerFormat<F>)
          detail::zero_points_from_words<F>(order_, *bytes, scale_shape_, zero_points_.data());
      });
      return {};
    }
    int const limit = 1 << (args_.num_bits - 1);
    for (std::size_t i = 0; i < zero_points_.size(); ++i) {
      zero_points_[i] = static_cast<int8_t>((*bytes)[i]);
      if (zero_points_[i] < -limit || zero_points_[i] >= limit)
        return fail(Status::zero_point_out_of_range,
                    "weight_zero_point, element " + std::to_string(i) + ": got " +
                        std::to_string(zero_points_[i]) + ", expected a code of " +
                        std::to_string(args_.num_bits) + " bits");
    }
    return {};
  }

  template <TensorSource Source>
  Result<void> read_column_order(Source const& source) {
    tile_col_.resize(static_cast<std::size_t>(shape_.cols));
    for (std::size_t c = 0; c < tile_col_.size(); ++c)
      tile_col_[c] = static_cast<int32_t>(static_cast<index_t>(c) / tile_.cols);
    if (!args_.group() || source.find(module_ + ".weight_g_idx") == nullptr)
      return {};
    auto const bytes =
        read(source, "weight_g_idx", Dtype::I32, {static_cast<uint64_t>(shape_.cols)});
    if (!bytes)
      return bytes.error();
    for (std::size_t c = 0; c < tile_col_.size(); ++c) {
      int32_t group = 0;
      std::memcpy(&group, bytes->data() + 4 * c, 4);
      if (group == -1)  // never set: columns in their own order
        continue;
      if (group < 0 || group >= scale_shape_.cols)
        return fail(Status::shape_mismatch, "weight_g_idx, column " + std::to_string(c) + ": got " +
                                                std::to_string(group) + ", expected one of " +
                                                std::to_string(scale_shape_.cols) + " groups");
      tile_col_[c] = group;
    }
    return {};
  }

  template <ElementFormat F>
  Result<void> decode_row_of(index_t row, std::span<float> values) const {
    std::vector<Code<F>> codes(static_cast<std::size_t>(shape_.cols));
    if (auto done = codes_of_row<F>(row, codes); !done)
      return done;
    index_t const first = row / tile_.rows * scale_shape_.cols;
    for (std::size_t c = 0; c < codes.size(); ++c) {
      auto const tile = static_cast<std::size_t>(first + tile_col_[c]);
      float grid = decode(codes[c]);
      if (!zero_points_.empty())
        grid -= static_cast<float>(zero_points_[tile]);
      values[c] = grid * scales_[tile];
      if (scales_[tile] == 0.0f && grid != 0.0f && real_dtype())
        return fail(Status::scale_zero, "row " + std::to_string(row) + ", column " +
                                            std::to_string(c) +
                                            ": got a scale of zero under a code that is not zero");
      if (!is_finite(values[c]))
        return fail(Status::nonfinite_weight,
                    "row " + std::to_string(row) + ", column " + std::to_string(c) +
                        (is_finite(grid) ? ": got a scale under which binary32 overflows"
                                         : ": got the code of NaN"));
    }
    return {};
  }

  template <ElementFormat F>
  Result<void> codes_of_row(index_t row, std::vector<Code<F>>& codes) const {
    auto const row_bytes = codes_.size() / static_cast<std::size_t>(shape_.rows);
    std::byte const* const bytes = codes_.data() + static_cast<std::size_t>(row) * row_bytes;
    if constexpr (IntegerFormat<F>) {
      if (has_words()) {
        std::vector<uint32_t> words(row_bytes / 4);
        std::memcpy(words.data(), bytes, row_bytes);
        detail::load_words<F>(order_, words.data(), shape_.cols, codes.data());
        return {};
      }
      for (std::size_t c = 0; c < codes.size(); ++c) {
        auto const value = static_cast<int8_t>(bytes[c]);
        if (value < F::min_int || value > F::max_int)
          return fail(Status::code_out_of_range,
                      "row " + std::to_string(row) + ", column " + std::to_string(c) + ": got " +
                          std::to_string(value) + ", expected a code of " + F::name);
        codes[c] = {F::from_int(value)};
      }
    } else {
      unpack<F>(reinterpret_cast<uint8_t const*>(bytes), shape_.cols, codes.data());
    }
    return {};
  }

  QuantizationArgs args_;
  CompressedFormat format_;
  std::string module_;
  Shape shape_{};
  Shape tile_{};
  Shape scale_shape_{};
  WordOrder order_ = WordOrder::dense;
  Bytes codes_;
  Dtype scale_dtype_ = Dtype::BF16;
  std::vector<float> scales_;         // scale_shape, the tensor's part included
  std::vector<int16_t> zero_points_;  // scale_shape, or empty
  std::vector<int32_t> tile_col_;     // of each column
};

}  // namespace qfmt::io
