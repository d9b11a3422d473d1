// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The door: what it refuses, what it asks for, and, on a device, what comes out.

#include <qfmt/cuda/gemm/gemm.cuh>
#include <qfmt/cuda/gemm/pack.cuh>

#include <cuda/device/memory.hpp>
#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;
using cuda::Backend;
using cuda::Device;
using cuda::Workspace;

namespace {

using S = BlockScheme<NVFP4>;
using T = Code<BF16>;
constexpr Device h200{90, 132};

/// Bytes on the device, with a guard behind them.
class DeviceBytes {
 public:
  static constexpr std::size_t guard = 256;
  explicit DeviceBytes(std::size_t size, int fill = 0xFF) : size_{size} {
    REQUIRE(cudaMalloc(&data_, size + guard) == cudaSuccess);
    REQUIRE(cudaMemset(data_, fill, size + guard) == cudaSuccess);
  }
  DeviceBytes(void const* from, std::size_t size) : DeviceBytes{size} {
    REQUIRE(cudaMemcpy(data_, from, size, cudaMemcpyHostToDevice) == cudaSuccess);
  }
  DeviceBytes(DeviceBytes const&) = delete;
  ~DeviceBytes() { cudaFree(data_); }

  template <class V>
  V* as() const {
    return static_cast<V*>(data_);
  }
  /// What is there now; false if something wrote behind it.
  bool read(void* to) const {
    std::vector<unsigned char> all(size_ + guard);
    REQUIRE(cudaMemcpy(all.data(), data_, all.size(), cudaMemcpyDeviceToHost) == cudaSuccess);
    std::memcpy(to, all.data(), size_);
    return std::all_of(all.begin() + static_cast<std::ptrdiff_t>(size_), all.end(),
                       [](unsigned char byte) { return byte == 0xFF; });
  }

 private:
  void* data_ = nullptr;
  std::size_t size_;
};

template <class V>
DeviceBytes upload(std::vector<V> const& from) {
  return {from.data(), from.size() * sizeof(V)};
}

/// y = x w^T on the device, y full of NaN before.
template <class Scheme, class X>
Matrix<float> on_device(QuantTensor<Scheme> const& w, X const& x, Shape y_shape) {
  auto const packed = *cuda::pack(w.view());
  DeviceBytes const weight{packed.data(), static_cast<std::size_t>(packed.bytes())};
  Matrix<float> y{y_shape};
  DeviceBytes const output{y.values.size() * sizeof(float)};
  Device device;
  REQUIRE(cuda::current_device(device) == Status::ok);
  auto const view = packed.view_at(weight.template as<void>());
  index_t const bytes = cuda::workspace_bytes(x, view, device);
  DeviceBytes const workspace{static_cast<std::size_t>(bytes)};
  Status const status = cuda::gemm(x, view, MatrixView<float>{output.as<float>(), y_shape},
                                   NoEpilogue{}, nullptr, {workspace.as<void>(), bytes});
  CHECK(name(status) == name(Status::ok));
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(output.read(y.values.data()));
  return y;
}
template <class Scheme, Real Element>
Matrix<float> on_device(QuantTensor<Scheme> const& w, Matrix<Element> const& x) {
  DeviceBytes const tokens = upload(x.values);
  return on_device(w, MatrixView<Element const>{tokens.template as<Element>(), x.shape},
                   {x.shape.rows, w.shape.rows});
}

/// Ragged and whole sizes, through every backend.
template <class Scheme, Real Element>
void check_sums() {
  CAPTURE(std::string{Scheme::Format::name});
  for (Shape const shape : {Shape{1, 1}, Shape{37, 150}, Shape{256, 2048}, Shape{130, 1999}}) {
    auto const w = random_tensor<Scheme>(shape, 1);
    for (index_t const tokens : {1, 8, 9, 32, 33, 130}) {
      auto const x = normal_matrix<Element>({tokens, shape.cols}, 2);
      expect_held(like_binary64(widened(x), numbers_of(w), on_device(w, x)));
    }
  }
}
/// Every weight by itself, to the bit: through `skinny`, 32 at a time, and through `mma_sm80`.
template <class Scheme, Real Element>
void check_one_hot() {
  CAPTURE(std::string{Scheme::Format::name});
  QuantTensor<Scheme> w = random_tensor<Scheme>({144, 320}, 3);
  if constexpr (Scheme::has_global)
    w.global.encode_scale = 256.0f;
  Matrix<float> const numbers = numbers_of(w);
  Matrix<Element> const all = identity<Element>(320);
  CHECK(different_from_transposed(on_device(w, all), numbers) == 0);
  for (index_t first = 0; first < 320; first += 32) {
    Matrix<Element> part{{32, 320}};
    for (index_t m = 0; m < 32; ++m) part(m, first + m) = from_float<Element>(1.0f);
    Matrix<float> const y = on_device(w, part);
    int wrong = 0;
    for (index_t m = 0; m < 32; ++m)
      for (index_t n = 0; n < 144; ++n) wrong += y(m, n) == numbers(n, first + m) ? 0 : 1;
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("cuda: the door refuses what does not fit, and launches nothing") {
  QuantTensor<S> const w = random_tensor<S>({32, 2048}, 1);
  auto const packed = *cuda::pack(w.view());
  auto const view = packed.view();
  Matrix<T> const x{{4, 2048}};
  Matrix<float> y{{4, 32}};
  auto const status = [&](MatrixView<T const> tokens, MatrixView<float> out,
                          Workspace workspace = {}) {
    return cuda::gemm(tokens, view, out, NoEpilogue{}, nullptr, workspace, h200);
  };
  CHECK(status({x.values.data(), {4, 2047}, 2048}, y.view()) == Status::shape_mismatch);
  CHECK(cuda::gemm(x.view(), w.view(), MatrixView<float>{y.values.data(), {4, 31}}) ==
        Status::shape_mismatch);
  // 32 rows are two blocks, too few: K is divided by two, and both parts need room.
  CHECK(cuda::workspace_bytes(x.view(), view, h200) == 2 * 4 * 32 * 4);
  std::vector<float> room(256);
  CHECK(status(x.view(), y.view()) == Status::buffer_too_small);
  CHECK(status(x.view(), y.view(), {room.data(), 1023}) == Status::buffer_too_small);
  auto* const odd = reinterpret_cast<std::uint8_t*>(room.data()) + 4;
  CHECK(status(x.view(), y.view(), {odd, 1024}) == Status::buffer_misaligned);
  CHECK(status({nullptr, {0, 2048}}, {nullptr, {0, 32}}) == Status::ok);
}

TEST_CASE("cuda: INT8 by INT8 has a bound on K; experts need their lists") {
  QuantTensor<Int8Tokens> const x{{1, 1 << 17}};
  cuda::PackedTensor<Int8Rows> const w{{1, 1 << 17}};
  Matrix<float> y{{1, 1}};
  CHECK(cuda::gemm(x.view(), w.view(), y.view(), NoEpilogue{}, nullptr, {}, h200) ==
        Status::size_unsupported);
  Matrix<T> const tokens{{1, 64}};
  cuda::Experts<S> const experts{{1, 64}, nullptr, nullptr, 2};
  CHECK(cuda::gemm(tokens.view(), experts, y.view(), NoEpilogue{}, nullptr, h200) ==
        Status::null_pointer);
  cuda::Experts<S> const none{{1, 64}, nullptr, nullptr, 0};
  CHECK(cuda::gemm(tokens.view(), none, y.view(), NoEpilogue{}, nullptr, h200) == Status::ok);
}

TEST_CASE("cuda: which backend takes which operands") {
  auto const packed = cuda::PackedTensor<S>{{4096, 4096}};
  auto const chosen = [&]<class X>(X const& x) { return backend_for(x, packed.view(), h200); };
  CHECK(chosen(MatrixView<T const>{nullptr, {4, 4096}}) == Backend::Skinny);
  CHECK(chosen(MatrixView<T const>{nullptr, {512, 4096}}) == Backend::MmaSm80);
  CHECK(chosen(MatrixView<float const>{nullptr, {4, 4096}}) == Backend::Simt);
  CHECK(cuda::workspace_bytes(MatrixView<T const>{nullptr, {512, 4096}}, packed.view(), h200) == 0);
  // Bytes go through the tensor cores with INT8 weights with a scale for each row alone.
  QuantTensor<Int8Tokens> const bytes{{4, 4096}};
  CHECK(chosen(bytes.view()) == Backend::Simt);
  CHECK(cuda::workspace_bytes(bytes.view(), packed.view(), h200) == 0);
  auto const rows = cuda::PackedTensor<Int8Rows>{{64, 4096}};
  CHECK(backend_for(bytes.view(), rows.view(), h200) == Backend::Skinny);
}

TEST_CASE("cuda: an error of a launch comes back") {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0)
    return;
  QuantTensor<S> const w = random_tensor<S>({16, 64}, 1);
  auto const packed = *cuda::pack(w.view());
  for (index_t const tokens : {4, 100}) {
    Matrix<T> const x{{tokens, 64}};
    Matrix<float> y{{tokens, 16}};
    CHECK(cuda::gemm(x.view(), packed.view(), y.view()) == Status::device_error);
    CHECK(cuda::gemm(x.view(), packed.view(), y.view(), NoEpilogue{}, nullptr, {}, h200) ==
          Status::device_error);
    CHECK(cuda::gemm(x.view(), w.view(), y.view()) == Status::device_error);
  }
}

TEST_CASE("cuda: products on a device") {
  if (!has_device("products"))
    return;
  check_one_hot<S, T>();
  check_one_hot<BlockScheme<MXFP4>, Code<FP16>>();
  check_one_hot<Int4Asymmetric, T>();
  check_sums<S, T>();
  check_sums<BlockScheme<MXFP4>, Code<FP16>>();
  check_sums<Int4Asymmetric, T>();

  // INT8 by INT8, with codes and scales whose sums are exact: to the bit.
  for (index_t const tokens : {5, 70}) {
    QuantTensor<Int8Rows> w = random_tensor<Int8Rows>({50, 333}, 5);
    QuantTensor<Int8Tokens> x = random_tensor<Int8Tokens>({tokens, 333}, 6);
    for (float& scale : w.scales) scale = 0.25f;
    for (float& scale : x.scales) scale = 0.5f;
    DeviceBytes const codes = upload(x.codes);
    DeviceBytes const scales = upload(x.scales);
    auto there = x.view();
    there.codes = codes.as<std::uint8_t>();
    there.scales = scales.as<float>();
    Matrix<float> const y = on_device(w, there, {tokens, 50});
    int wrong = 0;
    for (index_t m = 0; m < tokens; ++m) {
      for (index_t n = 0; n < 50; ++n) {
        double sum = 0;
        for (index_t k = 0; k < 333; ++k)
          sum += static_cast<double>(x.view()(m, k)) * static_cast<double>(w.view()(n, k));
        wrong += static_cast<double>(y(m, n)) == sum ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("cuda: bytes by other weights than bytes, on a device") {
  if (!has_device("bytes by NVFP4"))
    return;
  QuantTensor<S> const w = random_tensor<S>({50, 333}, 7);
  QuantTensor<Int8Tokens> const x = random_tensor<Int8Tokens>({5, 333}, 8);
  DeviceBytes const codes = upload(x.codes);
  DeviceBytes const scales = upload(x.scales);
  auto there = x.view();
  there.codes = codes.as<std::uint8_t>();
  there.scales = scales.as<float>();
  expect_held(like_binary64(numbers_of(x), numbers_of(w), on_device(w, there, {5, 50})));
}

TEST_CASE("cuda: a captured product gives the bits of a launched one") {
  if (!has_device("a captured product"))
    return;
  QuantTensor<S> const w = random_tensor<S>({48, 4096}, 1);  // few rows: parts of K, two kernels
  Matrix<T> const x = normal_matrix<T>({7, 4096}, 2);
  Matrix<float> const launched = on_device(w, x);
  CHECK(launched.values == on_device(w, x).values);

  auto const packed = *cuda::pack(w.view());
  DeviceBytes const weight{packed.data(), static_cast<std::size_t>(packed.bytes())};
  DeviceBytes const tokens = upload(x.values);
  DeviceBytes const output{launched.values.size() * sizeof(float)};
  auto const view = packed.view_at(weight.as<void>());
  MatrixView<T const> const xs{tokens.as<T>(), x.shape};
  Device device;
  REQUIRE(cuda::current_device(device) == Status::ok);
  index_t const bytes = cuda::workspace_bytes(xs, view, device);
  CHECK(bytes > 0);
  DeviceBytes const workspace{static_cast<std::size_t>(bytes)};
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t captured = nullptr;
  REQUIRE(cudaStreamCreate(&stream) == cudaSuccess);
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
  Status const status = cuda::gemm(xs, view, MatrixView<float>{output.as<float>(), launched.shape},
                                   NoEpilogue{}, stream, {workspace.as<void>(), bytes});
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(status == Status::ok);
  REQUIRE(cudaGraphInstantiate(&captured, graph, 0) == cudaSuccess);
  REQUIRE(cudaGraphLaunch(captured, stream) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  Matrix<float> y{launched.shape};
  CHECK(output.read(y.values.data()));
  CHECK(y.values == launched.values);
  cudaGraphExecDestroy(captured);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}

TEST_CASE("cuda: the packer on a device writes the bytes of the host's") {
  if (!has_device("the packer"))
    return;
  QuantTensor<Int4Asymmetric> const w = random_tensor<Int4Asymmetric>({50, 333}, 1);
  auto const expected = *cuda::pack(w.view());
  DeviceBytes const codes = upload(w.codes);
  DeviceBytes const scales = upload(w.scales);
  DeviceBytes const zero_points = upload(w.zero_points);
  auto view = w.view();
  view.codes = codes.as<std::uint8_t>();
  view.scales = scales.as<float>();
  view.zero_points = zero_points.as<std::int16_t>();
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(expected.bytes()));
  DeviceBytes const out = upload(bytes);
  REQUIRE(cuda::pack(view, out.as<std::uint8_t>(), nullptr) == Status::ok);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(out.read(bytes.data()));
  CHECK(std::equal(bytes.begin(), bytes.end(), expected.data()));
}
