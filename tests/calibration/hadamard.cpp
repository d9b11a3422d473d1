// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/hadamard.hpp>

using namespace qfmt;

namespace {

/// Row r of Q.
std::vector<double> row_of(Rotation const& rotation, index_t r) {
  std::vector<double> x(static_cast<std::size_t>(rotation.size()), 0.0);
  x[static_cast<std::size_t>(r)] = 1.0;
  rotation.apply(x);
  return x;
}

double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("Hadamard matrices by Paley: signs, orthogonal rows") {
  for (index_t const n : {1, 2, 4, 8, 12, 20, 24, 28, 36, 44, 48, 60, 68, 72, 76, 84, 108, 148}) {
    Hadamard const h = detail::base_hadamard(n);
    REQUIRE(h.size == n);
    for (index_t a = 0; a < n; ++a) {
      for (index_t b = 0; b <= a; ++b) {
        int sum = 0;
        for (index_t c = 0; c < n; ++c) sum += h(a, c) * h(b, c);
        CHECK(sum == (a == b ? n : 0));
      }
      for (index_t c = 0; c < n; ++c) CHECK(h(a, c) * h(a, c) == 1);
    }
  }
  for (index_t const n : {3, 6, 10, 52, 92, 172}) CHECK(detail::base_hadamard(n).size == 0);
}

TEST_CASE("Q is orthogonal, and every element has the same magnitude") {
  for (index_t const n : {1, 2, 4, 64, 12, 24, 40, 96, 112}) {
    for (std::uint64_t const seed : {0u, 7u}) {
      auto const rotation = seed == 0 ? Rotation::hadamard(n) : Rotation::random_hadamard(n, seed);
      REQUIRE(rotation);
      CHECK(rotation->size() == n);
      for (index_t a = 0; a < n; ++a) {
        auto const row = row_of(*rotation, a);
        for (index_t b = 0; b <= a; ++b)
          CHECK(std::abs(dot(row, row_of(*rotation, b)) - (a == b ? 1.0 : 0.0)) < 1e-12);
        for (double const x : row)
          CHECK(std::abs(x) == doctest::Approx(1.0 / std::sqrt(static_cast<double>(n))));
      }
      auto x = row_of(*rotation, n / 2);
      rotation->undo(x);
      for (index_t i = 0; i < n; ++i)
        CHECK(std::abs(x[static_cast<std::size_t>(i)] - (i == n / 2 ? 1.0 : 0.0)) < 1e-12);
    }
  }
}

TEST_CASE("powers of two give Sylvester's matrix: (-1)^(bits that r and c share)") {
  auto const rotation = Rotation::hadamard(16);
  REQUIRE(rotation);
  for (index_t r = 0; r < 16; ++r) {
    auto const row = row_of(*rotation, r);
    for (index_t c = 0; c < 16; ++c) {
      double const sign = __builtin_popcount(static_cast<unsigned>(r & c)) % 2 == 0 ? 1.0 : -1.0;
      CHECK(row[static_cast<std::size_t>(c)] == sign * 0.25);
    }
  }
}

TEST_CASE("signs follow the seed") {
  auto const row = [](std::uint64_t seed) {
    return row_of(*Rotation::random_hadamard(32, seed), 9);
  };
  auto const signs = [](std::uint64_t seed) {
    std::vector<double> x(32, 1.0);
    Rotation::random_hadamard(32, seed)->apply(x);
    return x;
  };
  CHECK(row(5) == row(5));
  CHECK(signs(5) == signs(5));
  CHECK(signs(5) != signs(6));
}

TEST_CASE("sizes of real models, and sizes for which there is none") {
  for (index_t const n :
       {896, 2560, 3072, 3584, 4096, 4864, 5120, 5376, 6144, 8192, 13824, 14336, 18944})
    CHECK(Rotation::hadamard(n));
  for (index_t const n : {0, -4, 3, 6, 7, 30, 92}) {
    auto const none = Rotation::hadamard(n);
    CHECK(none.status() == Status::size_unsupported);
    CHECK(Rotation::random_hadamard(n, 1).status() == Status::size_unsupported);
  }
}
