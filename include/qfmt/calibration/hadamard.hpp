// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/core/shape.hpp>
#include <qfmt/tensor/result.hpp>

// Orthogonal matrices whose elements are all of the same magnitude.

namespace qfmt {

/// A matrix of +1 and -1 whose rows are orthogonal, (n, n), row by row.
struct Hadamard {
  index_t size = 0;
  std::vector<int8_t> signs;

  [[nodiscard]] int operator()(index_t row, index_t col) const noexcept {
    return signs[static_cast<std::size_t>(row * size + col)];
  }
};

namespace detail {

constexpr bool is_prime(index_t q) noexcept {
  for (index_t d = 2; d * d <= q; ++d) {
    if (q % d == 0)
      return false;
  }
  return q > 1;
}

/// 1 for squares modulo the prime q, -1 for the others, 0 for multiples of q; for x from 0 to q - 1.
inline std::vector<int8_t> quadratic_characters(index_t q) {
  std::vector<int8_t> out(static_cast<std::size_t>(q), -1);
  for (index_t x = 1; x < q; ++x) out[static_cast<std::size_t>(x * x % q)] = 1;
  out[0] = 0;
  return out;
}

/// Paley's matrix of order q + 1 with zeros on its diagonal: a border of ones, and inside the
/// character of row - column. Skew-symmetric for q = 3 modulo 4, symmetric for q = 1.
inline Hadamard conference_matrix(index_t q) {
  auto const character = quadratic_characters(q);
  Hadamard out{q + 1, std::vector<int8_t>(static_cast<std::size_t>((q + 1) * (q + 1)))};
  for (index_t r = 0; r <= q; ++r) {
    for (index_t c = 0; c <= q; ++c) {
      int8_t x = 0;
      if (r == 0 || c == 0)
        x = static_cast<int8_t>(r == c ? 0 : r != 0 && q % 4 == 3 ? -1 : 1);
      else
        x = character[static_cast<std::size_t>(((r - c) % q + q) % q)];
      out.signs[static_cast<std::size_t>(r * (q + 1) + c)] = x;
    }
  }
  return out;
}

/// A Hadamard matrix of order n without doubling another, or none: order 1 and 2, Paley's first
/// construction (n - 1 a prime that is 3 modulo 4) and his second (n / 2 - 1 a prime that is 1
/// modulo 4). Paley, "On orthogonal matrices", J. Math. Phys. 12 (1933).
inline Hadamard base_hadamard(index_t n) {
  if (n == 1)
    return {1, {1}};
  if (n == 2)
    return {2, {1, 1, 1, -1}};
  Hadamard out{n, std::vector<int8_t>(static_cast<std::size_t>(n * n))};
  if (n % 4 == 0 && is_prime(n - 1)) {
    Hadamard const s = conference_matrix(n - 1);
    for (index_t r = 0; r < n; ++r)
      for (index_t c = 0; c < n; ++c)
        out.signs[static_cast<std::size_t>(r * n + c)] =
            static_cast<int8_t>(s(r, c) + (r == c ? 1 : 0));
    return out;
  }
  if (n % 4 == 0 && is_prime(n / 2 - 1) && (n / 2 - 1) % 4 == 1) {
    // Each number of the conference matrix becomes 2 x 2: 0 -> (1 -1; -1 -1), x -> x (1 1; 1 -1).
    Hadamard const s = conference_matrix(n / 2 - 1);
    for (index_t r = 0; r < n; ++r) {
      for (index_t c = 0; c < n; ++c) {
        int const x = s(r / 2, c / 2);
        bool const last = r % 2 == 1 && c % 2 == 1;
        bool const first = r % 2 == 0 && c % 2 == 0;
        out.signs[static_cast<std::size_t>(r * n + c)] =
            static_cast<int8_t>(x == 0 ? (first ? 1 : -1)
                                : last ? -x
                                       : x);
      }
    }
    return out;
  }
  return {};
}

}  // namespace detail

/// An orthogonal matrix Q of order n that is applied in n log n steps rather than n^2:
///
///     Q = diag(signs) * (H_K x H_2 x ... x H_2) / sqrt(n)      n = K * 2^m, x the Kronecker product
///
/// with H_K a Hadamard matrix of the smallest order that there is for n and that detail::base_hadamard
/// knows, 1 for powers of two: then this is Sylvester's matrix. Rows of a matrix, x, become x Q.
class Rotation {
 public:
  /// Without signs, "hadamard"; symmetric for powers of two.
  ///
  /// Errors: size_unsupported where no K is known (n odd, or 2 * odd, for instance).
  [[nodiscard]] static Result<Rotation> hadamard(index_t n) {
    if (n <= 0)
      return Error{Status::size_unsupported, "got " + std::to_string(n) + ", expected a size"};
    index_t k = n;
    while (k % 2 == 0) k /= 2;
    for (; k <= n; k *= 2) {
      Hadamard base = detail::base_hadamard(k);
      if (base.size != 0)
        return Rotation{n, std::move(base)};
    }
    return Error{Status::size_unsupported,
                 "got " + std::to_string(n) + ", for which no Hadamard matrix is constructed"};
  }

  /// With random signs, "random-hadamard": a pure function of n and the seed.
  ///
  /// Errors: those of hadamard.
  [[nodiscard]] static Result<Rotation> random_hadamard(index_t n, uint64_t seed) {
    auto rotation = hadamard(n);
    if (rotation) {
      Philox const random{seed};
      for (std::size_t i = 0; i < rotation->signs_.size(); ++i)
        rotation->signs_[i] = (random(i) & 1u) != 0 ? 1.0 : -1.0;
    }
    return rotation;
  }

  [[nodiscard]] index_t size() const noexcept { return size_; }

  /// x becomes x Q. Precondition: size() numbers.
  void apply(std::span<double> x) const {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= signs_[i];
    transform(x, false);
  }
  /// x becomes x Q^T, which undoes it.
  void undo(std::span<double> x) const {
    transform(x, true);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= signs_[i];
  }

 private:
  Rotation(index_t n, Hadamard base)
      : size_{n}, base_{std::move(base)}, signs_(static_cast<std::size_t>(n), 1.0) {}

  /// x becomes x (H_K x H_2 x ... x H_2) / sqrt(n): x as (K, 2^m), its rows by a fast Walsh-Hadamard
  /// transform, then its columns by H_K.
  void transform(std::span<double> x, bool transposed) const {
    auto const k = static_cast<std::size_t>(base_.size);
    std::size_t const width = x.size() / k;
    for (std::size_t row = 0; row < k; ++row) {
      double* const from = x.data() + row * width;
      for (std::size_t half = 1; half < width; half *= 2) {
        for (std::size_t i = 0; i < width; i += 2 * half) {
          for (std::size_t j = i; j < i + half; ++j) {
            double const a = from[j];
            double const b = from[j + half];
            from[j] = a + b;
            from[j + half] = a - b;
          }
        }
      }
    }
    double const scale = 1.0 / std::sqrt(static_cast<double>(x.size()));
    std::vector<double> column(k);
    for (std::size_t j = 0; j < width; ++j) {
      for (std::size_t c = 0; c < k; ++c) {
        double sum = 0.0;
        for (std::size_t r = 0; r < k; ++r) {
          auto const i = transposed ? c * k + r : r * k + c;
          sum += x[r * width + j] * static_cast<double>(base_.signs[i]);
        }
        column[c] = sum;
      }
      for (std::size_t c = 0; c < k; ++c) x[c * width + j] = column[c] * scale;
    }
  }

  index_t size_;
  Hadamard base_;
  std::vector<double> signs_;
};

}  // namespace qfmt
