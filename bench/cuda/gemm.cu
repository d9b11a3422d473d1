// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Products of BF16 activations with packed 4-bit weights, for the linear layers of Llama 3 8B and 70B,
// beside cuBLASLt with BF16 weights and beside what one would do without such a kernel: dequantize to
// BF16, then cuBLASLt. Up to 64 tokens rates are bytes of the weights, a share of what reading as many
// bytes gives; beyond, floating-point operations, a share of cuBLASLt's BF16. With QFMT_NO_BLAS, or where
// cuBLASLt knows no algorithm, its lines are left out.

#include <qfmt/cuda/dequant.cuh>
#include <qfmt/cuda/gemm/gemm.cuh>

#include <cuda/blas.hpp>

namespace {

using namespace qfmt;
using namespace qfmt::bench;

using T = Code<BF16>;
constexpr index_t tokens[] = {1, 2, 4, 8, 16, 32, 64, 128, 512, 2048, 8192};
constexpr index_t most_tokens = 8192;

/// Eight codes of NVFP4 in each thread, to BF16; the tensor's scale is left to the product.
__global__ void dequantize(std::uint32_t const* codes, std::uint8_t const* scales, uint4* to,
                           unsigned long long words) {
  unsigned long long const i = 1ull * blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= words)
    return;
  cuda::Codes<E2M1, 8> const eight{{codes[i]}};
  T const scale = from_float<T>(decode(Code<UE4M3>{scales[i / 2]}));
  auto const x = cuda::multiply(cuda::decode<T>(eight), scale);
  to[i] = {x.word[0], x.word[1], x.word[2], x.word[3]};
}

/// What all formats of one layer share: activations, outputs, and the times to compare with.
struct Layer {
  explicit Layer(Shape s)
      : shape{s},
        x{device_memory<T>(most_tokens * s.cols)},
        y{device_memory<T>(most_tokens * s.rows)},
        copies{rotation(2 * s.size())},
        w{device_memory<std::uint8_t>(copies * 2 * s.size())},
        codes{device_memory<std::uint8_t>(copies * s.size(), Fill::bits)} {}
  ~Layer() {
    for (void* const p : std::initializer_list<void*>{x, y, w, codes}) cudaFree(p);
  }
  Layer(Layer const&) = delete;
  Layer& operator=(Layer const&) = delete;

  std::string name(index_t m) const {
    return by(shape.rows, shape.cols) + ", M = " + std::to_string(m);
  }
  double flop(index_t m) const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(shape.size());
  }
  void line(char const* what, index_t m, double us, double weight_bytes, double blas_us) const {
    if (m <= 64)
      report("gemm", what, name(m), us, weight_bytes, "GB/s", read);
    else
      report("gemm", what, name(m), us, flop(m), "TFLOP/s",
             blas_us > 0 ? flop(m) / blas_us / 1e6 : 0);
  }

  Shape shape;
  T* x;
  T* y;
  int copies;
  std::uint8_t* w;
  std::uint8_t* codes;
  double read = 0;
};

template <class S>
void measure(Layer const& layer, char const* what, std::vector<double> const& blas) {
  cuda::PackedView<S> view{layer.shape, layer.codes, {}};
  index_t const bytes = view.layout().bytes();
  int const copies = rotation(bytes);
  auto* const packed = device_memory<std::uint8_t>(copies * bytes, Fill::bits);
  index_t const scales = view.layout().scales_at();
  for (int copy = 0; copy < copies; ++copy)
    fill_with_ones<typename S::Stored>(packed + copy * bytes + scales, bytes - scales);
  auto* const workspace = device_memory<std::uint8_t>(index_t{256} << 20);
  cuda::Device device;
  require(cuda::current_device(device), "device");
  std::size_t i = 0;
  for (index_t const m : tokens) {
    MatrixView<T const> const x{layer.x, {m, layer.shape.cols}};
    MatrixView<T> const y{layer.y, {m, layer.shape.rows}};
    double const blas_us = blas[i++];
    auto const multiply = [&](int launch, cudaStream_t stream) {
      view.data = packed + launch % copies * bytes;
      return cuda::gemm(x, view, y, NoEpilogue{}, stream, {workspace, index_t{256} << 20}, device);
    };
    if (Status const status = multiply(0, nullptr); status != Status::ok) {
      std::fprintf(stderr, "%s, %s: %s\n", what, layer.name(m).c_str(), qfmt::name(status));
      continue;
    }
    double const us = microseconds(
        [&](int launch, cudaStream_t stream) { require(multiply(launch, stream), what); });
    layer.line(what, m, us, static_cast<double>(bytes), blas_us);
  }
  cudaFree(packed);
  cudaFree(workspace);
}

void measure_layer(Shape shape) {
  Layer layer{shape};
  layer.read = read_rate(round_up(shape.size() / 2, 16));
  double const bf16_bytes = 2.0 * static_cast<double>(shape.size());
  index_t const step = shape.size() / 2 + shape.size() / 16;  // codes of NVFP4, then scales
  for (int copy = 0; copy < layer.copies; ++copy)
    fill_with_ones<Code<UE4M3>>(layer.codes + copy * step + shape.size() / 2, shape.size() / 16);
  std::vector<double> blas;
  for (index_t const m : tokens) {
    LtProduct product{m, shape.rows, shape.cols, false};
    double const us = product.fastest(layer.x, layer.w, layer.y, 2 * shape.size(), layer.copies);
    blas.push_back(us);
    if (us == 0)
      continue;
    layer.line("cuBLASLt BF16", m, us, bf16_bytes, us);

    index_t const words = shape.size() / 8;
    double const both = microseconds([&](int i, cudaStream_t stream) {
      std::uint8_t const* const codes = layer.codes + i % layer.copies * step;
      dequantize<<<static_cast<unsigned>(ceil_div(words, 256)), 256, 0, stream>>>(
          reinterpret_cast<std::uint32_t const*>(codes), codes + shape.size() / 2,
          reinterpret_cast<uint4*>(layer.w), static_cast<unsigned long long>(words));
      product.run(layer.x, layer.w, layer.y, stream);
    });
    layer.line("dequantize NVFP4, cuBLASLt", m, both, static_cast<double>(step), us);
  }
  measure<BlockScheme<NVFP4>>(layer, "NVFP4", blas);
  measure<BlockScheme<MXFP4>>(layer, "MXFP4", blas);
  measure<QuantScheme<INT4, PerGroup<128>>>(layer, "INT4 g128", blas);
}

}  // namespace

int main() {
  require_device();
  for (Shape const shape : {Shape{6144, 4096},
                            {4096, 4096},
                            {14336, 4096},
                            {4096, 14336},
                            {28672, 8192},
                            {8192, 28672}})
    measure_layer(shape);
}
