// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/frozen.hpp>

namespace qfmt {

/// A layer whose input is quantized.
template <class L>
concept QuantizesInput = Scheme<typename L::InputActivations>;

/// Quantizes the input of a layer of scheme L, such as preset::FP8_DYNAMIC, token by token: for
/// Dynamic inputs. Static and Local ones need the parameters that calibration has found, and do not
/// compile without.
///
/// Errors: nonfinite_activation, naming row and column; shape_mismatch; null_pointer.
template <class L, Real T, Executor E = Serial const>
[[nodiscard]] auto quantize_input(MatrixView<T const> tokens, E&& executor = Serial{}) {
  static_assert(QuantizesInput<L>, "this layer does not quantize its input");
  if constexpr (QuantizesInput<L>) {
    using S = typename L::InputActivations;
    static_assert(same_as<typename S::Timing, Dynamic>,
                  "the input of this layer has static parameters: it is calibrated before it is "
                  "quantized, and the Frozen parameters are passed to quantize_input()");
    return quantize<S, T>(tokens, executor);
  }
}

/// The same with calibrated parameters: Frozen::quantize.
template <class L, Real T, Executor E = Serial const>
requires QuantizesInput<L>
[[nodiscard]] auto quantize_input(MatrixView<T const> tokens,
                                  Frozen<typename L::InputActivations> const& frozen,
                                  E&& executor = Serial{}) {
  return frozen.template quantize<T>(tokens, executor);
}

}  // namespace qfmt
