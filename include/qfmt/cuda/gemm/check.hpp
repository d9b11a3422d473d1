// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/packed_weight.hpp>
#include <qfmt/gemm/gemm_with.hpp>

// What can be wrong with the operands of a product on a device: found by the host, from sizes and
// addresses alone.

namespace qfmt::cuda::detail {

/// Bytes of sums are counted in int32: (-128)^2 K must stay below 2^31.
template <class T>
inline constexpr index_t most_columns = same_as<T, int8_t> ? (1 << 17) - 1
                                                           : (index_t{1} << 31) - 64;
inline constexpr index_t most_rows = (index_t{1} << 31) - 128;
/// Kernels count tokens in int32 and step past the last one, by a grid of 65535 times 64 at most.
inline constexpr index_t most_tokens = (index_t{1} << 31) - 65536 * 64;

template <Packable S>
Status check(PackedView<S> const& w) noexcept {
  if (w.shape.rows < 0 || w.shape.cols < 0)
    return Status::negative_size;
  if (w.shape.rows > most_rows || w.shape.cols > most_columns<float>)
    return Status::size_unsupported;
  if (w.layout().bytes() == 0)
    return Status::ok;
  if (w.data == nullptr)
    return Status::null_pointer;
  return reinterpret_cast<size_t>(w.data) % PackedLayout<S>::alignment == 0
             ? Status::ok
             : Status::buffer_misaligned;
}
template <Scheme S>
Status check(QuantTensorView<S> const& w) noexcept {
  return qfmt::detail::check(w);
}
template <Packable S>
[[nodiscard]] bool overlap(PackedView<S> const& w, qfmt::detail::MemoryRows y) noexcept {
  index_t const bytes = w.layout().bytes();
  return qfmt::detail::overlap({w.data, 1, bytes, bytes}, y);
}
template <Scheme S>
[[nodiscard]] bool overlap(QuantTensorView<S> const& w, qfmt::detail::MemoryRows y) noexcept {
  return qfmt::detail::overlap(w, y);
}

/// What can be said of a product with a weight of this shape before anything is launched.
template <class X, Real Y, Epilogue E>
Status check_product(X const& x, Shape w, MatrixView<Y> y, E const& epilogue) noexcept {
  for (Status const status : {qfmt::detail::check(x), qfmt::detail::check(y)}) {
    if (status != Status::ok)
      return status;
  }
  if (x.shape.cols != w.cols || y.shape != Shape{x.shape.rows, w.rows})
    return Status::shape_mismatch;
  if (Status const status = epilogue.check(y.shape); status != Status::ok)
    return status;
  if (x.shape.rows > most_tokens)
    return Status::size_unsupported;
  return qfmt::detail::overlap(x, qfmt::detail::memory_of(y)) ? Status::buffer_aliasing
                                                              : Status::ok;
}
/// The same with the weight itself.
template <class X, class W, Real Y, Epilogue E>
Status check_operands(X const& x, W const& w, MatrixView<Y> y, E const& epilogue) noexcept {
  for (Status const status : {detail::check(w), check_product(x, w.shape, y, epilogue)}) {
    if (status != Status::ok)
      return status;
  }
  return detail::overlap(w, qfmt::detail::memory_of(y)) ? Status::buffer_aliasing : Status::ok;
}

}  // namespace qfmt::cuda::detail
