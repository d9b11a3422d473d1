// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/environments.hpp>
#include <gemm/laws.hpp>
#include <limits>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/gemm/gemm.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("a NaN in a row of x makes that row NaN and no other") {
  auto x = normal_matrix({9, 150}, 1);
  auto const w = quantized<BlockScheme<NVFP4>>({70, 150}, 2);
  Matrix<float> clean{{9, 70}}, y{{9, 70}};
  CHECK(gemm(x.view(), w.view(), clean.view()) == Status::ok);
  x(4, 149) = std::numeric_limits<float>::quiet_NaN();
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  for (index_t m = 0; m < 9; ++m) {
    for (index_t n = 0; n < 70; ++n) {
      if (m == 4) {
        CHECK(std::isnan(y(m, n)));
      } else {
        CHECK(same_nan_bits(y(m, n)) == same_nan_bits(clean(m, n)));
      }
    }
  }
}

TEST_CASE("a NaN scale makes its column NaN and no other") {
  auto const x = normal_matrix({9, 150}, 1);
  auto w = quantized<QuantScheme<INT8, PerChannel>>({70, 150}, 2);
  w.scales[66] = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> y{{9, 70}};
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  for (index_t m = 0; m < 9; ++m) {
    for (index_t n = 0; n < 70; ++n) CHECK(std::isnan(y(m, n)) == (n == 66));
  }
}

TEST_CASE("infinity times zero is NaN, infinity times a number infinite") {
  float const infinity = std::numeric_limits<float>::infinity();
  Matrix<float> x{{1, 20}, 1.0f}, w{{2, 20}, 1.0f}, y{{1, 2}};
  x(0, 19) = infinity;
  w(0, 19) = 0.0f;
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  CHECK(std::isnan(y(0, 0)));
  CHECK(y(0, 1) == infinity);
}

TEST_CASE("the caller's floating-point environment changes nothing and is not changed") {
  Samples samples{9};
  // Products and sums around the smallest normal number, so that flushing would show.
  auto const x = matrix_of<float>({5, 60}, [&] { return samples.normal() * 0x1p-70f; });
  auto const w = matrix_of<float>({33, 60}, [&] { return samples.normal() * 0x1p-70f; });
  auto const big = normal_matrix({5, 60}, 1);
  auto const q = quantized<BlockScheme<NVFP4>>({33, 60}, 2);
  Matrix<float> small_expected{{5, 33}}, expected{{5, 33}}, y{{5, 33}};
  CHECK(gemm(x.view(), w.view(), small_expected.view()) == Status::ok);
  CHECK(gemm(big.view(), q.view(), expected.view()) == Status::ok);
  auto const differences = [&](Matrix<float> const& from) {
    int count = 0;
    for (std::size_t i = 0; i < y.values.size(); ++i) count += same_nan_bits(y.values[i]) != same_nan_bits(from.values[i]) ? 1 : 0;
    return count;
  };
  for (auto const& environment : environments()) {
    CAPTURE(environment.name);
    InEnvironment const caller{environment};
    ThreadPool pool{3};  // its threads begin in the caller's environment
    auto const both = [&](auto const& backend, auto& executor) {
      CHECK(gemm_with(backend, x.view(), w.view(), y.view(), NoEpilogue{}, executor) == Status::ok);
      CHECK(differences(small_expected) == 0);
      CHECK(gemm_with(backend, big.view(), q.view(), y.view(), NoEpilogue{}, executor) == Status::ok);
      CHECK(differences(expected) == 0);
    };
    Serial const serial;
    both(PortableGemm{}, serial);
    both(PortableGemm{}, pool);
    both(ReferenceGemm{}, serial);
    both(ReferenceGemm{}, pool);
    CHECK(std::fegetround() == environment.rounding);
#if defined(__SSE2__)
    CHECK((_mm_getcsr() & 0x8040u) == environment.flush);
#endif

    // Without the door the environment shows, or this test could not fail.
    Status const status = PortableGemm{}(x.view(), w.view(), y.view(), NoEpilogue{}, serial);
    CHECK(status == Status::ok);
    if (environment.rounding != FE_TONEAREST || environment.flush != 0) CHECK(differences(small_expected) > 0);
  }
}

TEST_CASE("metamorphic laws: permuted rows, negated x, scaled w, zeros behind K") {
  auto const x = normal_matrix({6, 48}, 1);
  auto const w = quantized<QuantScheme<INT8, PerChannel>>({40, 48}, 2);
  Matrix<float> y{{6, 40}};
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  auto const expect = [&](auto const& x2, auto const& w2, auto&& expected) {
    Matrix<float> z{{6, 40}};
    CHECK(gemm(x2.view(), w2.view(), z.view()) == Status::ok);
    for (index_t m = 0; m < 6; ++m) {
      for (index_t n = 0; n < 40; ++n) CHECK(same_nan_bits(z(m, n)) == same_nan_bits(expected(m, n)));
    }
  };
  Matrix<float> reversed{x.shape}, negated{x.shape}, padded{{6, 61}}, dense{{40, 61}};
  for (index_t m = 0; m < 6; ++m) {
    for (index_t k = 0; k < 48; ++k) reversed(m, k) = x(5 - m, k), negated(m, k) = -x(m, k), padded(m, k) = x(m, k);
  }
  for (index_t n = 0; n < 40; ++n) {
    for (index_t k = 0; k < 48; ++k) dense(n, k) = value(w.view(), n, k);
  }
  auto scaled = w;
  for (float& scale : scaled.scales) scale *= 8.0f;
  expect(std::as_const(reversed), w, [&](index_t m, index_t n) { return y(5 - m, n); });
  expect(std::as_const(negated), w, [&](index_t m, index_t n) { return -y(m, n); });
  expect(x, scaled, [&](index_t m, index_t n) { return 8.0f * y(m, n); });
  expect(std::as_const(padded), std::as_const(dense), [&](index_t m, index_t n) { return y(m, n); });
}
