// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/quantization_args.hpp>
#include <qfmt/io/tensor_source.hpp>
#include <qfmt/tensor/checks.hpp>

// The parameters of activations that calibration has found, beside the weights of a checkpoint: of
// a layer's input and output, and of the keys, values and queries of an attention module.

namespace qfmt::io {

/// Whose parameters they are; the name of a tensor begins with it.
enum class ActivationSite : uint8_t { input, output, key, value, query };

constexpr char const* name(ActivationSite site) noexcept {
  switch (site) {
    case ActivationSite::input:
      return "input";
    case ActivationSite::output:
      return "output";
    case ActivationSite::key:
      return "k";
    case ActivationSite::value:
      return "v";
    case ActivationSite::query:
      return "q";
  }
  return "unknown";
}

/// Static parameters of one site:
///
///     input_scale         dtype (1)             a scale for all values
///     k_scale             dtype (heads, 1, 1)   or one for each head
///     input_zero_point    I8, the shape of the scale; absent if symmetric
///     input_global_scale  F32 (1)               or, for NVFP4, the tensor's part alone: 2688 / amax
///
/// dtype is that of the model's weights. They are what Frozen takes and gives (tensor/frozen.hpp).
struct ActivationScale {
  std::vector<float> scales;  // one, or one for each head; none where there is a global scale alone
  bool per_head = false;
  std::vector<int8_t> zero_points;    // as many as scales, or none
  std::optional<float> global_scale;  // encode_scale
  Dtype dtype = Dtype::BF16;          // F32, BF16 or F16

  friend bool operator==(ActivationScale const&, ActivationScale const&) = default;
};

/// One tensor as it is stored: its name behind the module's, and its bytes.
struct StoredTensor {
  LayerTensor tensor;
  Bytes bytes;
};

namespace detail {

inline Bytes real_bytes(std::vector<float> const& values, Dtype dtype) {
  if (dtype == Dtype::F32)
    return to_bytes(values.data(), values.size());
  std::vector<uint16_t> codes;
  for (float const value : values)
    codes.push_back(dtype == Dtype::BF16 ? encode<BF16>(value).bits : encode<FP16>(value).bits);
  return to_bytes(codes.data(), codes.size());
}

/// Numbers of a dtype that holds reals; nothing for any other.
inline std::optional<std::vector<float>> real_values(Bytes const& bytes, Dtype dtype) {
  std::size_t const size = dtype == Dtype::F32                           ? 4
                           : dtype == Dtype::BF16 || dtype == Dtype::F16 ? 2
                                                                         : 0;
  if (size == 0)
    return {};
  std::vector<float> values(bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (size == 4) {
      std::memcpy(&values[i], bytes.data() + 4 * i, 4);
    } else {
      uint16_t code = 0;
      std::memcpy(&code, bytes.data() + 2 * i, 2);
      values[i] = dtype == Dtype::BF16 ? decode(Code<BF16>{code}) : decode(Code<FP16>{code});
    }
  }
  return values;
}

template <TensorSource Source>
Result<Bytes> read_bytes(Source const& source, std::string const& tensor) {
  auto const* const info = source.find(tensor);
  Bytes bytes(static_cast<std::size_t>(info->bytes()));
  if (auto read = source.read(*info, bytes); !read)
    return read.error();
  return bytes;
}

inline Error bad_activation(Status status, std::string const& tensor, std::string const& message) {
  return {status, "tensor " + quoted(tensor) + ": " + message};
}

/// A scale of activations is finite and positive.
inline Result<void> check_scales(std::string const& tensor, std::vector<float> const& scales) {
  for (float const scale : scales) {
    if (Status const status = qfmt::detail::check_scale(scale); status != Status::ok)
      return bad_activation(status, tensor,
                            "got " + std::to_string(scale) + ", expected a finite positive number");
  }
  return {};
}

}  // namespace detail

/// The tensors of one site, in the order of the table above.
[[nodiscard]] inline std::vector<StoredTensor> activation_tensors(ActivationSite site,
                                                                  ActivationScale const& scale) {
  std::vector<StoredTensor> tensors;
  std::string const prefix = name(site);
  auto const heads = static_cast<uint64_t>(scale.scales.size());
  std::vector<uint64_t> const shape =
      scale.per_head ? std::vector<uint64_t>{heads, 1, 1} : std::vector<uint64_t>{heads};
  if (!scale.scales.empty()) {
    tensors.push_back(
        {{prefix + "_scale", scale.dtype, shape}, detail::real_bytes(scale.scales, scale.dtype)});
  }
  if (!scale.zero_points.empty()) {
    tensors.push_back({{prefix + "_zero_point", Dtype::I8, shape},
                       detail::to_bytes(scale.zero_points.data(), scale.zero_points.size())});
  }
  if (scale.global_scale) {
    tensors.push_back(
        {{prefix + "_global_scale", Dtype::F32, {1}}, detail::to_bytes(&*scale.global_scale, 1)});
  }
  return tensors;
}

/// Reads the parameters of one site of a module; nothing if there are none. Zero points stored as
/// floats, as some checkpoints have them beside symmetric scales, must be zero and are dropped.
///
/// Errors: shape_mismatch, unknown_dtype, nonfinite_scale, scale_zero, scale_negative,
/// zero_point_out_of_range; all name the tensor.
template <TensorSource Source>
[[nodiscard]] Result<std::optional<ActivationScale>> load_activation(Source const& source,
                                                                     std::string const& module,
                                                                     ActivationSite site) {
  std::string const start = module + "." + name(site);
  ActivationScale scale;
  std::vector<uint64_t> shape;
  if (auto const* const info = source.find(start + "_scale"); info != nullptr) {
    shape = info->shape;
    scale.per_head = shape.size() == 3;
    bool const one = shape.empty() || shape == std::vector<uint64_t>{1};
    if (!one && !(scale.per_head && shape[0] > 0 && shape[1] == 1 && shape[2] == 1)) {
      return detail::bad_activation(Status::shape_mismatch, start + "_scale",
                                    "got " + to_string(shape) + ", expected [1] or [heads, 1, 1]");
    }
    auto const bytes = detail::read_bytes(source, start + "_scale");
    if (!bytes)
      return bytes.error();
    auto values = detail::real_values(*bytes, info->dtype);
    if (!values)
      return detail::bad_activation(
          Status::unknown_dtype, start + "_scale",
          std::string{"got "} + name(info->dtype) + ", expected F32, BF16 or F16");
    if (auto valid = detail::check_scales(start + "_scale", *values); !valid)
      return valid.error();
    scale.scales = *std::move(values);
    scale.dtype = info->dtype;
  }
  if (auto const* const info = source.find(start + "_zero_point"); info != nullptr) {
    if (scale.scales.empty() || info->shape != shape)
      return detail::bad_activation(
          Status::shape_mismatch, start + "_zero_point",
          "got " + to_string(info->shape) + ", expected the shape of the scale");
    auto const bytes = detail::read_bytes(source, start + "_zero_point");
    if (!bytes)
      return bytes.error();
    bool const all_zero = std::all_of(bytes->begin(), bytes->end(),
                                      [](std::byte byte) { return byte == std::byte{}; });
    if (info->dtype == Dtype::I8) {
      scale.zero_points.resize(bytes->size());
      std::memcpy(scale.zero_points.data(), bytes->data(), bytes->size());
    } else if (!all_zero) {
      return detail::bad_activation(
          Status::zero_point_out_of_range, start + "_zero_point",
          std::string{"got "} + name(info->dtype) + ", expected I8, or zeros");
    }
  }
  if (auto const* const info = source.find(start + "_global_scale"); info != nullptr) {
    if (info->dtype != Dtype::F32 || *tensor_bytes(info->dtype, info->shape) != 4)
      return detail::bad_activation(Status::shape_mismatch, start + "_global_scale",
                                    std::string{"got "} + name(info->dtype) + " " +
                                        to_string(info->shape) + ", expected F32 [1]");
    auto const bytes = detail::read_bytes(source, start + "_global_scale");
    if (!bytes)
      return bytes.error();
    auto const values = *detail::real_values(*bytes, Dtype::F32);
    if (auto valid = detail::check_scales(start + "_global_scale", values); !valid)
      return valid.error();
    scale.global_scale = values[0];
  }
  if (scale == ActivationScale{})
    return std::optional<ActivationScale>{};
  return std::optional{std::move(scale)};
}

/// Whether a model server can use the scheme of a key-value cache: 8-bit floats, symmetric, with
/// static scales of the whole tensor or of heads. Empty if it can, else what is wrong.
[[nodiscard]] inline std::string why_not_servable(QuantizationArgs const& kv_cache) {
  if (kv_cache.type != "float" || kv_cache.num_bits != 8 || !kv_cache.symmetric)
    return "got " + std::to_string(kv_cache.num_bits) + "-bit " +
           (kv_cache.symmetric ? "" : "asymmetric ") + kv_cache.type +
           ", expected symmetric 8-bit floats";
  if (kv_cache.strategy != "tensor" && kv_cache.strategy != "attn_head")
    return "got strategy " + quoted(kv_cache.strategy) + ", expected 'tensor' or 'attn_head'";
  if (kv_cache.dynamic != "false")
    return "got dynamic scales, expected static ones";
  return {};
}

}  // namespace qfmt::io
