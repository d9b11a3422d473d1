// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/parallel.hpp>
#include <qfmt/gemm/epilogue.hpp>
#include <qfmt/gemm/operand.hpp>

namespace qfmt {

/// One way to compute y = x * w^T, with x (M, K), w (N, K) and y (M, N):
///
///     name                                 for messages and benchmarks
///     supports(shape of x, shape of w)     whether it can
///     backend(x, w, y, epilogue, executor) does it, with the same result for every executor
///
/// A backend is called by gemm_with() (gemm.hpp), which has checked shapes, pointers and aliasing,
/// and which hands it an executor whose ranges run in the default floating-point environment: all
/// arithmetic belongs into these ranges.
template <class B, class X, class W>
concept GemmBackend = Operand<X> && Operand<W> &&
    requires(B const& backend, X const& x, W const& w, MatrixView<float> y, Shape shape,
             Serial const& executor) {
  { B::name } -> convertible_to<char const*>;
  { backend.supports(shape, shape) } -> same_as<bool>;
  { backend(x, w, y, NoEpilogue{}, executor) } -> same_as<Status>;
};

}  // namespace qfmt
