// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt {

/// Quantizes and dequantizes: what a layer sees of its weight or its input under scheme S.
///
/// Errors: those of quantize(); `out` is then unchanged.
template <Scheme S, Real T, Executor E = Serial const>
Result<void> fake_quantize(MatrixView<T const> matrix, MatrixView<T> out, E&& executor = Serial{}) {
  auto quantized = quantize<S, T>(matrix, executor);
  if (!quantized)
    return quantized.error();
  Status const status = dequantize<S, T>(quantized->view(), out, executor);
  if (status != Status::ok)
    return Error{status, "output does not fit the input"};
  return {};
}

}  // namespace qfmt
