// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Quantization of activations, alone and fused, in bytes read and written each second, as a share of
// what a copy that moves as many bytes does in the same process.

#include <qfmt/cuda/tensor/amax.cuh>
#include <qfmt/cuda/tensor/quantize_blocks.cuh>
#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/cuda/tensor/rms_norm.cuh>
#include <qfmt/cuda/tensor/silu_mul.cuh>
#include <qfmt/formats/int8.hpp>

#include <cuda/timing.hpp>

namespace {

using namespace qfmt;
using namespace qfmt::bench;
namespace q = qfmt::cuda;

using T = Code<BF16>;

/// Inputs and outputs for one shape, several times.
struct Memory {
  explicit Memory(Shape s)
      : shape{s},
        copies{rotation(2 * s.size())},
        x{device_memory<T>(2 * copies * s.size())},
        residual{device_memory<T>(copies * s.size())},
        weight{device_memory<T>(s.cols)},
        codes{device_memory<std::uint8_t>(copies * s.size())},
        scales{device_memory<std::uint8_t>(copies * (s.rows + 128) * (s.cols + 64) / 4)} {}
  ~Memory() {
    for (void* const p : std::initializer_list<void*>{x, residual, weight, codes, scales})
      cudaFree(p);
  }
  Memory(Memory const&) = delete;
  Memory& operator=(Memory const&) = delete;

  MatrixView<T const> matrix(int i) const { return {x + i % copies * shape.size(), shape}; }
  q::SiluMul<T> silu(int i) const {
    return {{x + 2 * (i % copies) * shape.size(), shape},
            {x + (2 * (i % copies) + 1) * shape.size(), shape}};
  }
  q::AddRmsNorm<T> norm(int i) const {
    return {matrix(i), {residual + i % copies * shape.size(), shape}, weight, 1e-5f};
  }
  template <class F>
  q::ScaledRows<F> rows(int i) const {
    return {codes + i % copies * shape.size(), shape.cols * F::bits / 8,
            reinterpret_cast<float*>(scales) + i % copies * shape.rows};
  }
  template <class B, class L>
  q::QuantizedRows<B, L> blocks(int i) const {
    index_t const tiles = L::size({shape.rows, ceil_div(shape.cols, B::block_size)});
    return {codes + i % copies * shape.size(), shape.cols * B::Element::bits / 8,
            reinterpret_cast<typename B::Policy::Stored*>(scales) + i % copies * tiles};
  }

  Shape shape;
  int copies;
  T* x;
  T* residual;
  T* weight;
  std::uint8_t* codes;
  std::uint8_t* scales;
};

template <class Work>
void measure(Memory const& memory, char const* what, double bytes_of_value, Work work) {
  double const bytes = bytes_of_value * static_cast<double>(memory.shape.size());
  double const us =
      microseconds([&](int i, cudaStream_t stream) { require(work(i, stream), what); });
  report("quantize", what, by(memory.shape.rows, memory.shape.cols), us, bytes, "GB/s",
         copy_rate(static_cast<index_t>(bytes)));
}

}  // namespace

int main() {
  require_device();
  for (Shape const shape :
       {Shape{1, 8192}, {64, 8192}, {2048, 4096}, {8192, 8192}, {16384, 14336}}) {
    Memory const m{shape};
    GlobalScale const global{600.0f};
    measure(m, "E4M3 by token", 3,
            [&](int i, auto s) { return q::quantize_rows<E4M3>(m.matrix(i), m.rows<E4M3>(i), s); });
    measure(m, "INT8 by token", 3,
            [&](int i, auto s) { return q::quantize_rows<INT8>(m.matrix(i), m.rows<INT8>(i), s); });
    measure(m, "NVFP4, swizzled", 2 + 0.5 + 1.0 / 16, [&](int i, auto s) {
      return q::quantize_blocks<NVFP4, Swizzled128x4>(m.matrix(i),
                                                      m.blocks<NVFP4, Swizzled128x4>(i), global, s);
    });
    measure(m, "MXFP4", 2 + 0.5 + 1.0 / 32, [&](int i, auto s) {
      return q::quantize_blocks<MXFP4>(m.matrix(i), m.blocks<MXFP4, RowMajor>(i), NoGlobal{}, s);
    });
    measure(m, "MXFP8, swizzled", 3 + 1.0 / 32, [&](int i, auto s) {
      return q::quantize_blocks<MXFP8_E4M3, Swizzled128x4>(
          m.matrix(i), m.blocks<MXFP8_E4M3, Swizzled128x4>(i), NoGlobal{}, s);
    });
    measure(m, "SiLU * up, E4M3 by token", 5,
            [&](int i, auto s) { return q::quantize_rows<E4M3>(m.silu(i), m.rows<E4M3>(i), s); });
    measure(m, "SiLU * up, NVFP4 swizzled", 4 + 0.5 + 1.0 / 16, [&](int i, auto s) {
      return q::quantize_blocks<NVFP4, Swizzled128x4>(m.silu(i), m.blocks<NVFP4, Swizzled128x4>(i),
                                                      global, s);
    });
    measure(m, "add, RMSNorm, E4M3 by token", 7,
            [&](int i, auto s) { return q::quantize_rows<E4M3>(m.norm(i), m.rows<E4M3>(i), s); });
    measure(m, "add, RMSNorm, NVFP4 swizzled", 6 + 0.5 + 1.0 / 16, [&](int i, auto s) {
      return q::quantize_blocks<NVFP4, Swizzled128x4>(m.norm(i), m.blocks<NVFP4, Swizzled128x4>(i),
                                                      global, s);
    });
    auto* const workspace = device_memory<float>(q::amax_workspace);
    auto* const found = device_memory<GlobalScale>(1);
    measure(m, "NVFP4's tensor scale", 2,
            [&](int i, auto s) { return q::fit_global<NVFP4>(m.matrix(i), workspace, found, s); });
    cudaFree(workspace);
    cudaFree(found);
  }
}
