// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// quantize() and dequantize() in a program compiled with -O3 -ffast-math, in every floating-point
// environment: the bytes of the default one wherever quotients and products are exact. An executable of
// its own, so that nothing in it is compiled with other flags.

#include <doctest/doctest.h>
#include <gemm/environments.hpp>
#include <limits>
#include <string>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr Isa every_isa[] = {Isa::portable, Isa::avx2, Isa::avx512};

/// Values of the format, times a power of two for each tile of `cols`; each tile has the largest one.
template <class F>
Matrix<float> exact_matrix(Shape shape, index_t cols, float largest) {
  Samples samples{7};
  Matrix<float> matrix{shape};
  for (index_t r = 0; r < shape.rows; ++r) {
    float factor = 1.0f;
    for (index_t c = 0; c < shape.cols; ++c) {
      if (c % cols == 0)
        factor = power_of_two(samples.integer(-6, 0));
      auto const bits =
          static_cast<typename F::storage_type>(samples.bits() & ((1u << F::bits) - 1));
      float const value = decode(Code<F>{bits});
      matrix(r, c) = factor * (is_finite(value) ? value : 0.0f);
      if (c % cols == 0)
        matrix(r, c) = -factor * largest;
    }
  }
  return matrix;
}

/// Where the result depends on the environment or on the path; empty if nowhere. NVFP4's tensor part is
/// given: 1 is that of a matrix with the largest value that there is.
template <class S>
std::string difference(Matrix<float> const& matrix, typename S::Global global,
                       bool nearest_only = false) {
  auto const expected = quantize_with<S, float>(matrix.view(), global, Serial{}, {}, Isa::portable);
  if (!expected)
    return expected.error().to_string();
  Matrix<float> values{matrix.shape};
  if (dequantize<S, float>(expected->view(), values.view(), Serial{}, Isa::portable) != Status::ok)
    return "not dequantized";
  for (Isa const isa : every_isa) {
    if (isa > detected_isa())
      continue;
    for (Environment const& environment : environments()) {
      if (nearest_only && environment.rounding != FE_TONEAREST)
        continue;
      Matrix<float> read_back{matrix.shape};
      QuantTensor<S> got;
      bool done = false;
      {
        InEnvironment const in{environment};
        done = quantize_into<S, float>(matrix.view(), global, got, Serial{}, {}, isa).ok() &&
               dequantize<S, float>(got.view(), read_back.view(), Serial{}, isa) == Status::ok;
      }
      if (!done || !(got == *expected) ||
          !std::equal(values.values.begin(), values.values.end(), read_back.values.begin()))
        return std::string{name(isa)} + ", " + environment.name;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("-ffast-math, any environment: the bytes of the default one") {
  Shape const shape{3, 640};
  CHECK(difference<BlockScheme<NVFP4>>(exact_matrix<E2M1>(shape, 16, 6.0f), {64.0f}) == "");
  CHECK(difference<BlockScheme<MXFP8_E4M3>>(exact_matrix<E4M3>(shape, 32, 448.0f), {}) == "");
  // Scales of these are amax over a constant, which -ffast-math multiplies by its reciprocal: exact here
  // to nearest alone.
  CHECK(difference<QuantScheme<E4M3, PerGroup<128>>>(exact_matrix<E4M3>(shape, 128, 448.0f), {},
                                                     true) == "");
  CHECK(difference<QuantScheme<INT8, PerGroup<128>>>(exact_matrix<INT8>(shape, 128, 127.5f), {},
                                                     true) == "");
}

TEST_CASE("-ffast-math, any environment: a NaN is refused") {
  auto matrix = exact_matrix<E4M3>({2, 256}, 128, 448.0f);
  matrix(1, 200) = std::numeric_limits<float>::quiet_NaN();
  for (Environment const& environment : environments()) {
    InEnvironment const in{environment};
    auto const refused = quantize<BlockScheme<MXFP8_E4M3>, float>(std::as_const(matrix).view());
    CHECK(refused.status() == Status::nonfinite_weight);
  }
}

TEST_CASE(
    "-ffast-math: quotients that are not exact are the processor's, the same in all vectors") {
  if (detected_isa() < Isa::avx512)
    return;
  using S = QuantScheme<E4M3, PerGroup<128>>;
  auto const matrix = normal_matrix({4, 640}, 9);
  int differ = 0;
  for (Environment const& environment : environments()) {
    InEnvironment const in{environment};
    auto const a = quantize<S, float>(matrix.view(), Serial{}, {}, Isa::avx2);
    auto const b = quantize<S, float>(matrix.view(), Serial{}, {}, Isa::avx512);
    differ += a.ok() && b.ok() && *a == *b ? 0 : 1;
  }
  CHECK(differ == 0);
}
