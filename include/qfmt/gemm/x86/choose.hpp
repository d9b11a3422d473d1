// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/accuracy.hpp>
#include <qfmt/gemm/portable.hpp>
#include <qfmt/gemm/x86/bf16_gemm.hpp>
#include <qfmt/gemm/x86/code_gemm.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <qfmt/gemm/x86/float_gemm.hpp>

// Which backend multiplies by a prepacked weight. On other machines than x86 it is always the
// portable one, which keeps every promise of accuracy, by reading the panels element by element.

namespace qfmt {

#if defined(QFMT_X86)
namespace x86 {

/// Whether products in BF16 take half the time of those in binary32: on AMD's processors with the
/// instruction (Zen 4: one a clock of 512 bits, as FMA). On Intel's Sapphire Rapids it was measured
/// to be slower than FMA. A rule and no measurement: results must not change from run to run.
[[nodiscard]] inline bool bf16_is_quick() noexcept {
  return selected_isa() >= Isa::avx512_bf16 && __builtin_cpu_is("amd") != 0;
}

/// Whether a product in BF16 keeps the promise of A and gains something: where BF16 is what was
/// asked for; and for floats of 8 bits, whose other kernels use binary32, where activations are
/// BF16 or rounding them is allowed.
template <Accuracy A, class X, class S>
inline constexpr bool prefers_bf16 =
    has_bf16_weights<S> &&
    (A == Accuracy::BF16 ||
     (has_float_weights<S> && (A <= Accuracy::A8Block || same_as<X, MatrixView<Code<BF16>>> ||
                               same_as<X, MatrixView<Code<BF16> const>>)));

}  // namespace x86
#endif

/// visit(backend), with the quickest backend that keeps A's promise for activations X and this
/// weight on this machine.
template <Accuracy A, Operand X, Prepackable S, class Visit>
decltype(auto) with_backend([[maybe_unused]] PrepackedView<S> const& w, Visit&& visit) {
#if defined(QFMT_X86)
  if constexpr (!x86::multiplies_codes<X, S> && x86::prefers_bf16<A, X, S>) {
    if (w.regular && x86::bf16_is_quick())
      return visit(x86::Bf16Gemm{});
  }
  if constexpr (x86::multiplies_codes<X, S>) {
    if (w.regular && selected_isa() >= Isa::avx512_vnni)
      return visit(x86::CodeGemm<Isa::avx512_vnni>{});
    if (w.regular && selected_isa() >= Isa::avx2)
      return visit(x86::CodeGemm<Isa::avx2>{});
  } else if constexpr (has_integer_weights<S>) {
    if (w.regular && selected_isa() >= Isa::avx512_vnni)
      return visit(x86::DigitGemm<A, Isa::avx512_vnni>{});
    if (w.regular && selected_isa() >= Isa::avx2)
      return visit(x86::DigitGemm<A, Isa::avx2>{});
  } else if constexpr (has_float_weights<S>) {
    if (w.regular && selected_isa() >= Isa::avx512_vnni)
      return visit(x86::FloatGemm<Isa::avx512_vnni>{});
    if (w.regular && selected_isa() >= Isa::avx2)
      return visit(x86::FloatGemm<Isa::avx2>{});
  }
#endif
  return visit(PortableGemm{});
}

}  // namespace qfmt
