// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "linear.hpp"

#include <algorithm>
#include <utility>

#include <qfmt/gemm/gemm.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace llama {
namespace {

using namespace qfmt;
using io::Checkpoint;
using io::Dtype;

// ------------------------------------------------------------------ tensors as the file has them

/// Calls `visit.template operator()<T>()` with the type that a tensor's elements are read as, and
/// returns what it returns; an Error where they are not real numbers.
template <class Visitor>
auto visit_real(io::TensorInfo const& tensor, Visitor&& visit)
    -> decltype(visit.template operator()<float>()) {
  switch (tensor.dtype) {
    case Dtype::F32:
      return visit.template operator()<float>();
    case Dtype::BF16:
      return visit.template operator()<Code<BF16>>();
    case Dtype::F16:
      return visit.template operator()<Code<FP16>>();
    default:
      return Error{Status::unknown_dtype, "tensor " + quoted(tensor.name) + ": got " +
                                              name(tensor.dtype) + ", expected F32, BF16 or F16"};
  }
}

/// Finds a tensor, which must have the given shape.
Result<io::TensorInfo const*> find(Checkpoint const& checkpoint, std::string const& tensor,
                                   std::vector<uint64_t> const& shape) {
  io::TensorInfo const* const info = checkpoint.find(tensor);
  if (info == nullptr) {
    return Error{Status::checkpoint_incomplete, "tensor " + quoted(tensor) + " is missing"};
  }
  if (info->shape != shape) {
    return Error{Status::shape_mismatch, "tensor " + quoted(tensor) + ": got " +
                                             io::to_string(info->shape) + ", expected " +
                                             io::to_string(shape)};
  }
  return info;
}

/// Reads all elements of a tensor of T.
template <Real T>
Result<std::vector<T>> read(Checkpoint const& checkpoint, io::TensorInfo const& info) {
  std::vector<T> values(static_cast<std::size_t>(info.end - info.begin) / sizeof(T));
  auto const done = checkpoint.read(info, std::as_writable_bytes(std::span{values}));
  if (!done)
    return done.error();
  return values;
}

/// Reads all elements of a tensor of real numbers, widened.
Result<std::vector<float>> read_floats(Checkpoint const& checkpoint, io::TensorInfo const& info) {
  return visit_real(info, [&]<class T>() -> Result<std::vector<float>> {
    auto const values = read<T>(checkpoint, info);
    if (!values)
      return values.error();
    std::vector<float> floats;
    for (T const value : *values) floats.push_back(to_float(value));
    return floats;
  });
}

/// The product, with its status as a Result.
template <Operand X, Operand W>
Result<void> product(X const& x, W const& w, MatrixView<float> y, ThreadPool& threads,
                     std::string const& module) {
  Status const status = gemm(x, w, y, NoEpilogue{}, threads);
  if (status != Status::ok)
    return Error{status, "layer " + quoted(module)};
  return {};
}

// ------------------------------------------------------------------ dense layers

/// The weight as it is stored; the product widens it on the way.
template <Real T>
class Dense final : public Linear {
 public:
  Dense(std::string module, Shape shape, std::vector<T> values)
      : module_{std::move(module)}, shape_{shape}, values_{std::move(values)} {}

  Result<void> multiply(MatrixView<float const> x, MatrixView<float> y,
                        ThreadPool& threads) const override {
    return product(x, weight(), y, threads, module_);
  }

  void read_row(index_t row, float* to) const override {
    decode_row(weight(), row, 0, shape_.cols, to);
  }

 private:
  [[nodiscard]] MatrixView<T const> weight() const { return {values_.data(), shape_}; }

  std::string module_;
  Shape shape_;
  std::vector<T> values_;
};

// ------------------------------------------------------------------ quantized layers

/// Quantizes input activations by scheme X. What X does not find in x itself is `calibrated`: the
/// scale of the tensor (FP8), or its global scale (NVFP4).
template <Scheme X>
Result<QuantTensor<X>> quantize_input(MatrixView<float const> x, float calibrated,
                                      ThreadPool& threads) {
  if constexpr (same_as<typename X::Timing, Dynamic>) {
    return quantize<X, float>(x, threads);
  } else if constexpr (X::has_global) {
    return quantize_with<X, float>(x, typename X::Global{calibrated}, threads);
  } else {
    using F = typename X::Format;
    if (!is_finite(amax(x, threads)))
      return Error{Status::nonfinite_activation, "got a value that is not finite"};
    QuantTensor<X> out{x.shape};
    out.scales.front() = calibrated;
    threads.for_each_range(x.shape.rows, 16, [&](IndexRange rows) {
      std::vector<Code<F>> codes(static_cast<std::size_t>(x.shape.cols));
      for (index_t row = rows.begin; row < rows.end; ++row) {
        std::transform(x.row(row), x.row(row) + x.shape.cols, codes.begin(),
                       [&](float value) { return encode<F>(value / calibrated); });
        pack<F>(codes.data(), x.shape.cols, out.codes.data() + row * out.row_bytes, out.row_bytes);
      }
    });
    return out;
  }
}

/// A layer with weights under scheme W and input activations under scheme X, or as they are if X is
/// void.
template <Scheme W, class X>
class Quantized final : public Linear {
 public:
  Quantized(std::string module, QuantTensor<W> weight, float calibrated)
      : module_{std::move(module)}, weight_{std::move(weight)}, calibrated_{calibrated} {}

  Result<void> multiply(MatrixView<float const> x, MatrixView<float> y,
                        ThreadPool& threads) const override {
    if constexpr (same_as<X, void>) {
      return product(x, weight_.view(), y, threads, module_);
    } else {
      auto const codes = quantize_input<X>(x, calibrated_, threads);
      if (!codes)
        return Error{codes.status(),
                     "layer " + quoted(module_) + ": input: " + codes.error().message};
      return product(codes->view(), weight_.view(), y, threads, module_);
    }
  }

  void read_row(index_t row, float* to) const override {
    decode_row(weight_.view(), row, 0, weight_.shape.cols, to);
  }

 private:
  std::string module_;
  QuantTensor<W> weight_;
  float calibrated_;  // see quantize_input
};

/// A checkpoint in which the scales of one layer are binary32, whatever real type they are stored
/// in: exact, and one type for each scheme from here on.
class WidenedScales {
 public:
  WidenedScales(Checkpoint const& checkpoint, std::string const& module)
      : checkpoint_{checkpoint},
        stored_{checkpoint.find(module + ".weight_scale")},
        widened_{*stored_} {
    if (stored_->dtype == Dtype::BF16 || stored_->dtype == Dtype::F16) {
      widened_.dtype = Dtype::F32;
      widened_.end += widened_.end - widened_.begin;
    }
  }

  [[nodiscard]] io::TensorInfo const* find(std::string const& tensor) const {
    io::TensorInfo const* const found = checkpoint_.find(tensor);
    return found == stored_ ? &widened_ : found;
  }

  Result<void> read(io::TensorInfo const& tensor, std::span<std::byte> into) const {
    if (&tensor != &widened_ || widened_.dtype == stored_->dtype)
      return checkpoint_.read(tensor, into);
    auto const scales = read_floats(checkpoint_, *stored_);
    if (!scales)
      return scales.error();
    std::ranges::copy(std::as_bytes(std::span{*scales}), into.begin());
    return {};
  }

 private:
  Checkpoint const& checkpoint_;
  io::TensorInfo const* stored_;
  io::TensorInfo widened_;
};

/// What calibration has found for the input activations of a layer; 0 where X needs nothing.
template <class X>
Result<float> load_calibrated(Checkpoint const& checkpoint, std::string const& module) {
  if constexpr (same_as<X, void>) {
    return 0.0f;
  } else if constexpr (same_as<typename X::Timing, Dynamic>) {
    return 0.0f;
  } else {
    std::string const tensor = module + (X::has_global ? ".input_global_scale" : ".input_scale");
    auto const scale = load_vector(checkpoint, tensor, 1);
    if (!scale)
      return scale.error();
    if (is_finite(scale->front()) && scale->front() > 0.0f)
      return scale->front();
    return Error{Status::nonfinite_scale, "tensor " + quoted(tensor) + ": got " +
                                              std::to_string(scale->front()) +
                                              ", expected a finite positive number"};
  }
}

template <Scheme W, class X>
Result<SharedLinear> load_quantized(Checkpoint const& checkpoint, io::CompressedFormat format,
                                    std::string const& module, Shape shape) {
  auto weight = io::load_layer<W>(WidenedScales{checkpoint, module}, format, module);
  if (!weight)
    return weight.error();
  if (weight->shape != shape) {
    return Error{Status::shape_mismatch,
                 "layer " + quoted(module) + ": got " + std::to_string(weight->shape.rows) + " x " +
                     std::to_string(weight->shape.cols) + ", expected " +
                     std::to_string(shape.rows) + " x " + std::to_string(shape.cols)};
  }
  auto const calibrated = load_calibrated<X>(checkpoint, module);
  if (!calibrated)
    return calibrated.error();
  return SharedLinear{std::make_shared<Quantized<W, X>>(module, *std::move(weight), *calibrated)};
}

Result<SharedLinear> load_dense(Checkpoint const& checkpoint, std::string const& module,
                                Shape shape) {
  auto weight = load_weight(checkpoint, module, shape);
  if (!weight)
    return weight.error();
  return dense_linear(module, *std::move(weight));
}

}  // namespace

Result<SharedLinear> load_linear(Checkpoint const& checkpoint, io::GroupScheme const* scheme,
                                 std::string const& module, Shape shape) {
  bool const is_quantized = checkpoint.find(module + ".weight_scale") != nullptr;
  if (!is_quantized)
    return load_dense(checkpoint, module, shape);
  if (scheme == nullptr)
    return Error{Status::config_invalid, "layer " + quoted(module) +
                                             ": got a weight_scale, but no group of config.json "
                                             "has its weights"};

  Result<SharedLinear> layer =
      Error{Status::unknown_scheme, "layer " + quoted(module) + ": " + quoted(scheme->preset)};
  visit_preset<preset::Storable>(scheme->preset.c_str(), [&]<class Preset>() {
    layer = load_quantized<typename Preset::Weights, typename Preset::InputActivations>(
        checkpoint, scheme->format, module, shape);
  });
  return layer;
}

Result<calibration::Weight> load_weight(Checkpoint const& checkpoint, std::string const& module,
                                        Shape shape) {
  auto const info = find(checkpoint, module + ".weight",
                         {static_cast<uint64_t>(shape.rows), static_cast<uint64_t>(shape.cols)});
  if (!info)
    return info.error();
  return visit_real(**info, [&]<class T>() -> Result<calibration::Weight> {
    auto values = read<T>(checkpoint, **info);
    if (!values)
      return values.error();
    return calibration::Weight{shape, *std::move(values)};
  });
}

SharedLinear dense_linear(std::string module, calibration::Weight weight) {
  return std::visit(
      [&]<class T>(std::vector<T>& values) -> SharedLinear {
        return std::make_shared<Dense<T>>(std::move(module), weight.shape, std::move(values));
      },
      weight.values);
}

Result<std::vector<float>> load_vector(Checkpoint const& checkpoint, std::string const& tensor,
                                       index_t size) {
  auto const info = find(checkpoint, tensor, {static_cast<uint64_t>(size)});
  if (!info)
    return info.error();
  return read_floats(checkpoint, **info);
}

}  // namespace llama
