// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include <qfmt/gemm/backend.hpp>
#include <qfmt/gemm/float_environment.hpp>
#include <qfmt/gemm/prepacked.hpp>

// Every product's way in: arguments are checked, then a backend works in the default environment.

namespace qfmt {

namespace detail {

/// Rows of bytes at equal distances.
struct MemoryRows {
  void const* data = nullptr;
  index_t rows = 0;
  index_t row_bytes = 0;
  index_t pitch = 0;
};

/// Whether two have a byte in common. Views of different columns of one buffer have none: their
/// rows interleave.
[[nodiscard]] inline bool overlap(MemoryRows a, MemoryRows b) noexcept {
  if (a.rows == 0 || a.row_bytes == 0 || b.rows == 0 || b.row_bytes == 0)
    return false;
  auto const first = [](MemoryRows const& m) { return reinterpret_cast<std::uintptr_t>(m.data); };
  auto const end = [&](MemoryRows const& m) {
    return first(m) + static_cast<std::uintptr_t>((m.rows - 1) * m.pitch + m.row_bytes);
  };
  if (first(a) >= end(b) || first(b) >= end(a))
    return false;
  if (a.rows == 1)
    a.pitch = b.pitch;
  if (b.rows == 1)
    b.pitch = a.pitch;
  if (a.pitch != b.pitch)
    return true;
  auto const pitch = static_cast<std::uintptr_t>(a.pitch);
  auto const distance = first(b) >= first(a) ? (first(b) - first(a)) % pitch
                                             : (pitch - (first(a) - first(b)) % pitch) % pitch;
  return distance < static_cast<std::uintptr_t>(a.row_bytes) ||
         distance + static_cast<std::uintptr_t>(b.row_bytes) > pitch;
}

/// Whether rows * row_size bytes can be counted.
[[nodiscard]] constexpr bool countable(index_t rows, index_t row_size, index_t unit) noexcept {
  constexpr index_t most = (std::numeric_limits<index_t>::max)();
  return row_size == 0 || rows <= most / unit / row_size;
}

template <class T>
[[nodiscard]] bool aligned(T const* data) noexcept {
  return reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0;
}

/// Whether the parts of an operand fit together.
template <class T>
Status check(MatrixView<T> o) noexcept {
  if (o.shape.rows < 0 || o.shape.cols < 0)
    return Status::negative_size;
  if (o.stride < o.shape.cols)
    return Status::stride_invalid;
  if (!countable(o.shape.rows, o.stride, sizeof(T)))
    return Status::size_overflow;
  if (o.shape.rows == 0 || o.shape.cols == 0)
    return Status::ok;
  if (o.data == nullptr)
    return Status::null_pointer;
  return aligned(o.data) ? Status::ok : Status::buffer_misaligned;
}
template <Scheme S>
Status check(QuantTensorView<S> const& o) noexcept {
  if (o.shape.rows < 0 || o.shape.cols < 0)
    return Status::negative_size;
  if (!countable(1, o.shape.cols, S::Format::bits))
    return Status::size_overflow;
  if (o.row_bytes < packed_bytes<typename S::Format>(o.shape.cols))
    return Status::stride_invalid;
  if (!countable(o.shape.rows, o.row_bytes, 1))
    return Status::size_overflow;
  if (o.scale_shape != S::Granularity::scale_shape(o.shape))
    return Status::shape_mismatch;
  if (o.shape.rows == 0 || o.shape.cols == 0)
    return Status::ok;
  if (o.codes == nullptr || o.scales == nullptr)
    return Status::null_pointer;
  if (S::has_zero_point && o.zero_points == nullptr)
    return Status::null_pointer;
  return aligned(o.scales) && aligned(o.zero_points) ? Status::ok : Status::buffer_misaligned;
}

template <Prepackable S>
Status check(PrepackedView<S> const& o) noexcept {
  if (o.shape.rows < 0 || o.shape.cols < 0)
    return Status::negative_size;
  if (!countable(1, o.shape.cols, 4096) ||
      !countable(o.shape.rows + PanelLayout::lanes, o.layout().padded(o.shape.cols), 8))
    return Status::size_overflow;
  if (o.shape.rows == 0 || o.shape.cols == 0)
    return Status::ok;
  if (o.data == nullptr)
    return Status::null_pointer;
  bool const aligned = reinterpret_cast<std::uintptr_t>(o.data) % PanelLayout::line == 0;
  return aligned ? Status::ok : Status::buffer_misaligned;
}

template <class T>
[[nodiscard]] MemoryRows memory_of(MatrixView<T> o) noexcept {
  constexpr index_t size = sizeof(T);
  return {o.data, o.shape.rows, o.shape.cols * size, o.stride * size};
}

template <class T>
[[nodiscard]] bool overlap(MatrixView<T> o, MemoryRows y) noexcept {
  return overlap(memory_of(o), y);
}
template <Scheme S>
[[nodiscard]] bool overlap(QuantTensorView<S> const& o, MemoryRows y) noexcept {
  if (o.shape.rows == 0 || o.shape.cols == 0)
    return false;
  index_t const scales = o.scale_shape.size() * static_cast<index_t>(sizeof(typename S::Stored));
  index_t const zero_points =
      S::has_zero_point ? o.scale_shape.size() * static_cast<index_t>(sizeof(int16_t)) : 0;
  return overlap(MemoryRows{o.codes, o.shape.rows, packed_bytes<typename S::Format>(o.shape.cols),
                            o.row_bytes},
                 y) ||
         overlap(MemoryRows{o.scales, 1, scales, scales}, y) ||
         overlap(MemoryRows{o.zero_points, 1, zero_points, zero_points}, y);
}

template <Prepackable S>
[[nodiscard]] bool overlap(PrepackedView<S> const& o, MemoryRows y) noexcept {
  index_t const bytes = o.layout().bytes(o.shape);
  return overlap(MemoryRows{o.data, 1, bytes, bytes}, y);
}

}  // namespace detail

/// y = epilogue(x * w^T) by a backend of choice; see gemm().
template <class B, Operand X, Operand W, Real Y, Epilogue E = NoEpilogue, Executor R = Serial const>
requires GemmBackend<B, X, W> Status gemm_with(B const& backend, X const& x, W const& w,
                                               MatrixView<Y> y, E const& epilogue = {},
                                               R&& executor = Serial{}) {
  Shape const xs = shape_of(x);
  Shape const ws = shape_of(w);
  for (Status const status : {detail::check(x), detail::check(w), detail::check(y)}) {
    if (status != Status::ok)
      return status;
  }
  if (xs.cols != ws.cols || y.shape != Shape{xs.rows, ws.rows})
    return Status::shape_mismatch;
  if (Status const status = epilogue.check(y.shape); status != Status::ok)
    return status;
  if (y.shape.rows == 0 || y.shape.cols == 0)
    return Status::ok;
  detail::MemoryRows const output = detail::memory_of(y);
  if (detail::overlap(x, output) || detail::overlap(w, output))
    return Status::buffer_aliasing;
  if (!backend.supports(xs, ws))
    return Status::unsupported;
  InDefaultEnvironment const guarded{executor};
  return backend(x, w, y, epilogue, guarded);
}

}  // namespace qfmt
