// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/two_panels.hpp>
#include <qfmt/tensor/isa.hpp>

#if defined(QFMT_X86)

namespace qfmt::x86 {

/// The kernels in BF16; see PanelGemm.
template <class S>
struct Bf16Kernels {
  using W = Bf16Weights<S>;
  static constexpr index_t block = W::block;
  static constexpr index_t run = 1;
  static constexpr index_t decoded_block = W::decoded_block;
  static constexpr index_t token_block = block * 2;
  static constexpr auto decode = &avx512_bf16::decode_pairs<S>;
  static constexpr decltype(&avx512_bf16::multiply_panel<S, 1>) panel[] = {
      avx512_bf16::multiply_panel<S, 1>, avx512_bf16::multiply_panel<S, 2>,
      avx512_bf16::multiply_panel<S, 4>, avx512_bf16::multiply_panel<S, 8>, nullptr};
  static constexpr decltype(&avx512_bf16::multiply_pairs<S, 1>) blocks[] = {
      avx512_bf16::multiply_pairs<S, 1>, avx512_bf16::multiply_pairs<S, 2>,
      avx512_bf16::multiply_pairs<S, 4>, avx512_bf16::multiply_pairs<S, 8>,
      avx512_bf16::multiply_pairs<S, 16>};
  static constexpr TwoPanelsKernel two_panels = &avx512_bf16::multiply_pairs_of_two<S>;

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float*) noexcept {
    avx512_bf16::write_pairs(x, first, rows, tokens, padded, W::column_of, to);
  }

  /// The scale of the channel or of the tensor.
  static void finish(float* sums, index_t tokens, float const*, PrepackedView<S> const& w,
                     index_t number) noexcept {
    if constexpr (S::has_global) {
      float const scale = w.global.decode_scale();
      for (index_t i = 0; i < tokens * PanelLayout::lanes; ++i) sums[i] *= scale;
    } else if constexpr (W::one_scale) {
      for (index_t r = 0; r < PanelLayout::lanes; ++r) {
        index_t const row = (std::min)(number * PanelLayout::lanes + r, w.shape.rows - 1);
        float const scale = S::Policy::effective(w.stored_scale(row, 0), w.global);
        for (index_t t = 0; t < tokens; ++t) sums[t * PanelLayout::lanes + r] *= scale;
      }
    }
  }
};

/// A prepacked weight times activations in BF16, with exact weights: floats of 8 bits, or of 4
/// bits, with sums in binary32. Rounds activations that are not BF16, to nearest even, so that with
/// S = sum of |x w| a result is within (2^-9 + (K + 12) 2^-24) S of the exact one, and within
/// (K + 12) 2^-24 S for activations that are. Subnormal activations count as zero. Allocates the
/// activations in BF16.
struct Bf16Gemm {
  static constexpr char const* name = "avx512_bf16";

  [[nodiscard]] static bool supports(Shape, Shape) noexcept {
    return selected_isa() >= Isa::avx512_bf16;
  }

  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  requires(has_bf16_weights<S>) Status operator()(X const& x, PrepackedView<S> const& w,
                                                  MatrixView<Y> y, E const& epilogue,
                                                  R& executor) const {
    if (!w.regular)
      return Status::unsupported;
    return PanelGemm<Bf16Kernels<S>>::run(x, w, y, epilogue, executor);
  }
};

static_assert(
    GemmBackend<Bf16Gemm, MatrixView<Code<BF16> const>, PrepackedView<BlockScheme<NVFP4>>>);

}  // namespace qfmt::x86

#endif
