// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include <qfmt/io/activation_scale.hpp>
#include <qfmt/io/awq_gptq_config.hpp>
#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/tensor_source.hpp>

namespace qfmt::io {

namespace detail {

/// Adds code `code` as number `i` of a row of codes that is one stream of bits.
inline void put_bits(uint32_t* words, index_t i, int bits, uint32_t code) noexcept {
  index_t const first = i * bits;
  uint64_t const shifted = uint64_t{code} << (first % 32);
  words[first / 32] |= static_cast<uint32_t>(shifted);
  if (first % 32 + bits > 32)
    words[first / 32 + 1] |= static_cast<uint32_t>(shifted >> 32);
}

/// Number `i` of codes that are one stream of bits in words `stride` apart.
inline uint32_t get_bits(uint32_t const* words, index_t stride, index_t i, int bits) noexcept {
  index_t const first = i * bits;
  uint64_t window = words[first / 32 * stride];
  if (first % 32 + bits > 32)
    window |= uint64_t{words[(first / 32 + 1) * stride]} << 32;
  return static_cast<uint32_t>(window >> (first % 32)) & ((1u << bits) - 1);
}

}  // namespace detail

/// One layer of a checkpoint of AutoAWQ or of GPTQ's tools, as compressed-tensors would store it in
/// "pack-quantized": the same codes, scales and zero points in other places. A TensorSource of that
/// layer, for load_layer and DenseLayer.
///
///     there                                              here
///     qweight  AWQ   I32 (K, N/8)                        weight_packed      I32 (N, ceil(K*b/32))
///              GPTQ  I32 (K*b/32, N)                     weight_shape       I64 (2)
///     scales         F16, BF16 or F32 (K/group, N)       weight_scale       (N, K/group)
///     qzeros   AWQ   I32 (K/group, N/8)                  weight_zero_point  I32 (ceil(N*b/32), K/group)
///              GPTQ  I32 (K/group, N*b/32)
///     g_idx          I32 (K)                             weight_g_idx       I32 (K)
///
/// Weight (n, k) is (code - zero point) * scale, both unsigned there and less 2^(b-1) here. There
/// are no zero points here where the configuration says symmetric, and no weight_g_idx where groups
/// are of neighbours.
class AwqGptqLayer {
 public:
  /// Reads and rearranges a layer.
  ///
  /// Errors, which name the layer: checkpoint_incomplete; shape_mismatch; block_not_divisor where
  /// inputs are not whole groups; unknown_dtype of scales; checkpoint_ambiguous where the zero points
  /// are not those of a symmetric layer, although the configuration says so, as happens when it names
  /// the other of GPTQ's formats; unsupported for groups of other inputs than neighbours without
  /// "desc_act".
  template <TensorSource Source>
  [[nodiscard]] static Result<AwqGptqLayer> load(Source const& source, AwqGptqConfig const& config,
                                                 std::string const& module) {
    AwqGptqLayer layer{config, module};
    Result<void> done = layer.find_shape(source);
    if (done)
      done = layer.read_groups(source);
    if (done)
      done = layer.read_codes(source);
    if (done)
      done = layer.read_scales(source);
    if (done)
      done = layer.read_zero_points(source);
    if (!done)
      return done.error();
    return layer;
  }

  [[nodiscard]] Shape shape() const noexcept { return shape_; }
  [[nodiscard]] bool is_reordered() const noexcept { return is_reordered_; }
  [[nodiscard]] std::vector<StoredTensor> const& stored() const noexcept { return stored_; }

  // What a TensorSource has.

  [[nodiscard]] TensorInfo const* find(std::string const& tensor) const noexcept {
    for (TensorInfo const& info : infos_) {
      if (info.name == tensor)
        return &info;
    }
    return nullptr;
  }
  /// Precondition: the tensor is one that find() gave.
  [[nodiscard]] Result<void> read(TensorInfo const& tensor, std::span<std::byte> into) const {
    Bytes const& bytes = stored_[static_cast<std::size_t>(&tensor - infos_.data())].bytes;
    if (bytes.size() != into.size())
      return fail(Status::size_mismatch, tensor.name);
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return {};
  }

 private:
  AwqGptqLayer(AwqGptqConfig const& config, std::string module)
      : config_{config}, module_{std::move(module)} {}

  [[nodiscard]] Error fail(Status status, std::string const& message) const {
    return {status, "layer " + quoted(module_) + ": " + message};
  }
  /// A tensor of 32-bit words, of this shape.
  template <TensorSource Source>
  Result<std::vector<uint32_t>> words(Source const& source, char const* leaf, index_t rows,
                                      index_t cols) const {
    auto const* const info = source.find(module_ + "." + leaf);
    std::vector<uint64_t> const shape{static_cast<uint64_t>(rows), static_cast<uint64_t>(cols)};
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, std::string{leaf} + " is missing");
    if (info->dtype != Dtype::I32 || info->shape != shape)
      return fail(Status::shape_mismatch, std::string{leaf} + ": got " + name(info->dtype) + " " +
                                              to_string(info->shape) + ", expected I32 " +
                                              to_string(shape));
    std::vector<uint32_t> words(static_cast<std::size_t>(rows * cols));
    if (auto read = source.read(*info, std::as_writable_bytes(std::span{words})); !read)
      return read.error();
    return words;
  }

  /// From qweight, which does not say how many of its bits are meant: those that fill its words.
  template <TensorSource Source>
  Result<void> find_shape(Source const& source) {
    auto const* const info = source.find(module_ + ".qweight");
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, "qweight is missing");
    if (info->shape.size() != 2 || info->shape[0] == 0 || info->shape[1] == 0)
      return fail(Status::shape_mismatch,
                  "qweight: got " + to_string(info->shape) + ", expected a matrix");
    auto const rows = static_cast<index_t>(info->shape[0]);
    auto const cols = static_cast<index_t>(info->shape[1]);
    shape_ = config_.is_awq ? Shape{cols * 8, rows} : Shape{cols, rows * 32 / config_.bits};
    index_t const group = config_.group_size > 0 ? config_.group_size : shape_.cols;
    if (shape_.cols % group != 0)
      return fail(Status::block_not_divisor, "got " + std::to_string(shape_.cols) +
                                                 " inputs, expected a multiple of " +
                                                 std::to_string(group));
    groups_ = shape_.cols / group;
    return {};
  }

  template <TensorSource Source>
  Result<void> read_groups(Source const& source) {
    auto const* const info = source.find(module_ + ".g_idx");
    if (info == nullptr)
      return {};
    if (info->dtype != Dtype::I32 ||
        info->shape != std::vector<uint64_t>{static_cast<uint64_t>(shape_.cols)})
      return fail(Status::shape_mismatch, std::string{"g_idx: got "} + name(info->dtype) + " " +
                                              to_string(info->shape) + ", expected I32 [" +
                                              std::to_string(shape_.cols) + "]");
    std::vector<int32_t> of_input(static_cast<std::size_t>(shape_.cols));
    if (auto read = source.read(*info, std::as_writable_bytes(std::span{of_input})); !read)
      return read;
    for (index_t k = 0; k < shape_.cols; ++k) {
      auto const group = of_input[static_cast<std::size_t>(k)];
      if (group < 0 || group >= groups_)
        return fail(Status::shape_mismatch, "g_idx, input " + std::to_string(k) + ": got " +
                                                std::to_string(group) + ", expected one of " +
                                                std::to_string(groups_) + " groups");
      is_reordered_ = is_reordered_ || group != k / (shape_.cols / groups_);
    }
    if (is_reordered_ && !config_.reordered)
      return fail(Status::unsupported,
                  "g_idx: got groups of inputs that are no neighbours, expected none without "
                  "\"desc_act\"");
    group_bytes_ = detail::to_bytes(of_input.data(), of_input.size());
    return {};
  }

  template <TensorSource Source>
  Result<void> read_codes(Source const& source) {
    auto const [n, k] = shape_;
    int const bits = config_.bits;
    auto const in = config_.is_awq ? words(source, "qweight", k, n / 8)
                                   : words(source, "qweight", ceil_div(k * bits, 32), n);
    if (!in)
      return in.error();
    index_t const row_words = word_count(WordOrder::dense, bits, k);
    std::vector<uint32_t> out(static_cast<std::size_t>(n * row_words));
    for (index_t row = 0; row < n; ++row) {
      for (index_t col = 0; col < k; ++col) {
        uint32_t code = 0;
        if (config_.is_awq) {
          WordPlace const place = AwqOrder::place(row, col);
          code =
              (*in)[static_cast<std::size_t>(place.row * (n / 8) + place.col)] >> place.shift & 15u;
        } else {
          code = detail::get_bits(in->data() + row, n, col, bits);
        }
        detail::put_bits(out.data() + row * row_words, col, bits, code);
      }
    }
    add("weight_packed", Dtype::I32, {n, row_words}, detail::to_bytes(out.data(), out.size()));
    int64_t const shape[2] = {n, k};
    add("weight_shape", Dtype::I64, {2}, detail::to_bytes(shape, 2));
    return {};
  }

  template <TensorSource Source>
  Result<void> read_scales(Source const& source) {
    auto const* const info = source.find(module_ + ".scales");
    std::vector<uint64_t> const expected{static_cast<uint64_t>(groups_),
                                         static_cast<uint64_t>(shape_.rows)};
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, "scales is missing");
    if (info->shape != expected)
      return fail(Status::shape_mismatch,
                  "scales: got " + to_string(info->shape) + ", expected " + to_string(expected));
    if (info->dtype != Dtype::F16 && info->dtype != Dtype::BF16 && info->dtype != Dtype::F32)
      return fail(Status::unknown_dtype,
                  std::string{"scales: got "} + name(info->dtype) + ", expected F16, BF16 or F32");
    Bytes in(static_cast<std::size_t>(info->bytes()));
    if (auto read = source.read(*info, in); !read)
      return read;
    std::size_t const size = info->dtype == Dtype::F32 ? 4 : 2;
    auto const rows = static_cast<std::size_t>(shape_.rows);
    auto const groups = static_cast<std::size_t>(groups_);
    Bytes out(in.size());
    for (std::size_t n = 0; n < rows; ++n) {
      for (std::size_t g = 0; g < groups; ++g)
        std::memcpy(out.data() + (n * groups + g) * size, in.data() + (g * rows + n) * size, size);
    }
    add("weight_scale", info->dtype, {shape_.rows, groups_}, std::move(out));
    return {};
  }

  template <TensorSource Source>
  Result<void> read_zero_points(Source const& source) {
    index_t const n = shape_.rows;
    int const bits = config_.bits;
    bool const is_absent = source.find(module_ + ".qzeros") == nullptr;
    if (config_.symmetric && is_absent) {
      add_groups();
      return {};
    }
    index_t const in_words = config_.is_awq ? n / 8 : ceil_div(n * bits, 32);
    auto const in = words(source, "qzeros", groups_, in_words);
    if (!in)
      return in.error();
    uint32_t const middle = 1u << (bits - 1);
    index_t const out_words = word_count(WordOrder::dense, bits, n);
    std::vector<uint32_t> column(static_cast<std::size_t>(out_words));
    std::vector<uint32_t> out(static_cast<std::size_t>(out_words * groups_));
    for (index_t g = 0; g < groups_; ++g) {
      std::fill(column.begin(), column.end(), 0u);
      for (index_t row = 0; row < n; ++row) {
        uint32_t const* const from = in->data() + g * in_words;
        WordPlace const place = AwqOrder::place(row, 0);
        uint32_t const stored = config_.is_awq ? from[place.col] >> place.shift & 15u
                                               : detail::get_bits(from, 1, row, bits);
        uint32_t const zero_point =
            (stored + (config_.zeros_less_one ? 1u : 0u)) & ((1u << bits) - 1);
        if (config_.symmetric && zero_point != middle)
          return fail(Status::checkpoint_ambiguous,
                      "qzeros, group " + std::to_string(g) + ", output " + std::to_string(row) +
                          ": got zero point " + std::to_string(zero_point) + ", expected " +
                          std::to_string(middle) + " of a symmetric layer");
        detail::put_bits(column.data(), row, bits, zero_point);
      }
      for (index_t w = 0; w < out_words; ++w)
        out[static_cast<std::size_t>(w * groups_ + g)] = column[static_cast<std::size_t>(w)];
    }
    if (!config_.symmetric)
      add("weight_zero_point", Dtype::I32, {out_words, groups_},
          detail::to_bytes(out.data(), out.size()));
    add_groups();
    return {};
  }

  void add_groups() {
    if (is_reordered_)
      add("weight_g_idx", Dtype::I32, {shape_.cols}, std::move(group_bytes_));
  }

  void add(std::string const& suffix, Dtype dtype, std::vector<index_t> const& shape, Bytes bytes) {
    std::vector<uint64_t> const sizes(shape.begin(), shape.end());
    infos_.push_back({module_ + "." + suffix, dtype, sizes, 0, bytes.size()});
    stored_.push_back({{suffix, dtype, sizes}, std::move(bytes)});
  }

  AwqGptqConfig config_;
  std::string module_;
  Shape shape_{};
  index_t groups_ = 0;
  bool is_reordered_ = false;
  Bytes group_bytes_;
  std::vector<TensorInfo> infos_;  // as many as stored_
  std::vector<StoredTensor> stored_;
};

}  // namespace qfmt::io
