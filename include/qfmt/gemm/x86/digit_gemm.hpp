// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/accuracy.hpp>
#include <qfmt/gemm/x86/avx2_words.hpp>
#include <qfmt/gemm/x86/panel_gemm.hpp>
#include <qfmt/gemm/x86/two_panels.hpp>
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
  static constexpr TwoPanelsKernel two_panels = nullptr;

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
  static constexpr bool in_place = avx512_vnni::in_place<S>;
  static constexpr auto decode = [] {
    if constexpr (in_place) {
      return &avx512_vnni::locate_blocks<S>;
    } else {
      return &avx512_vnni::decode_blocks<S>;
    }
  }();
  template <int Tokens>
  static constexpr BlocksKernel multiply =
      &avx512_vnni::multiply_decoded<block, run, Slices, Tokens, false, in_place>;
  static constexpr decltype(&avx512_vnni::multiply_tile<S, Slices, 1>) panel[] = {
      avx512_vnni::multiply_tile<S, Slices, 1>, avx512_vnni::multiply_tile<S, Slices, 2>,
      avx512_vnni::multiply_tile<S, Slices, 4>, avx512_vnni::multiply_tile<S, Slices, 8>,
      avx512_vnni::multiply_tile<S, Slices, 16>};
  static constexpr BlocksKernel blocks[] = {multiply<1>, multiply<2>, multiply<4>, multiply<8>,
                                            multiply<16>};
  static constexpr TwoPanelsKernel two_panels = [] {
    if constexpr (Slices == 1) {
      return &avx512_vnni::multiply_decoded_of_two<block, run, false, in_place>;
    } else {
      return TwoPanelsKernel{};
    }
  }();
};

/// Two digits as words, for many tokens; see PanelGemm.
template <class S, int Slices>
struct WordKernels : DigitKernelsBase<S, Slices> {
  using DigitKernelsBase<S, Slices>::block;
  static constexpr index_t decoded_block = avx512_vnni::word_bytes(block, Slices);
  static constexpr index_t token_block = WordLayout{Slices, block}.token_bytes();
  static constexpr auto decode = &avx512_vnni::decode_words<S, Slices>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*, float*) = {};
  template <int Tokens>
  static constexpr BlocksKernel multiply = &avx512_vnni::multiply_words<block, Slices, Tokens>;
  static constexpr BlocksKernel blocks[] = {multiply<1>, multiply<2>, multiply<4>, multiply<8>,
                                            multiply<16>};
  // Nothing to gain with short sums of two digits: they load no more than they multiply and convert.
  static constexpr TwoPanelsKernel two_panels =
      Slices == 3 || block == 32 ? &avx512_vnni::multiply_words_of_two<block, Slices> : nullptr;

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float* scales) noexcept {
    avx2::write_digits<Slices, block, 1, avx2::As::words>(x, first, rows, tokens, padded,
                                                          IntegerWeights<S>::offset, to, scales);
  }
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

/// Weights of 8 bits, as words.
template <class S, int Slices>
requires(S::Format::bits == 8) struct DigitKernels<Isa::avx2, S, Slices>
    : DigitKernelsBase<S, Slices> {
  using DigitKernelsBase<S, Slices>::block;
  using DigitKernelsBase<S, Slices>::run;
  static constexpr index_t decoded_block =
      decoded_bytes(block) + (Slices == 3 ? PanelLayout::line : 0);
  static constexpr index_t token_block = WordLayout{Slices, block, true}.token_bytes();
  static constexpr auto decode = &avx2::decode_for_words<S, Slices>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*, float*) = {[] {
    if constexpr (Slices < 3) {
      return &avx2::multiply_token<S, Slices>;
    } else {
      return nullptr;
    }
  }()};
  template <int Tokens>
  static constexpr BlocksKernel multiply = &avx2::multiply_words<block, run, Slices, Tokens>;
  static constexpr BlocksKernel blocks[] = {multiply<1>, multiply<2>, multiply<4>, multiply<8>,
                                            multiply<16>};

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float* scales) noexcept {
    avx2::write_digits<Slices, block, 1, avx2::As::all_words>(x, first, rows, tokens, padded, 0, to,
                                                              scales);
  }
};

/// One digit and a scale for each block of a token; see PanelGemm.
template <class S>
struct ScaledKernelsBase : DigitKernelsBase<S, 1> {
  using DigitKernelsBase<S, 1>::block;
  static constexpr index_t run = 1;
  static constexpr index_t token_block = DigitLayout{1, block, 1, true}.token_bytes();

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float* scales) noexcept {
    avx2::write_scaled_blocks<block>(x, first, rows, tokens, padded, IntegerWeights<S>::offset, to,
                                     scales);
  }
};

template <Isa isa, class S>
struct ScaledKernels;

template <class S>
struct ScaledKernels<Isa::avx512_vnni, S> : ScaledKernelsBase<S> {
  using ScaledKernelsBase<S>::block;
  static constexpr auto decode = &avx512_vnni::decode_blocks<S>;
  static constexpr decltype(&avx512_vnni::multiply_tile<S, 1, 1, true>) panel[] = {
      avx512_vnni::multiply_tile<S, 1, 1, true>, avx512_vnni::multiply_tile<S, 1, 2, true>,
      avx512_vnni::multiply_tile<S, 1, 4, true>, avx512_vnni::multiply_tile<S, 1, 8, true>,
      avx512_vnni::multiply_tile<S, 1, 16, true>};
  static constexpr decltype(&avx512_vnni::multiply_decoded<block, 1, 1, 1, true>) blocks[] = {
      avx512_vnni::multiply_decoded<block, 1, 1, 1, true>,
      avx512_vnni::multiply_decoded<block, 1, 1, 2, true>,
      avx512_vnni::multiply_decoded<block, 1, 1, 4, true>,
      avx512_vnni::multiply_decoded<block, 1, 1, 8, true>,
      avx512_vnni::multiply_decoded<block, 1, 1, 16, true>};
  static constexpr TwoPanelsKernel two_panels =
      &avx512_vnni::multiply_decoded_of_two<block, 1, true>;
};

template <class S>
struct ScaledKernels<Isa::avx2, S> : ScaledKernelsBase<S> {
  using ScaledKernelsBase<S>::block;
  static constexpr int largest = IntegerWeights<S>::largest;
  static constexpr auto decode = &avx2::decode_blocks<S>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*, float*) = {};
  static constexpr decltype(&avx2::multiply_decoded<block, 1, 1, 1, largest, true>) blocks[] = {
      avx2::multiply_decoded<block, 1, 1, 1, largest, true>,
      avx2::multiply_decoded<block, 1, 1, 2, largest, true>,
      avx2::multiply_decoded<block, 1, 1, 4, largest, true>,
      avx2::multiply_decoded<block, 1, 1, 8, largest, true>,
      avx2::multiply_decoded<block, 1, 1, 16, largest, true>};
};

/// Weights of 8 bits, as words.
template <class S>
requires(S::Format::bits == 8) struct ScaledKernels<Isa::avx2, S> : ScaledKernelsBase<S> {
  using ScaledKernelsBase<S>::block;
  static constexpr index_t token_block = WordLayout{1, block, true, true}.token_bytes();
  static constexpr auto decode = &avx2::decode_for_words<S, 1>;
  static constexpr void (*panel[5])(uint8_t const*, index_t, uint8_t const*,
                                    float*) = {avx2::multiply_token<S, 1, true>};
  template <int Tokens>
  static constexpr BlocksKernel multiply = &avx2::multiply_words<block, 1, 1, Tokens, true>;
  static constexpr BlocksKernel blocks[] = {multiply<1>, multiply<2>, multiply<4>, multiply<8>,
                                            multiply<16>};

  template <Operand X>
  static void write(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                    uint8_t* to, float* scales) noexcept {
    avx2::write_scaled_blocks<block, true>(x, first, rows, tokens, padded, 0, to, scales);
  }
};

/// A prepacked weight of integers times activations in digits of 8 bits: exact integer sums of
/// blocks, see digits.hpp, and Accuracy for what the result promises. The same bits on every
/// instruction set. Allocates the digits.
template <Accuracy A, Isa isa>
struct DigitGemm {
  static_assert(isa == Isa::avx2 || isa == Isa::avx512_vnni);
  static constexpr char const* names[2][4] = {
      {"avx2_A8Block", "avx2_A8", "avx2_A16", "avx2_F32"},
      {"avx512_vnni_A8Block", "avx512_vnni_A8", "avx512_vnni_A16", "avx512_vnni_F32"}};
  static constexpr char const* name =
      names[isa == Isa::avx2 ? 0 : 1][A == Accuracy::A8Block ? 0 : slices_of(A)];

  [[nodiscard]] static bool supports(Shape, Shape) noexcept { return selected_isa() >= isa; }

  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  requires(has_integer_weights<S>) Status operator()(X const& x, PrepackedView<S> const& w,
                                                     MatrixView<Y> y, E const& epilogue,
                                                     R& executor) const {
    if (!w.regular)
      return Status::unsupported;
    if constexpr (A == Accuracy::A8Block)
      return PanelGemm<ScaledKernels<isa, S>>::run(x, w, y, epilogue, executor);
    if constexpr (isa == Isa::avx512_vnni && has_words<S>(slices_of(A))) {
      // On Zen 4 digits are quicker with three slices and blocks of 32.
      bool const words =
          slices_of(A) == 2 || IntegerWeights<S>::block == 16 || has_full_width_512();
      if (words && y.shape.rows > largest_tile)
        return PanelGemm<WordKernels<S, slices_of(A)>>::run(x, w, y, epilogue, executor);
    }
    return PanelGemm<DigitKernels<isa, S, slices_of(A)>>::run(x, w, y, epilogue, executor);
  }
};

static_assert(GemmBackend<DigitGemm<Accuracy::A8, Isa::avx512_vnni>, MatrixView<float const>,
                          PrepackedView<BlockScheme<NVFP4>>>);

}  // namespace qfmt::x86

#endif
