// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

// Arithmetic whose every step is rounded, one value or a few at a time: what makes all backends of
// this floor give the same bits. The one place here that knows compilers.

namespace qfmt {

#if defined(__GNUC__) && defined(__x86_64__)
/// x, with its rounding to binary32 made final: a compiler that may contract (-ffp-contract=fast)
/// does not fuse the operation that gave x with the one that takes it. No instruction. Compilers
/// and machines other than g++ and clang on x86-64 and AArch64 need -ffp-contract=off instead.
template <class T>
[[nodiscard]] inline T rounded(T x) noexcept {
  asm("" : "+x"(x));
  return x;
}
#elif defined(__GNUC__) && defined(__aarch64__)
template <class T>
[[nodiscard]] inline T rounded(T x) noexcept {
  asm("" : "+w"(x));
  return x;
}
#else
template <class T>
[[nodiscard]] inline T rounded(T x) noexcept {
  return x;
}
#endif

/// Four binary32 numbers side by side: 16 bytes, the vector that every 64-bit machine has.
struct Lanes {
  static constexpr int count = 4;

#if defined(__GNUC__)
  using Vector = float __attribute__((vector_size(16)));
  Vector v;

  [[nodiscard]] static Lanes broadcast(float x) noexcept {
    return {Vector{x, x, x, x}};
  }

  /// From four consecutive floats; no alignment needed.
  [[nodiscard]] static Lanes load(float const* from) noexcept {
    Lanes out;
    __builtin_memcpy(&out.v, from, sizeof out.v);
    return out;
  }
  void store(float* to) const noexcept {
    __builtin_memcpy(to, &v, sizeof v);
  }

  /// this + a * b in each lane: two operations, two roundings.
  [[nodiscard]] Lanes plus_product(Lanes a, Lanes b) const noexcept {
    return {v + rounded(a.v * b.v)};
  }
#else
  float v[4];

  [[nodiscard]] static Lanes broadcast(float x) noexcept {
    return {{x, x, x, x}};
  }
  [[nodiscard]] static Lanes load(float const* from) noexcept {
    return {{from[0], from[1], from[2], from[3]}};
  }
  void store(float* to) const noexcept {
    for (int i = 0; i < 4; ++i) to[i] = v[i];
  }
  [[nodiscard]] Lanes plus_product(Lanes a, Lanes b) const noexcept {
    Lanes out;
    for (int i = 0; i < 4; ++i) out.v[i] = v[i] + rounded(a.v[i] * b.v[i]);
    return out;
  }
#endif
};

/// sum + a * b: two operations, two roundings. The step from which the reference is made; `rounded`
/// on the sum keeps its order even where sums may be reordered (-ffast-math).
[[nodiscard]] inline float plus_product(float sum, float a, float b) noexcept {
  return rounded(sum + rounded(a * b));
}

static_assert(sizeof(Lanes) == Lanes::count * sizeof(float));

}  // namespace qfmt
