// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/core/status.hpp>
#include <qfmt/tensor/view.hpp>
#include <qfmt/tensor/x86/dispatch.hpp>

namespace qfmt {

namespace detail {

/// values[c] = from_float<T>(row[c]).
template <ElementFormat F, class Policy, Real T>
void dequantize_row(Isa isa, QuantRow<F, Policy> const& row, bool streamed, T* values) noexcept {
  if (x86::dequantize_row(isa, row, streamed, values))
    return;
  for (index_t c = 0; c < row.size; ++c) values[c] = from_float<T>(row[c]);
}

}  // namespace detail

/// Writes the value of every element of `w` to `out`: out(r, c) = w(r, c), rounded to T (exact for
/// binary32 up to the one rounding of code times scale).
///
/// Errors: shape_mismatch, null_pointer, stride_invalid; nothing is written then. Every `isa` writes
/// the same bits.
template <Scheme S, Real T, Executor E = Serial const>
Status dequantize(QuantTensorView<S> w, MatrixView<T> out, E&& executor = Serial{},
                  Isa isa = selected_isa()) {
  if (w.shape != out.shape)
    return Status::shape_mismatch;
  if (out.stride < out.shape.cols)
    return Status::stride_invalid;
  if (out.shape.size() == 0)
    return Status::ok;
  if (w.codes == nullptr || w.scales == nullptr || out.data == nullptr)
    return Status::null_pointer;
  // From here on a result does not stay in the caches of most machines.
  constexpr index_t streamed_bytes = index_t{1} << 25;
  bool const streamed = out.shape.size() * index_t{sizeof(T)} >= streamed_bytes;
  executor.for_each_range(w.shape.rows, 16, [&](IndexRange rows) {
    for (index_t r = rows.begin; r < rows.end; ++r)
      detail::dequantize_row(isa, w.row(r), streamed, out.row(r));
  });
  return Status::ok;
}

}  // namespace qfmt
