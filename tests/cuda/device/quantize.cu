// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The doors of quantization on a device, against the same kernels by emulated threads, which the other
// tests prove equal to quantize(): codes, scales, padding and residuals, byte for byte, and that nothing
// else was written. Skipped without a device. QFMT_TEST_EVERY_KERNEL, which scripts/gpu_check.sh defines,
// is for more of them than a build without a device should wait for.

#include <cstring>
#include <support/emulated_threads.hpp>
#include <support/samples.hpp>

#include <qfmt/cuda/tensor/amax.cuh>
#include <qfmt/cuda/tensor/quantize_blocks.cuh>
#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/cuda/tensor/quantize_tensor.cuh>
#include <qfmt/cuda/tensor/rms_norm.cuh>
#include <qfmt/cuda/tensor/silu_mul.cuh>
#include <qfmt/formats/int8.hpp>

#include <cuda/device/memory.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr Shape shapes[] = {{1, 1}, {3, 64}, {5, 65}, {130, 176}, {33, 4096}, {2, 15000}};

using Bytes = std::vector<std::uint8_t>;

/// What a kernel may touch, once on each side, poisoned where it is an output.
struct Buffers {
  explicit Buffers(Shape s)
      : shape{s},
        x(2 * elements() * 4),
        residual(elements() * 4),
        codes(elements() * 8 + 4096, 0xA5),
        scales(static_cast<std::size_t>(s.rows + 128) * static_cast<std::size_t>(s.cols + 256),
               0xA5) {}
  std::size_t elements() const { return static_cast<std::size_t>(shape.size()); }
  template <class T>
  void fill() {
    auto const from = normal_matrix<T>({1, 3 * shape.size()}, 5);
    std::memcpy(x.data(), from.values.data(), 2 * elements() * sizeof(T));
    std::memcpy(residual.data(), from.values.data() + 2 * elements(), elements() * sizeof(T));
  }
  Shape shape;
  Bytes x;
  Bytes residual;
  Bytes codes;
  Bytes scales;
};

/// The addresses of the buffers on one of the sides.
struct Places {
  std::uint8_t* x;
  std::uint8_t* residual;
  std::uint8_t* codes;
  std::uint8_t* scales;
};

/// Both sides of a case: `emulate(places)` by the host and `start(places)` by the device.
template <class T, class Emulate, class Start>
void compare(char const* what, Shape shape, Emulate emulate, Start start) {
  INFO(what << ", " << shape.rows << " x " << shape.cols);
  Buffers host{shape};
  host.fill<T>();
  DeviceArray<std::uint8_t> const x{host.x};
  DeviceArray<std::uint8_t> const residual{host.residual};
  DeviceArray<std::uint8_t> const codes{host.codes};
  DeviceArray<std::uint8_t> const scales{host.scales};
  CHECK(start(Places{x.data(), residual.data(), codes.data(), scales.data()}) == Status::ok);
  CHECK(finished());
  CHECK(
      emulate(Places{host.x.data(), host.residual.data(), host.codes.data(), host.scales.data()}));
  CHECK(codes.get() == host.codes);
  CHECK(scales.get() == host.scales);
  CHECK(residual.get() == host.residual);
}

template <class Source, class Target>
bool by_emulation(Source const& source, Target const& target) {
  Shape const padded = Target::padded(source.shape());
  if constexpr (Source::normalizes || Target::scales_rows) {
    using Kernel = cuda::RowKernel<Source, Target>;
    return EmulatedThreads::launch(Kernel{source, target}, {static_cast<unsigned>(padded.rows), 1},
                                   Kernel::threads(source.shape().cols), Order::forward);
  } else {
    using Kernel = cuda::VectorKernel<Source, Target>;
    return EmulatedThreads::launch(Kernel{source, target}, Kernel::grid(padded),
                                   Kernel::max_threads, Order::forward);
  }
}

template <class T, class MakeSource, class B, class L>
void compare_blocks(char const* what, MakeSource source, cuda::QuantizedRows<B, L>,
                    typename B::Policy::Global global) {
  for (Shape const shape : shapes) {
    index_t const row_bytes =
        round_up(packed_bytes<typename B::Element>(round_up(shape.cols, B::block_size)), 4);
    auto const out = [&](Places p) {
      return cuda::QuantizedRows<B, L>{p.codes, row_bytes,
                                       reinterpret_cast<typename B::Policy::Stored*>(p.scales)};
    };
    compare<T>(
        what, shape,
        [&](Places p) {
          return by_emulation(source(p, shape),
                              cuda::BlockTarget<B, L, profile::Qfmt>{out(p), {global, nullptr}});
        },
        [&](Places p) {
          return cuda::quantize_blocks<B, L>(source(p, shape), out(p), global, nullptr);
        });
  }
}

template <class T, class F, class MakeSource>
void compare_rows(char const* what, MakeSource source) {
  for (Shape const shape : shapes) {
    auto const out = [&](Places p) {
      return cuda::ScaledRows<F>{p.codes, packed_bytes<F>(shape.cols),
                                 reinterpret_cast<float*>(p.scales)};
    };
    compare<T>(
        what, shape,
        [&](Places p) {
          return by_emulation(source(p, shape), cuda::RowTarget<F, float, profile::Qfmt>{out(p)});
        },
        [&](Places p) { return cuda::quantize_rows<F>(source(p, shape), out(p), nullptr); });
  }
}

template <class T, class F, class MakeSource>
void compare_tensor(char const* what, MakeSource source, float scale) {
  for (Shape const shape : shapes) {
    auto const out = [&](Places p) {
      return cuda::PackedRows<F>{p.codes, packed_bytes<F>(shape.cols)};
    };
    compare<T>(
        what, shape,
        [&](Places p) {
          return by_emulation(source(p, shape), cuda::TensorTarget<F, float, profile::Qfmt>{
                                                    out(p), {scale, nullptr}});
        },
        [&](Places p) {
          return cuda::quantize_tensor<F>(source(p, shape), out(p), scale, nullptr);
        });
  }
}

template <class T>
[[maybe_unused]] cuda::MatrixRows<T> matrix(Places p, Shape shape) {
  return {{reinterpret_cast<T const*>(p.x), shape}};
}
template <class T>
[[maybe_unused]] cuda::SiluMul<T> silu_mul(Places p, Shape shape) {
  auto const* const gate = reinterpret_cast<T const*>(p.x);
  return {{gate, shape}, {gate + shape.size(), shape}};
}
/// The second half of x holds the weights.
template <class T>
cuda::AddRmsNorm<T> rms_norm(Places p, Shape shape) {
  auto const* const x = reinterpret_cast<T const*>(p.x);
  return {{x, shape}, {reinterpret_cast<T*>(p.residual), shape}, x + shape.size(), 1e-5f};
}

struct FewThreads {
  static constexpr int max_threads = 32;
  struct Shared {};
  template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared&) const {}
};

}  // namespace

TEST_CASE("cuda device: blocks, in every layout") {
  if (!has_device("quantize_blocks"))
    return;
  using T = Code<BF16>;
  compare_blocks<T>("NVFP4", matrix<T>, cuda::QuantizedRows<NVFP4, Swizzled128x4>{}, {600.0f});
#if defined(QFMT_TEST_EVERY_KERNEL)
  compare_blocks<T>("MXFP8", matrix<T>, cuda::QuantizedRows<MXFP8_E4M3, RowMajor>{}, {});
  compare_blocks<float>("MXFP4", matrix<float>, cuda::QuantizedRows<MXFP4, Swizzled8x4>{}, {});
  compare_blocks<T>("SiLU NVFP4", silu_mul<T>, cuda::QuantizedRows<NVFP4, RowMajor>{}, {300.0f});
  compare_blocks<T>("RMSNorm NVFP4", rms_norm<T>, cuda::QuantizedRows<NVFP4, Swizzled128x4>{},
                    {900.0f});
#endif
}

TEST_CASE("cuda device: rows with a scale each") {
  if (!has_device("quantize_rows"))
    return;
  using T = Code<BF16>;
  compare_rows<T, E4M3>("RMSNorm E4M3", rms_norm<T>);
#if defined(QFMT_TEST_EVERY_KERNEL)
  compare_rows<T, E4M3>("E4M3", matrix<T>);
  compare_rows<Code<FP16>, INT8>("INT8", matrix<Code<FP16>>);
  compare_rows<T, E4M3>("SiLU E4M3", silu_mul<T>);
  compare_rows<float, INT8>("RMSNorm INT8", rms_norm<float>);
#endif
}

TEST_CASE("cuda device: rows under one known scale") {
  if (!has_device("quantize_tensor"))
    return;
  using T = Code<BF16>;
  compare_tensor<T, E4M3>("tensor E4M3", matrix<T>, 0.0078f);
#if defined(QFMT_TEST_EVERY_KERNEL)
  compare_tensor<Code<FP16>, INT8>("tensor INT8", matrix<Code<FP16>>, 0.03f);
  compare_tensor<T, INT8>("SiLU tensor INT8", silu_mul<T>, 0.03f);
  compare_tensor<T, E4M3>("RMSNorm tensor E4M3", rms_norm<T>, 0.0078f);
#endif
  // The scale on the device, and a MatrixView.
  auto const x = normal_matrix<T>({9, 100}, 6);
  DeviceArray<T> const in{x.values};
  DeviceArray<float> const scale{std::vector<float>{0.01f}};
  DeviceArray<std::uint8_t> const codes{Bytes(900)};
  CHECK(cuda::quantize_tensor<INT8>(
            MatrixView<T const>{in.data(), x.shape}, cuda::PackedRows<INT8>{codes.data(), 100},
            static_cast<float const*>(scale.data()), nullptr) == Status::ok);
  CHECK(finished());
  auto const got = codes.get();
  int wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    wrong += got[i] == encode<INT8>(to_float(x.values[i]) / 0.01f).bits ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("cuda device: the largest magnitude, and a graph of launches") {
  if (!has_device("amax"))
    return;
  auto const x = normal_matrix<Code<BF16>>({1000, 1003}, 6);
  float largest = 0;
  for (auto const value : x.values) largest = std::max(largest, std::abs(to_float(value)));
  DeviceArray<Code<BF16>> const in{x.values};
  DeviceArray<float> const workspace{std::vector<float>(cuda::amax_workspace)};
  DeviceArray<float> const result{std::vector<float>(1)};
  DeviceArray<GlobalScale> const global{std::vector<GlobalScale>(1)};
  MatrixView<Code<BF16> const> const view{in.data(), x.shape};

  cudaStream_t stream{};
  cudaGraph_t graph{};
  cudaGraphExec_t ready{};
  REQUIRE(cudaStreamCreate(&stream) == cudaSuccess);
  // Kernels are loaded when they are first called, which a capture may not do.
  CHECK(cuda::amax(view, workspace.data(), result.data(), stream) == Status::ok);
  CHECK(cuda::fit_global<NVFP4>(view, workspace.data(), global.data(), stream) == Status::ok);
  REQUIRE(cudaMemsetAsync(result.data(), 0, sizeof(float), stream) == cudaSuccess);
  REQUIRE(cudaMemsetAsync(global.data(), 0, sizeof(GlobalScale), stream) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
  CHECK(cuda::amax(view, workspace.data(), result.data(), stream) == Status::ok);
  CHECK(cuda::fit_global<NVFP4>(view, workspace.data(), global.data(), stream) == Status::ok);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphInstantiate(&ready, graph, 0) == cudaSuccess);
  REQUIRE(cudaGraphLaunch(ready, stream) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(result.get()[0] == largest);
  CHECK(global.get()[0].encode_scale == 2688.0f / largest);
  cudaGraphExecDestroy(ready);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}

TEST_CASE("cuda: a scale that should lie on the device must lie somewhere") {
  Matrix<float> const x{{2, 32}};
  Bytes codes(64);
  std::vector<Code<UE4M3>> scales(4);
  CHECK(cuda::quantize_tensor<INT8>(x.view(), cuda::PackedRows<INT8>{codes.data(), 32},
                                    static_cast<float const*>(nullptr),
                                    nullptr) == Status::null_pointer);
  CHECK(cuda::quantize_blocks<NVFP4>(
            x.view(), cuda::QuantizedRows<NVFP4>{codes.data(), 16, scales.data()},
            static_cast<GlobalScale const*>(nullptr), nullptr) == Status::null_pointer);
}

TEST_CASE("cuda: rows under one scale that do not fit are refused, and nothing is launched") {
  Matrix<float> const x{{2, 32}};
  Bytes codes(64);
  auto const status = [&](cuda::PackedRows<INT8> out, MatrixView<float const> in) {
    return cuda::quantize_tensor<INT8>(in, out, 1.0f, nullptr);
  };
  CHECK(status({codes.data(), 31}, x.view()) == Status::stride_invalid);
  CHECK(status({nullptr, 32}, x.view()) == Status::null_pointer);
  CHECK(status({codes.data(), 32}, {nullptr, {2, 32}}) == Status::null_pointer);
  CHECK(status({nullptr, 32}, {nullptr, {0, 32}}) == Status::ok);
}

TEST_CASE("cuda device: a launch that cannot be is reported") {
  if (!has_device("launch"))
    return;
  CHECK(cuda::launch(FewThreads{}, {1, 1}, 64, nullptr) == Status::device_error);
  cudaGetLastError();
}
