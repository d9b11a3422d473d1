// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/status.hpp>
#include <qfmt/formats/real.hpp>

namespace qfmt {

/// What happens to each output between its sum and its store, in binary32: a small value that a
/// backend calls once for each element, in any order and from any thread.
///
///     check(shape)          whether it fits outputs of this shape; asked before writing
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
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator()(float sum, index_t,
                                                            index_t) const noexcept {
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
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator()(float sum, index_t,
                                                            index_t n) const noexcept {
    return values == nullptr ? sum : sum + values[n];
  }
};

/// sum + values(m, n): what flows past a layer. The values may be those of the output itself, which
/// each replaces after it was read.
template <Real T = float>
struct Residual {
  MatrixView<T const> values;  // (M, N)

  [[nodiscard]] constexpr Status check(Shape y) const noexcept {
    if (values.data == nullptr && y.size() != 0)
      return Status::null_pointer;
    return values.shape == y ? Status::ok : Status::shape_mismatch;
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator()(float sum, index_t m,
                                                            index_t n) const noexcept {
    return sum + to_float(values(m, n));
  }
};

/// silu(sum) * values(m, n), with silu(x) = x / (1 + e^-x): the gate of a gated layer, where the
/// values are what the other projection gave. e^-x is that of the C library. Minus infinity gives
/// NaN.
template <Real T = float>
struct SiluTimes {
  MatrixView<T const> values;  // (M, N)

  [[nodiscard]] constexpr Status check(Shape y) const noexcept {
    return Residual<T>{values}.check(y);
  }
  [[nodiscard]] QFMT_HOST_DEVICE float operator()(float sum, index_t m, index_t n) const noexcept {
    return sum / (1.0f + std::exp(-sum)) * to_float(values(m, n));
  }
};

static_assert(Epilogue<NoEpilogue> && Epilogue<Bias>);
static_assert(Epilogue<Residual<>> && Epilogue<SiluTimes<Code<BF16>>>);

}  // namespace qfmt
