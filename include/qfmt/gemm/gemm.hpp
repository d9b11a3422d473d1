// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/gemm_with.hpp>
#include <qfmt/gemm/x86/choose.hpp>

namespace qfmt {

/// y = epilogue(x * w^T): activations x (M, K) times the weight w (N, K) of a layer, into y (M, N).
///
///     Status s = gemm(x, weight.view(), y, Bias{bias.data(), n}, pool);
///
/// x and w are MatrixView of float, BF16 or FP16, or QuantTensorView of any scheme; y is a
/// MatrixView of float, BF16 or FP16. The result is defined by ReferenceGemm, the output rounded
/// once from binary32 to nearest even; it depends neither on the executor nor on the caller's
/// rounding mode and flush modes. Elements of y outside its shape are not touched. Any size from 0
/// is fine, K = 0 gives epilogue(0).
///
/// Errors, with nothing written: negative_size; shape_mismatch (also between scales and codes, or
/// bias and N); stride_invalid, a stride or row_bytes below what a row takes; null_pointer;
/// buffer_misaligned; size_overflow; buffer_aliasing, y shares memory with x or w.
template <Operand X, Operand W, Real Y, Epilogue E = NoEpilogue, Executor R = Serial const>
Status gemm(X const& x, W const& w, MatrixView<Y> y, E const& epilogue = {},
            R&& executor = Serial{}) {
  return gemm_with(PortableGemm{}, x, w, y, epilogue, executor);
}

/// The same with a prepacked weight, as exactly as asked for:
///
///     Prepacked<S> w = prepack(weight.view());
///     Status s = gemm<Accuracy::A16>(x, w.view(), y, Bias{bias.data(), n}, pool);
///
/// The result is the exact sum to within what Accuracy promises, rounded once to the output type.
/// It depends on the machine's instructions within that bound, and on nothing else: neither on the
/// executor, nor on the other tokens of the batch, nor on the caller's floating-point environment.
///
/// Activations that are themselves quantized in the blocks of the weight (NVFP4 by NVFP4, MXFP4 by
/// MXFP4) are multiplied code by code, and all accuracies are then the same: the products of codes
/// and the sum of each block are exact; blocks are added with one rounding each, within the second
/// term of the bound.
///
/// Allocates memory for the activations as integers, M K bytes and a quarter for each digit; beside
/// the errors of gemm() above there is out_of_memory.
template <Accuracy A, Operand X, Prepackable S, Real Y, Epilogue E = NoEpilogue,
          Executor R = Serial const>
Status gemm(X const& x, PrepackedView<S> const& w, MatrixView<Y> y, E const& epilogue = {},
            R&& executor = Serial{}) {
  return with_backend<A, X>(
      w, [&](auto const& backend) { return gemm_with(backend, x, w, y, epilogue, executor); });
}

/// The name of the backend that gemm<A> picks for activations X and this weight, on this machine.
template <Accuracy A, Operand X = MatrixView<float const>, Prepackable S>
[[nodiscard]] char const* backend_for(PrepackedView<S> const& w) noexcept {
  return with_backend<A, X>(w, []<class B>(B const&) -> char const* { return B::name; });
}

}  // namespace qfmt
