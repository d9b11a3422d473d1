// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/digit_gemm.hpp>

#if defined(QFMT_X86)

namespace qfmt::x86 {

/// Whether activations X are 4-bit codes of integers, quantized in the blocks of the weight's
/// scheme.
template <class X, class S>
inline constexpr bool multiplies_codes = false;
template <Scheme X, class S>
requires(has_integer_weights<X>&&
             has_integer_weights<S>) inline constexpr bool multiplies_codes<QuantTensorView<X>, S> =
    X::Format::bits == 4 && S::Format::bits == 4 && !X::has_zero_point
    && same_as<typename X::Granularity, PerGroup<IntegerWeights<S>::block>> &&
    same_as<typename S::Granularity, PerGroup<IntegerWeights<S>::block>>;

/// See PanelGemm.
template <Isa isa, class S>
struct CodeKernels : ScaledKernels<isa, S> {
  using W = IntegerWeights<S>;
  using ScaledKernels<isa, S>::block;
  using ScaledKernels<isa, S>::token_block;

  /// Rows of x as a tile: the integers of its codes, a seed and the scale for each block.
  template <Scheme X>
  static void write(QuantTensorView<X> const& x, index_t first, index_t rows, index_t tokens,
                    index_t padded, uint8_t* to, float* scales) noexcept {
    using Codes = IntegerWeights<X>;
    for (index_t t = 0; t < tokens; ++t) {
      scales[t] = Codes::unit;
      if constexpr (X::has_global)
        scales[t] *= x.global.decode_scale();
      for (index_t b = 0; b < padded / block; ++b) {
        uint8_t* const token = to + (b * tokens + t) * token_block;
        index_t const count =
            t < rows ? (std::clamp)(x.shape.cols - b * block, index_t{0}, block) : 0;
        int32_t seed = 0;
        for (index_t i = 0; i < block; ++i) {
          int const v = i < count ? Codes::integer(x.code(first + t, b * block + i).bits) : 0;
          token[i] = static_cast<uint8_t>(v);
          seed -= W::offset * v;
        }
        float scale = 0.0f;
        if (count > 0) {
          auto const stored = x.scales[x.scale_index(first + t, b * block)];
          if constexpr (Real<typename X::Stored>) {
            scale = to_float(stored);
          } else {
            scale = qfmt::decode(stored);
          }
        }
        std::memcpy(token + block, &seed, sizeof seed);
        std::memcpy(token + block + 4, &scale, sizeof scale);
      }
    }
  }
};

/// 4-bit codes times 4-bit codes, as the block-scaled instructions of tensor cores define it:
///
///     sum = fma(dot(m, n, b) * scale_x(m, b), scale_w(n, b), sum), blocks b in order
///
/// with dot the exact integer product of the codes of a block. The factors of E4M3 and E8M0 scales
/// make the first product exact too. The same bits on every instruction set.
template <Isa isa>
struct CodeGemm {
  static_assert(isa == Isa::avx2 || isa == Isa::avx512_vnni);
  static constexpr char const* name = isa == Isa::avx2 ? "avx2_codes" : "avx512_vnni_codes";

  [[nodiscard]] static bool supports(Shape, Shape) noexcept { return selected_isa() >= isa; }

  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  requires(multiplies_codes<X, S>) Status operator()(X const& x, PrepackedView<S> const& w,
                                                     MatrixView<Y> y, E const& epilogue,
                                                     R& executor) const {
    if (!w.regular)
      return Status::unsupported;
    return PanelGemm<CodeKernels<isa, S>>::run(x, w, y, epilogue, executor);
  }
};

static_assert(GemmBackend<CodeGemm<Isa::avx2>, QuantTensorView<BlockScheme<NVFP4, Dynamic>>,
                          PrepackedView<BlockScheme<NVFP4>>>);

}  // namespace qfmt::x86

#endif
