// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <doctest/doctest.h>
#include <support/executors.hpp>

#include <qfmt/calibration/cholesky.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The Gram matrix of random rows plus something on the diagonal.
SymmetricTiles positive_definite(index_t size) {
  auto const inputs = correlated_inputs(2 * size, size, 3);
  SymmetricTiles h = hessian_of(inputs).sums();
  for (index_t i = 0; i < size; ++i) h.lower(i, i) += 1.0f;
  return h;
}

Eigen::MatrixXd dense(SymmetricTiles const& m, bool symmetric) {
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(m.size(), m.size());
  for (index_t r = 0; r < m.size(); ++r)
    for (index_t c = 0; c < m.size(); ++c)
      if (symmetric || c <= r)
        out(r, c) = static_cast<double>(m(r, c));
  return out;
}

}  // namespace

TEST_CASE("H = R^T R, and R^-1 is its inverse") {
  for (index_t const size : {1, 3, 63, 64, 65, 200, 257, 330}) {
    SymmetricTiles const h = positive_definite(size);
    SymmetricTiles r = h;
    REQUIRE(factorize_from_end(r, Serial{}));
    Eigen::MatrixXd const h_dense = dense(h, true);
    Eigen::MatrixXd const r_dense = dense(r, false);
    CHECK((r_dense.transpose() * r_dense - h_dense).norm() < 1e-6 * h_dense.norm());
    for (index_t i = 0; i < size; ++i) CHECK(r.lower(i, i) > 0.0f);
    Eigen::MatrixXd const inverse = dense(invert_lower(r, Serial{}), false);
    auto const identity = Eigen::MatrixXd::Identity(size, size);
    CHECK((r_dense * inverse - identity).norm() < 1e-4);
    // U = R^-T is Eigen's upper Cholesky factor of the inverse.
    Eigen::LLT<Eigen::MatrixXd> const llt{h_dense.inverse()};
    Eigen::MatrixXd const u = llt.matrixU();
    CHECK((inverse.transpose() - u).norm() < 1e-3 * u.norm());
    // A control: the lower Cholesky factor is another matrix.
    if (size > 1)
      CHECK((r_dense - Eigen::MatrixXd{Eigen::LLT<Eigen::MatrixXd>{h_dense}.matrixL()}).norm() >
            1e-2 * r_dense.norm());
  }
}

TEST_CASE("the same bits for every executor and instruction set") {
  SymmetricTiles const h = positive_definite(400);
  SymmetricTiles expected = h;
  REQUIRE(factorize_from_end(expected, Serial{}));
  auto const inverse = invert_lower(expected, Serial{});
  auto const check = [&](auto&& executor, Isa isa) {
    SymmetricTiles r = h;
    REQUIRE(factorize_from_end(r, executor, isa));
    CHECK(r == expected);
    CHECK(invert_lower(r, executor, isa) == inverse);
  };
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level)
    check(Serial{}, static_cast<Isa>(level));
  check(Reversed{}, selected_isa());
  for (int const threads : {1, 2, 5}) check(Threads{threads}, selected_isa());
}

TEST_CASE("what is not positive definite is refused") {
  auto const factors = [](SymmetricTiles m) { return factorize_from_end(m, Serial{}); };
  SymmetricTiles m = positive_definite(100);
  CHECK(factors(m));
  SymmetricTiles negative = m;
  negative.lower(3, 3) = -1.0f;
  CHECK_FALSE(factors(negative));
  SymmetricTiles nan = m;
  nan.lower(90, 5) = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(factors(nan));
  SymmetricTiles infinite = m;
  infinite.lower(50, 50) = std::numeric_limits<float>::infinity();
  CHECK_FALSE(factors(infinite));
  CHECK_FALSE(factors(SymmetricTiles{70}));
}
