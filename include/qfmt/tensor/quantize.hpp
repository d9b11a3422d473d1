// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>

#include <qfmt/tensor/checks.hpp>
#include <qfmt/tensor/result.hpp>
#include <qfmt/tensor/tiled_rows.hpp>

namespace qfmt {

/// The largest magnitude of a matrix; NaN or infinity if it holds one.
template <Real T, Executor E = Serial const>
[[nodiscard]] float amax(MatrixView<T const> matrix, E&& executor = Serial{},
                         Isa isa = selected_isa()) {
  std::atomic<uint32_t> largest{0};
  executor.for_each_range(matrix.shape.rows, 64, [&](IndexRange rows) {
    uint32_t bits = 0;
    for (index_t r = rows.begin; r < rows.end; ++r) {
      T const* const row = matrix.row(r);
      uint32_t in_row = 0;
      if (!x86::amax_bits(isa, row, matrix.shape.cols, in_row)) {
        for (index_t c = 0; c < matrix.shape.cols; ++c)
          in_row = (std::max)(in_row, magnitude_bits(to_float(row[c])));
      }
      bits = (std::max)(bits, in_row);
    }
    uint32_t seen = largest.load(std::memory_order_relaxed);
    while (seen < bits && !largest.compare_exchange_weak(seen, bits, std::memory_order_relaxed)) {
    }
  });
  return bit_cast<float>(largest.load());
}

namespace detail {

/// The tensor's part for a matrix of this largest magnitude.
template <Scheme S, Real T, Executor E>
typename S::Global global_of(MatrixView<T const> matrix, float largest, E& executor,
                             Importance const& importance) {
  return S::Policy::template fit_global<typename S::Format, typename S::Profile, T>(
      is_finite(largest) ? scale_reach<S, T>(matrix, largest, executor, importance) : largest);
}

}  // namespace detail

/// The tensor's part of the parameters, fitted to one matrix. For layers that share it, fit from
/// the largest scale_reach of them all.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] typename S::Global fit_global(MatrixView<T const> matrix, E&& executor = Serial{},
                                            Importance const& importance = {},
                                            Isa isa = selected_isa()) {
  if constexpr (S::has_global) {
    return detail::global_of<S, T>(matrix, amax<T>(matrix, executor, isa), executor, importance);
  } else {
    return {};
  }
}

/// quantize_with, in the memory of `out`, whatever it has held: nothing is allocated for a matrix that
/// is no larger than those before. After an error, what `out` holds is unspecified.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<void> quantize_into(MatrixView<T const> matrix, typename S::Global global,
                                         QuantTensor<S>& out, E&& executor = Serial{},
                                         Importance const& importance = {},
                                         Isa isa = selected_isa()) {
  if (auto usable = detail::usable<S, T>(matrix, importance); !usable)
    return usable;
  if (auto valid = detail::check_global<S>(global); !valid)
    return valid;
  out.resize(matrix.shape);
  out.global = global;
  auto const parts = detail::parts_of(out);
  using Observer = typename S::Timing::TileObserver;
  auto const first =
      detail::first_observer<typename S::Format, typename S::Policy, typename S::Profile, Observer>(
          matrix, parts.tile, importance, executor);
  index_t const bands = parts.scale_shape.cols == 0 ? 0 : parts.scale_shape.rows;
  index_t const grain = (std::max<index_t>)(1, 64 / (std::max<index_t>)(1, parts.tile.rows));
  std::atomic<bool> finite{true};
  std::atomic<bool> scales_fit{true};
  executor.for_each_range(bands, grain, [&](IndexRange range) {
    auto const outcome = detail::quantize_bands<typename S::Format, typename S::Policy,
                                                typename S::Profile, Observer, x86::block_path<S>>(
        isa, matrix, importance, first, parts, range);
    if (!outcome.finite)
      finite.store(false, std::memory_order_relaxed);
    if (!outcome.scales_fit)
      scales_fit.store(false, std::memory_order_relaxed);
  });
  if (!finite.load())
    return detail::nonfinite<T>(matrix, detail::nonfinite_status<S>());
  if (!scales_fit.load())
    return detail::wide_scale(std::as_const(out).view());
  return {};
}

/// Quantizes a matrix with a given tensor part. Every tile is observed, fitted and encoded on its
/// own, so the result does not depend on the executor. Where the scheme's observer is a search,
/// `importance` weighs the errors of the columns. Tiles beyond what the tensor's part leaves room
/// for saturate.
///
/// Errors: nonfinite_weight (nonfinite_activation where the timing is Dynamic or Local), naming row
/// and column of the first NaN or infinity, and how many there are; nonfinite_scale for values too
/// large for a scale kept in 16 bits, naming its place, and for a tensor part that is not finite,
/// or makes scales infinite; scale_zero and scale_negative for one that is; shape_mismatch for
/// negative sizes, and for importance of another number of columns; unsupported for importance
/// without a search; null_pointer. Zero tiles give a finite scale and zero codes. Every `isa` gives
/// the same bytes.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize_with(MatrixView<T const> matrix,
                                                   typename S::Global global,
                                                   E&& executor = Serial{},
                                                   Importance const& importance = {},
                                                   Isa isa = selected_isa()) {
  QuantTensor<S> out;
  if (auto const done = quantize_into<S, T>(matrix, global, out, executor, importance, isa); !done)
    return done.error();
  return out;
}

/// Quantizes a matrix on its own: fit_global, then quantize_with. Not for a Local scheme, whose
/// tensor part calibration has found: Frozen<S>::quantize, or quantize_with.
///
///     auto w = quantize<QuantScheme<INT8, PerChannel>, float>({data, {rows, cols}});
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] Result<QuantTensor<S>> quantize(MatrixView<T const> matrix, E&& executor = Serial{},
                                              Importance const& importance = {},
                                              Isa isa = selected_isa()) {
  static_assert(!LocalScheme<S> || !S::has_global,
                "the tensor's part of a Local scheme is found by calibration: use "
                "Calibrator<S> and Frozen<S>::quantize(), or quantize_with() where it is known");
  if constexpr (!S::has_global) {
    return quantize_with<S, T>(matrix, {}, executor, importance, isa);
  } else {
    if (auto const usable = detail::usable<S, T>(matrix, importance); !usable)
      return usable.error();
    float const largest = amax<T>(matrix, executor, isa);
    if (!is_finite(largest))
      return detail::nonfinite<T>(matrix, detail::nonfinite_status<S>());
    return quantize_with<S, T>(matrix,
                               detail::global_of<S, T>(matrix, largest, executor, importance),
                               executor, importance, isa);
  }
}

}  // namespace qfmt
