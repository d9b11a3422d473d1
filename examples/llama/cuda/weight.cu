// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <vector>

#include <qfmt/cuda/gemm/gemm.cuh>

#include "weight.hpp"

namespace llama::cuda {
namespace {

using namespace qfmt;
using T = Code<BF16>;

/// Memory on the device that grows as it is asked to.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer const&) = delete;
  Buffer& operator=(Buffer const&) = delete;
  ~Buffer() { cudaFree(data_); }

  /// So many bytes, the old ones lost; null if they are not to be had.
  void* reserve(index_t bytes) {
    if (bytes > bytes_) {
      cudaFree(data_);
      data_ = nullptr;
      bytes_ = cudaMalloc(&data_, static_cast<std::size_t>(bytes)) == cudaSuccess ? bytes : 0;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  index_t bytes_ = 0;
};

/// What the products of all weights share: they run one after the other.
struct Shared {
  Buffer x;
  Buffer y;
  Buffer workspace;
};

Shared& shared() {
  static Shared buffers;
  return buffers;
}

template <Scheme S>
class PackedWeight final : public Weight {
 public:
  explicit PackedWeight(qfmt::cuda::PackedTensor<S> const& packed) : shape_{packed.view().shape} {
    void* const there = memory_.reserve(packed.bytes());
    if (there == nullptr ||
        cudaMemcpy(there, packed.data(), static_cast<std::size_t>(packed.bytes()),
                   cudaMemcpyHostToDevice) != cudaSuccess)
      return;
    view_ = packed.view_at(there);
  }
  [[nodiscard]] bool is_there() const { return view_.data != nullptr; }

  Status multiply(MatrixView<float const> x, MatrixView<float> y) override {
    index_t const tokens = x.shape.rows;
    if (x.shape.cols != shape_.cols || y.shape != Shape{tokens, shape_.rows})
      return Status::shape_mismatch;
    if (y.shape.size() == 0)
      return Status::ok;
    std::vector<T> rounded;
    rounded.reserve(static_cast<std::size_t>(x.shape.size()));
    for (index_t r = 0; r < tokens; ++r) {
      for (index_t c = 0; c < x.shape.cols; ++c) rounded.push_back(from_float<T>(x(r, c)));
    }
    std::vector<float> product(static_cast<std::size_t>(y.shape.size()));

    qfmt::cuda::Device device;
    if (Status const status = qfmt::cuda::current_device(device); status != Status::ok)
      return status;
    auto* const x_there = static_cast<T*>(shared().x.reserve(x.shape.size() * 2));
    auto* const y_there = static_cast<float*>(shared().y.reserve(y.shape.size() * 4));
    MatrixView<T const> const input{x_there, x.shape};
    index_t const bytes = qfmt::cuda::workspace_bytes(input, view_, device);
    qfmt::cuda::Workspace const workspace{shared().workspace.reserve(bytes), bytes};
    if (x_there == nullptr || y_there == nullptr || (bytes > 0 && workspace.data == nullptr))
      return Status::out_of_memory;
    if (cudaMemcpyAsync(x_there, rounded.data(), rounded.size() * sizeof(T),
                        cudaMemcpyHostToDevice) != cudaSuccess)
      return Status::device_error;
    Status const status = qfmt::cuda::gemm(input, view_, MatrixView<float>{y_there, y.shape},
                                           NoEpilogue{}, nullptr, workspace, device);
    if (status != Status::ok)
      return status;
    if (cudaMemcpy(product.data(), y_there, product.size() * sizeof(float),
                   cudaMemcpyDeviceToHost) != cudaSuccess)
      return Status::device_error;
    for (index_t r = 0; r < tokens; ++r)
      std::copy_n(product.data() + r * y.shape.cols, y.shape.cols, y.row(r));
    return Status::ok;
  }

 private:
  Shape shape_;
  Buffer memory_;
  qfmt::cuda::PackedView<S> view_{};
};

}  // namespace

bool has_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

template <Scheme S>
std::unique_ptr<Weight> to_device(qfmt::cuda::PackedTensor<S> const& packed) {
  auto weight = std::make_unique<PackedWeight<S>>(packed);
  if (!weight->is_there())
    return nullptr;
  return weight;
}

template std::unique_ptr<Weight> to_device(qfmt::cuda::PackedTensor<BlockScheme<NVFP4>> const&);
template std::unique_ptr<Weight> to_device(qfmt::cuda::PackedTensor<BlockScheme<MXFP4>> const&);

}  // namespace llama::cuda
