// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <gemm/weights.hpp>
#include <gemm/wrong_backends.hpp>
#include <qfmt/gemm/accuracy.hpp>
#include <qfmt/gemm/gemm_with.hpp>
#include <qfmt/gemm/portable.hpp>
#include <qfmt/gemm/reference.hpp>
#include <support/laws/expect.hpp>

// What holds for every backend. A law is given a backend and operands, and returns its violations. The laws
// themselves are compiled once (laws.cpp): they see a product as a function of its output, or of x and its output.

namespace qfmt::test {

/// A function that somebody else owns.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  FunctionRef(F const& f)
      : context_{&f}, call_{[](void const* context, Args... args) -> R { return (*static_cast<F const*>(context))(args...); }} {}
  R operator()(Args... args) const { return call_(context_, args...); }

 private:
  void const* context_;
  R (*call_)(void const*, Args...);
};

template <Real Y>
using Product = FunctionRef<Status(MatrixView<Y>)>;
using ProductOf = FunctionRef<Status(MatrixView<float const>, MatrixView<float>)>;

std::string show(Shape s);

/// The bits of an element; any NaN is the same NaN, so that its payload is not compared.
template <Real T>
std::uint32_t same_nan_bits(T x) {
  if (is_nan(to_float(x))) return 0x7FC00000u;
  if constexpr (same_as<T, float>) {
    return std::bit_cast<std::uint32_t>(x);
  } else {
    return x.bits;
  }
}

/// What value() says of every element.
template <Operand O>
Matrix<float> values_of(O const& o) {
  Matrix<float> out{shape_of(o)};
  for (index_t r = 0; r < out.shape.rows; ++r) {
    for (index_t c = 0; c < out.shape.cols; ++c) out(r, c) = value(o, r, c);
  }
  return out;
}

/// The bits of the largest magnitude of a row.
std::uint32_t amax_bits(MatrixView<float const> x, index_t row);

/// Runs a product into memory that is not clean: rows longer than y, guards in front and behind, all filled with
/// 0xFF and then with 0x00. What is outside y must not change, what is inside must be `expected`, to the bit.
template <Real Y>
void expect_outputs(Violations& found, Matrix<Y> const& expected, Product<Y> product);

namespace detail {
Violations one_hot_probe(char const* name, Matrix<float> const& expected, ProductOf product);
Violations exact_sums(char const* name, Matrix<float> const& x, Matrix<float> const& w, Product<float> product);
template <Real Y>
Violations like_the_reference(char const* name, Matrix<float> const& x, Matrix<float> const& w, Bias bias, Product<Y> product);
template <Real Y>
Violations within_the_bound(char const* name, Matrix<float> const& x, Matrix<float> const& w, Product<Y> product);
Violations keeps_the_promise(char const* name, Accuracy accuracy, double roundings, Matrix<float> const& x, Matrix<float> const& w,
                             Product<float> product);
}  // namespace detail

/// x = identity: y is the transpose of w, every element of it, to the bit. A code, scale, tile or tail
/// that is read wrongly has nowhere to hide.
template <class B, Operand W>
Violations one_hot_probe(B const& backend, W const& w, Matrix<float> const& expected) {
  return detail::one_hot_probe(B::name, expected, [&](MatrixView<float const> x, MatrixView<float> y) { return gemm_with(backend, x, w, y); });
}

/// Sums that are exact must come out exactly.
template <class B, Operand X, Operand W>
Violations exact_sums(B const& backend, X const& x, W const& w, Matrix<float> const& x_values, Matrix<float> const& w_values) {
  return detail::exact_sums(B::name, x_values, w_values, [&](MatrixView<float> y) { return gemm_with(backend, x, w, y); });
}

/// The bits of the reference, for the values of the operands. The epilogue is none or a bias.
template <class B, Operand X, Operand W, Real Y = float, class E = NoEpilogue, Executor R = Serial const>
Violations like_the_reference(B const& backend, X const& x, W const& w, Y = {}, E const& epilogue = {}, R&& executor = Serial{}) {
  Bias bias;
  if constexpr (same_as<E, Bias>) bias = epilogue;
  return detail::like_the_reference<Y>(B::name, values_of(x), values_of(w), bias,
                                       [&](MatrixView<Y> y) { return gemm_with(backend, x, w, y, epilogue, executor); });
}

/// The derived bound: with S = sum of |x w|, in binary64 on exactly the operands, the output lies between
/// the roundings of c - T and c + T, T = (K + 2) 2^-24 S. No slack for the output type: rounding is
/// monotone.
template <class B, Operand X, Operand W, Real Y = float>
Violations within_the_bound(B const& backend, X const& x, W const& w, Y = {}) {
  return detail::within_the_bound<Y>(B::name, values_of(x), values_of(w), [&](MatrixView<Y> y) { return gemm_with(backend, x, w, y); });
}

/// The bound that Accuracy promises, in binary64, against the weights as the reference has them. `roundings` is what the
/// backend needs of the second term: K + 12 at most.
template <class B, Operand X, Operand W>
Violations keeps_the_promise(Accuracy accuracy, double roundings, B const& backend, X const& x, Matrix<float> const& values, W const& w) {
  return detail::keeps_the_promise(B::name, accuracy, roundings, values_of(x), values,
                                   [&](MatrixView<float> y) { return gemm_with(backend, x, w, y); });
}

}  // namespace qfmt::test
