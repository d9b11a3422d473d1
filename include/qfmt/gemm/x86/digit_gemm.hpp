// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/accuracy.hpp>
#include <qfmt/gemm/x86/avx2_tile.hpp>
#include <qfmt/gemm/x86/panel_gemm.hpp>
#include <qfmt/gemm/x86/vnni_tile.hpp>
#include <qfmt/gemm/x86/write_digits.hpp>
#include <qfmt/tensor/isa.hpp>

#if defined(QFMT_X86)

namespace qfmt::x86 {

/// What the integer kernels of all instruction sets share; see PanelGemm.
template <class S, int Slices>
struct DigitKernelsBase {
  using W = IntegerWeights<S>;
  static constexpr index_t block = W::block;
  static constexpr index_t run = W::run_of(Slices);
  static constexpr index_t decoded_block = decoded_bytes(block);
  static constexpr index_t token_block = DigitLayout{Slices, block, 1}.token_bytes();

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float* scales) noexcept {
    avx2::write_digits<Slices, block, run>(x, first, rows, tokens, padded, W::offset, to, scales);
  }

  static void finish(float* sums, index_t tokens, float const* scales, PrepackedView<S> const& w,
                     index_t) noexcept {
    constexpr float power = same_as<typename S::Stored, Code<UE4M3>> ? 0x1p120f : 1.0f;
    float unit = W::unit;
    if constexpr (S::has_global)
      unit *= w.global.decode_scale();
    avx2::scale_sums(sums, tokens, scales, power, unit);
  }
};

template <Isa isa, class S, int Slices>
struct DigitKernels;

template <class S, int Slices>
struct DigitKernels<Isa::avx512_vnni, S, Slices> : DigitKernelsBase<S, Slices> {
  using DigitKernelsBase<S, Slices>::block;
  using DigitKernelsBase<S, Slices>::run;
  static constexpr auto decode = &avx512_vnni::decode_blocks<S>;
  static constexpr decltype(&avx512_vnni::multiply_tile<S, Slices, 1>) panel[] = {
      avx512_vnni::multiply_tile<S, Slices, 1>, avx512_vnni::multiply_tile<S, Slices, 2>,
      avx512_vnni::multiply_tile<S, Slices, 4>, avx512_vnni::multiply_tile<S, Slices, 8>,
      avx512_vnni::multiply_tile<S, Slices, 16>};
  static constexpr decltype(&avx512_vnni::multiply_decoded<block, run, Slices, 1>) blocks[] = {
      avx512_vnni::multiply_decoded<block, run, Slices, 1>,
      avx512_vnni::multiply_decoded<block, run, Slices, 2>,
      avx512_vnni::multiply_decoded<block, run, Slices, 4>,
      avx512_vnni::multiply_decoded<block, run, Slices, 8>,
      avx512_vnni::multiply_decoded<block, run, Slices, 16>};
};

template <class S, int Slices>
struct DigitKernels<Isa::avx2, S, Slices> : DigitKernelsBase<S, Slices> {
  using DigitKernelsBase<S, Slices>::block;
  using DigitKernelsBase<S, Slices>::run;
  static constexpr int largest = IntegerWeights<S>::largest;
  static constexpr auto decode = &avx2::decode_blocks<S>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*, float*) = {};
  static constexpr decltype(&avx2::multiply_decoded<block, run, Slices, 1, largest>) blocks[] = {
      avx2::multiply_decoded<block, run, Slices, 1, largest>,
      avx2::multiply_decoded<block, run, Slices, 2, largest>,
      avx2::multiply_decoded<block, run, Slices, 4, largest>,
      avx2::multiply_decoded<block, run, Slices, 8, largest>,
      avx2::multiply_decoded<block, run, Slices, 16, largest>};
};

/// A prepacked weight of integers times activations in digits of 8 bits: exact integer sums of
/// blocks, see digits.hpp, and Accuracy for what the result promises. The same bits on every
/// instruction set. Allocates the digits.
template <Accuracy A, Isa isa>
struct DigitGemm {
  static_assert(isa == Isa::avx2 || isa == Isa::avx512_vnni);
  static constexpr char const* names[2][3] = {
      {"avx2_A8", "avx2_A16", "avx2_F32"},
      {"avx512_vnni_A8", "avx512_vnni_A16", "avx512_vnni_F32"}};
  static constexpr char const* name = names[isa == Isa::avx2 ? 0 : 1][slices_of(A) - 1];

  [[nodiscard]] static bool supports(Shape, Shape) noexcept { return selected_isa() >= isa; }

  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  requires(has_integer_weights<S>) Status operator()(X const& x, PrepackedView<S> const& w,
                                                     MatrixView<Y> y, E const& epilogue,
                                                     R& executor) const {
    if (!w.regular)
      return Status::unsupported;
    return PanelGemm<DigitKernels<isa, S, slices_of(A)>>::run(x, w, y, epilogue, executor);
  }
};

static_assert(GemmBackend<DigitGemm<Accuracy::A8, Isa::avx512_vnni>, MatrixView<float const>,
                          PrepackedView<BlockScheme<NVFP4>>>);

}  // namespace qfmt::x86

#endif
