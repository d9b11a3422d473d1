// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/fma_tile.hpp>
#include <qfmt/gemm/x86/two_panels.hpp>
#include <qfmt/tensor/isa.hpp>

#if defined(QFMT_X86)

namespace qfmt::x86 {

/// What the kernels for floats of all instruction sets share; see PanelGemm.
template <class S>
struct FloatKernelsBase {
  using W = FloatWeights<S>;
  static constexpr index_t block = W::block;
  static constexpr index_t run = 1;
  static constexpr index_t decoded_block = W::decoded_block;
  static constexpr index_t token_block = block * sizeof(float);
  static constexpr TwoPanelsKernel two_panels = nullptr;

  /// A tile of floats: for each column, all of its tokens.
  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float*) noexcept {
    auto* const out = reinterpret_cast<float*>(to);
    std::fill(out, out + padded * tokens, 0.0f);
    index_t const cols = shape_of(x).cols;
    for (index_t t = 0; t < rows; ++t) {
      switch (tokens) {
        case 1:
          decode_row<1>(x, first + t, 0, cols, out + t);
          break;
        case 2:
          decode_row<2>(x, first + t, 0, cols, out + t);
          break;
        case 4:
          decode_row<4>(x, first + t, 0, cols, out + t);
          break;
        case 8:
          decode_row<8>(x, first + t, 0, cols, out + t);
          break;
        default:
          decode_row<16>(x, first + t, 0, cols, out + t);
          break;
      }
    }
  }

  static void finish(float*, index_t, float const*, PrepackedView<S> const&, index_t) noexcept {}
};

template <Isa isa, class S>
struct FloatKernels;

template <class S>
struct FloatKernels<Isa::avx512_vnni, S> : FloatKernelsBase<S> {
  using FloatKernelsBase<S>::block;
  static constexpr auto decode = &avx512_vnni::decode_floats<S>;
  static constexpr decltype(&avx512_vnni::multiply_float_panel<S, 1>) panel[] = {
      avx512_vnni::multiply_float_panel<S, 1>, avx512_vnni::multiply_float_panel<S, 2>,
      avx512_vnni::multiply_float_panel<S, 4>, avx512_vnni::multiply_float_panel<S, 8>,
      avx512_vnni::multiply_float_panel<S, 16>};
  static constexpr decltype(&avx512_vnni::multiply_floats<block, 1>) blocks[] = {
      avx512_vnni::multiply_floats<block, 1>, avx512_vnni::multiply_floats<block, 2>,
      avx512_vnni::multiply_floats<block, 4>, avx512_vnni::multiply_floats<block, 8>,
      avx512_vnni::multiply_floats<block, 16>};
  static constexpr TwoPanelsKernel two_panels = &avx512_vnni::multiply_floats_of_two<block>;
};

template <class S>
struct FloatKernels<Isa::avx2, S> : FloatKernelsBase<S> {
  using FloatKernelsBase<S>::block;
  static constexpr auto decode = &avx2::decode_floats<S>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*, float*) = {};
  static constexpr decltype(&avx2::multiply_floats<block, 1>) blocks[] = {
      avx2::multiply_floats<block, 1>, avx2::multiply_floats<block, 2>,
      avx2::multiply_floats<block, 4>, avx2::multiply_floats<block, 8>,
      avx2::multiply_floats<block, 16>};
};

/// A prepacked weight of 8-bit floats times activations, both in binary32:
///
///     sum = fma(x(m, k), w(n, k), sum), from +0, in increasing k
///
/// with w as the reference has it, so within (K + 2) 2^-24 sum |x w| of the exact sum. The same
/// bits on every instruction set. Allocates a copy of the activations.
template <Isa isa>
struct FloatGemm {
  static_assert(isa == Isa::avx2 || isa == Isa::avx512_vnni);
  static constexpr char const* name = isa == Isa::avx2 ? "avx2_fma" : "avx512_fma";

  [[nodiscard]] static bool supports(Shape, Shape) noexcept { return selected_isa() >= isa; }

  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  requires(has_float_weights<S>) Status operator()(X const& x, PrepackedView<S> const& w,
                                                   MatrixView<Y> y, E const& epilogue,
                                                   R& executor) const {
    if (!w.regular)
      return Status::unsupported;
    return PanelGemm<FloatKernels<isa, S>>::run(x, w, y, epilogue, executor);
  }
};

static_assert(GemmBackend<FloatGemm<Isa::avx2>, MatrixView<float const>,
                          PrepackedView<BlockScheme<MXFP8_E4M3>>>);

}  // namespace qfmt::x86

#endif
