// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>
#include <qfmt/core/status.hpp>

namespace qfmt {

/// What happens to each output between its sum and its store, in binary32: a small value that a
/// backend calls once for each element, in any order and from any thread.
///
///     check(shape)          whether it fits outputs of this shape; asked before anything is written
///     epilogue(sum, m, n)   what to store in place of the sum, before it is rounded to the output
///                           type
template <class E>
concept Epilogue = requires(E const& epilogue, Shape shape, float sum, index_t m, index_t n) {
  { epilogue.check(shape) } -> same_as<Status>;
  { epilogue(sum, m, n) } -> same_as<float>;
};

/// The sum itself.
struct NoEpilogue {
  [[nodiscard]] constexpr Status check(Shape) const noexcept { return Status::ok; }
  [[nodiscard]] constexpr float operator()(float sum, index_t, index_t) const noexcept {
    return sum;
  }
};

/// sum + values[n]: one number for each output feature. Default-made it holds none and adds
/// nothing, for layers that find out at run time.
struct Bias {
  float const* values = nullptr;  // (N)
  index_t size = 0;

  [[nodiscard]] constexpr Status check(Shape y) const noexcept {
    if (values == nullptr)
      return size == 0 ? Status::ok : Status::null_pointer;
    return size == y.cols ? Status::ok : Status::shape_mismatch;
  }
  [[nodiscard]] constexpr float operator()(float sum, index_t, index_t n) const noexcept {
    return values == nullptr ? sum : sum + values[n];
  }
};

static_assert(Epilogue<NoEpilogue> && Epilogue<Bias>);

}  // namespace qfmt
