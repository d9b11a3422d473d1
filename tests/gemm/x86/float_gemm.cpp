// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <gemm/laws.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/tensor/presets.hpp>
#include <support/executors.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The backend of an instruction set that is chosen at run time, so that a law is compiled once.
struct OnIsa {
  static constexpr char const* name = "floats";
  Isa isa = Isa::avx2;
  static bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    if (isa == Isa::avx2) return x86::FloatGemm<Isa::avx2>{}(x, w, y, epilogue, executor);
    return x86::FloatGemm<Isa::avx512_vnni>{}(x, w, y, epilogue, executor);
  }
};

template <class Visit>
void for_each_backend(Visit&& visit) {
  for (Isa const isa : {Isa::avx2, Isa::avx512_vnni}) {
    if (selected_isa() >= isa) {
      CAPTURE(name(isa));
      visit(OnIsa{isa});
    }
  }
}

/// fma(x, w, sum) in increasing k, to the bit.
template <Scheme S>
Violations equals_the_model(OnIsa const& backend, MatrixView<float const> x, Matrix<float> const& values, PrepackedView<S> const& packed) {
  Violations found{"floats: bit for bit the model"};
  Matrix<float> expected{{x.shape.rows, values.shape.rows}};
  for (index_t m = 0; m < expected.shape.rows; ++m) {
    for (index_t n = 0; n < expected.shape.cols; ++n) {
      float sum = 0.0f;
      for (index_t k = 0; k < x.shape.cols; ++k) sum = std::fma(x(m, k), values(n, k), sum);
      expected(m, n) = sum;
    }
  }
  expect_outputs<float>(found, expected, [&](MatrixView<float> y) { return gemm_with(backend, x, packed, y); });
  return found;
}

template <Scheme S>
void check_all() {
  QuantTensor<S> const w = quantized<S>({37, 331}, 3);
  Prepacked<S> const packed = prepack(w.view());
  REQUIRE(packed.view().regular);
  Matrix<float> const values = expected_values(w);
  for_each_backend([&](OnIsa const& backend) {
    for (index_t m = 1; m <= 17; ++m) {
      Matrix<float> const tokens = normal_matrix({m, 331}, static_cast<std::uint64_t>(m));
      expect_held(equals_the_model(backend, tokens.view(), values, packed.view()));
    }
    for (index_t k = 1; k <= 140; k += k < 40 ? 1 : 13) {
      QuantTensor<S> const v = quantized<S>({k % 19 + 1, k}, 5);
      Matrix<float> const x = normal_matrix({3, k}, 6);
      expect_held(equals_the_model(backend, x.view(), expected_values(v), prepack(v.view()).view()));
    }
    expect_held(one_hot_probe(backend, packed.view(), values));
    Matrix<float> const x = normal_matrix({40, 331}, 9);
    expect_held(within_the_bound(backend, x.view(), packed.view()));
    Matrix<float> wrong = values;
    wrong(36, 330) += 1.0f;
    expect_violated(equals_the_model(backend, x.view(), wrong, packed.view()));
  });
}

}  // namespace

TEST_CASE("floats: E4M3 by channel") { check_all<preset::FP8_DYNAMIC::Weights>(); }
TEST_CASE("floats: E4M3 by blocks of 128 x 128") { check_all<preset::FP8_BLOCK::Weights>(); }
TEST_CASE("floats: MXFP8, E5M2") { check_all<BlockScheme<MXFP8_E5M2>>(); }

TEST_CASE("floats: NaN and infinity among the codes are refused") {
  using S = QuantScheme<E5M2, PerTensor>;
  Matrix<float> const x = normal_matrix({3, 64}, 4);
  for (int const code : {0x7C, 0xFC, 0x7F}) {
    QuantTensor<S> w = quantized<S>({20, 64}, 3);
    w.codes[777] = static_cast<std::uint8_t>(code);
    Prepacked<S> const packed = prepack(w.view());
    Matrix<float> y{{3, 20}};
    for_each_backend([&](OnIsa const& backend) { CHECK(gemm_with(backend, x.view(), packed.view(), y.view()) == Status::unsupported); });
    // The door goes another way.
    Matrix<float> expected{{3, 20}};
    REQUIRE(gemm_with(ReferenceGemm{}, x.view(), w.view(), expected.view()) == Status::ok);
    REQUIRE(gemm<Accuracy::A8>(x.view(), packed.view(), y.view()) == Status::ok);
    for (std::size_t i = 0; i < y.values.size(); ++i) CHECK(same_nan_bits(y.values[i]) == same_nan_bits(expected.values[i]));
  }
}

#endif
