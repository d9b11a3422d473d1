// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/search.hpp>

namespace qfmt {

/// A scheme with parameters that exist before there is a matrix to quantize: those of the tiles
/// (Static) or the tensor's part (Local). Not a search: it needs the matrix itself.
template <class S>
concept CalibratedScheme = (StaticScheme<S> && !SearchedScheme<S>) ||
                           (LocalScheme<S> && S::has_global);

/// A scheme whose frozen parameters fit matrices of any number of rows: activations of any number
/// of tokens.
template <class S>
concept AnyRowsScheme = CalibratedScheme<S> &&
    (LocalScheme<S> || S::Granularity::scale_shape({1, 1}).rows ==
                           S::Granularity::scale_shape({(index_t{1} << 40) + 1, 1}).rows);

namespace detail {

/// Says in words what is wrong with a scheme that cannot be calibrated.
template <Scheme S>
constexpr bool demand_calibrated() noexcept {
  static_assert(
      !same_as<typename S::Timing, Dynamic>,
      "a Dynamic scheme finds its parameters while it quantizes, with quantize<S>(): there "
      "is nothing to calibrate or to freeze");
  static_assert(!SearchedScheme<S>,
                "a search needs the matrix itself, not only its range: use quantize<S>()");
  static_assert(!LocalScheme<S> || S::has_global,
                "a Local scheme freezes the tensor's part of its parameters, and this scale policy "
                "has none");
  return CalibratedScheme<S>;
}

}  // namespace detail

static_assert(CalibratedScheme<BlockScheme<NVFP4, Local<AbsMax>>>);

}  // namespace qfmt
