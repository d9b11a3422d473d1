// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/portable.hpp>
#include <qfmt/gemm/x86/code_gemm.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <qfmt/gemm/x86/float_gemm.hpp>

// Which backend multiplies by a prepacked weight. On other machines than x86 it is always the
// portable one, which keeps every promise of accuracy, by reading the panels element by element.

namespace qfmt {

/// visit(backend), with the quickest backend that keeps A's promise for activations X and this
/// weight on this machine.
template <Accuracy A, Operand X, Prepackable S, class Visit>
decltype(auto) with_backend([[maybe_unused]] PrepackedView<S> const& w, Visit&& visit) {
#if defined(QFMT_X86)
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
