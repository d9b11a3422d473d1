// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/digit_model.hpp>
#include <gemm/environments.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <qfmt/tensor/presets.hpp>
#include <support/environment.hpp>
#include <support/executors.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Int4g32 = QuantScheme<INT4, PerGroup<32>, SymmetricScale<Code<BF16>>>;
using Asymmetric4 = preset::W4A16_ASYM::Weights;
using Int8 = preset::W8A8::Weights;

/// The backend of an instruction set that is chosen at run time, so that a law is compiled once.
template <Accuracy A>
struct OnIsa {
  static constexpr char const* name = "digits";
  Isa isa = Isa::avx2;
  static bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    if (isa == Isa::avx2) return x86::DigitGemm<A, Isa::avx2>{}(x, w, y, epilogue, executor);
    return x86::DigitGemm<A, Isa::avx512_vnni>{}(x, w, y, epilogue, executor);
  }
};

/// Calls visit(backend) for each instruction set that this machine has.
template <Accuracy A, class Visit>
void for_each_backend(Visit&& visit) {
  for (Isa const isa : {Isa::avx2, Isa::avx512_vnni}) {
    if (selected_isa() >= isa) {
      CAPTURE(name(isa));
      visit(OnIsa<A>{isa});
    }
  }
}

/// Random, with a power of two as the tensor's scale so that scaling is exact.
template <Scheme S>
QuantTensor<S> weights(Shape shape, std::uint64_t seed) {
  QuantTensor<S> w = quantized<S>(shape, seed);
  if constexpr (S::has_global) w.global = {0.25f};
  return w;
}

/// A large number costs precision in its own block only: a scale for each token rounds all others away.
template <class B, Scheme S>
void check_blocks(B const& backend, QuantTensor<S> const& w, PrepackedView<S> const& packed) {
  Matrix<float> const values = expected_values(w);
  Matrix<float> x{{5, 331}};
  for (index_t m = 0; m < 5; ++m) {
    for (index_t k = 0; k < 331; ++k) x(m, k) = std::copysign(3.0f, values(m, k));
    x(m, 40 * m) = 1000.0f;
  }
  expect_held(keeps_the_promise(Accuracy::A8Block, 331.0 / 16 + 10, backend, std::as_const(x).view(), values, packed));
  expect_violated(keeps_the_promise(Accuracy::A8Block, 331.0 / 16 + 10, OnIsa<Accuracy::A8>{backend.isa}, std::as_const(x).view(), values, packed));
}

template <Scheme S, Accuracy A>
void check_all() {
  CAPTURE(S::Format::name);
  CAPTURE(name(A));
  QuantTensor<S> const w = weights<S>({37, 331}, 3);
  Prepacked<S> const packed = prepack(w.view());
  QuantTensor<S> const small = small_integers<S>({19, 75}, 4);
  Prepacked<S> const small_packed = prepack(small.view());
  for_each_backend<A>([&](auto const& backend) {
    for (index_t const m : {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 18, 20, 24, 33}) {
      Matrix<float> const x = normal_matrix({m, 331}, static_cast<std::uint64_t>(m));
      expect_held(equals_the_model<A>(backend, x.view(), w, packed.view()));
    }
    // Every K up to two strips, and a few N.
    for (index_t k = 1; k <= 140; k += k < 40 ? 1 : 13) {
      Shape const shape{k % 19 + 1, k};
      QuantTensor<S> const v = weights<S>(shape, 5);
      Matrix<float> const x = normal_matrix({3, k}, 6);
      expect_held(equals_the_model<A>(backend, x.view(), v, prepack(v.view()).view()));
    }
    Matrix<float> const x = normal_matrix({5, 331}, 9);
    expect_held(keeps_the_promise(A, 331.0 / 16 + 10, backend, x.view(), expected_values(w), packed.view()));
    if constexpr (A == Accuracy::A8Block) check_blocks(backend, w, packed.view());

    // What is exact comes out exactly: every weight by itself, and sums of small integers.
    if constexpr (slices_of(A) > 1) expect_held(one_hot_probe(backend, packed.view(), expected_values(w)));
    Samples samples{11};
    Matrix<float> integers = matrix_of<float>({6, 75}, [&] { return static_cast<float>(samples.integer(-127, 127)); });
    for (index_t m = 0; m < 6; ++m) {
      integers(m, 10 * m) = 127.0f;
      for (index_t k = 0; A == Accuracy::A8Block && k < 75; k += 16) integers(m, k) = 127.0f;
    }
    expect_held(exact_sums(backend, std::as_const(integers).view(), small_packed.view(), integers, expected_values(small)));
  });
}

}  // namespace

TEST_CASE("digits: the instruction sets of this machine") {
  if (selected_isa() < Isa::avx512_vnni) skip("AVX-512 VNNI: not on this processor, or QFMT_ISA names less");
}

// Every format, every accuracy, though not every pair.
TEST_CASE("digits: NVFP4, A8") { check_all<BlockScheme<NVFP4>, Accuracy::A8>(); }
TEST_CASE("digits: NVFP4, A8 by block") { check_all<BlockScheme<NVFP4>, Accuracy::A8Block>(); }
TEST_CASE("digits: MXFP4, A8 by block") { check_all<BlockScheme<MXFP4>, Accuracy::A8Block>(); }
TEST_CASE("digits: INT4 in groups of 32, A8 by block") { check_all<Int4g32, Accuracy::A8Block>(); }
TEST_CASE("digits: INT4 with zero points, A8 by block") { check_all<Asymmetric4, Accuracy::A8Block>(); }
TEST_CASE("digits: INT8 by channel, A8 by block") { check_all<Int8, Accuracy::A8Block>(); }
TEST_CASE("digits: NVFP4, A16") { check_all<BlockScheme<NVFP4>, Accuracy::A16>(); }
TEST_CASE("digits: NVFP4, F32") { check_all<BlockScheme<NVFP4>, Accuracy::F32>(); }
TEST_CASE("digits: MXFP4, A16") { check_all<BlockScheme<MXFP4>, Accuracy::A16>(); }
TEST_CASE("digits: INT4 in groups of 32, A8") { check_all<Int4g32, Accuracy::A8>(); }
TEST_CASE("digits: INT4 with zero points, F32") { check_all<Asymmetric4, Accuracy::F32>(); }
TEST_CASE("digits: INT8 by channel, A8") { check_all<Int8, Accuracy::A8>(); }
TEST_CASE("digits: INT8 by channel, A16") { check_all<Int8, Accuracy::A16>(); }
TEST_CASE("digits: INT8 by channel, F32") { check_all<Int8, Accuracy::F32>(); }

// Columns beyond the last fill whole blocks.
TEST_CASE("digits: INT8 in groups of 128, A16") { check_all<QuantScheme<INT8, PerGroup<128>>, Accuracy::A16>(); }
TEST_CASE("digits: INT8 in groups of 128, F32") { check_all<QuantScheme<INT8, PerGroup<128>>, Accuracy::F32>(); }

TEST_CASE("digits: a weight by itself, one digit") {
  QuantTensor<BlockScheme<NVFP4>> const w = weights<BlockScheme<NVFP4>>({37, 331}, 3);
  Prepacked<BlockScheme<NVFP4>> const packed = prepack(w.view());
  Matrix<float> const values = expected_values(w);
  Matrix<float> x{{331, 331}}, expected{{331, 37}};
  for (index_t k = 0; k < 331; ++k) {
    x(k, k) = 127.0f;
    for (index_t n = 0; n < 37; ++n) expected(k, n) = 127.0f * values(n, k) + 0.0f;
  }
  for_each_backend<Accuracy::A8>([&](auto const& backend) {
    Violations found{"one-hot rows of 127"};
    expect_outputs<float>(found, expected, [&](MatrixView<float> y) { return gemm_with(backend, std::as_const(x).view(), packed.view(), y); });
    expect_held(found);
  });
}

TEST_CASE("digits: the promise of one accuracy is not the other's") {
  QuantTensor<BlockScheme<NVFP4>> const w = weights<BlockScheme<NVFP4>>({16, 256}, 3);
  Prepacked<BlockScheme<NVFP4>> const packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({4, 256}, 4);
  for_each_backend<Accuracy::A8>([&](auto const& backend) {
    expect_violated(keeps_the_promise(Accuracy::A16, 26, backend, x.view(), expected_values(w), packed.view()));
    expect_violated(equals_the_model<Accuracy::A16>(backend, x.view(), w, packed.view()));
  });
  for_each_backend<Accuracy::A16>([&](auto const& backend) { expect_violated(keeps_the_promise(Accuracy::F32, 26, backend, x.view(), expected_values(w), packed.view())); });
}

TEST_CASE("digits: neither executor nor environment matters") {
  using S = BlockScheme<MXFP4>;
  QuantTensor<S> const w = weights<S>({531, 140}, 3);
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({37, 140}, 4);
  for_each_backend<Accuracy::A16>([&](auto const& backend) {
    Matrix<float> expected{{37, 531}}, y{{37, 531}};
    REQUIRE(gemm_with(backend, x.view(), packed.view(), expected.view()) == Status::ok);
    CHECK(gemm_with(backend, x.view(), packed.view(), y.view(), NoEpilogue{}, Reversed{}) == Status::ok);
    CHECK(y.values == expected.values);
    for (Environment const& environment : environments()) {
      std::fill(y.values.begin(), y.values.end(), 0.0f);
      InEnvironment const inside{environment};
      CHECK(gemm_with(backend, x.view(), packed.view(), y.view(), NoEpilogue{}, Threads{3}) == Status::ok);
      CHECK(y.values == expected.values);
    }
  });
}

TEST_CASE("digits: by block, a token that is not finite gives NaN, one of zeros gives zeros") {
  using S = BlockScheme<MXFP4>;
  QuantTensor<S> const w = weights<S>({20, 128}, 3);
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> x = normal_matrix({4, 128}, 4);
  x(1, 63) = std::numeric_limits<float>::infinity();
  x(3, 127) = std::numeric_limits<float>::quiet_NaN();
  for (index_t k = 0; k < 128; ++k) x(2, k) = 0.0f;
  for_each_backend<Accuracy::A8Block>([&](auto const& backend) {
    Matrix<float> y{{4, 20}};
    REQUIRE(gemm_with(backend, std::as_const(x).view(), packed.view(), y.view()) == Status::ok);
    for (index_t n = 0; n < 20; ++n) {
      CHECK(is_finite(y(0, n)));
      CHECK(is_nan(y(1, n)));
      CHECK(y(2, n) == 0.0f);
      CHECK(is_nan(y(3, n)));
    }
  });
}

TEST_CASE("digits: a token that is not finite gives NaN, its neighbours do not") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> const w = weights<S>({20, 64}, 3);
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> x = normal_matrix({3, 64}, 4);
  x(1, 63) = std::numeric_limits<float>::infinity();
  for_each_backend<Accuracy::A8>([&](auto const& backend) {
    Matrix<float> y{{3, 20}};
    REQUIRE(gemm_with(backend, std::as_const(x).view(), packed.view(), y.view()) == Status::ok);
    for (index_t n = 0; n < 20; ++n) {
      CHECK(is_nan(y(1, n)));
      CHECK(is_finite(y(0, n)));
      CHECK(is_finite(y(2, n)));
    }
  });
}

TEST_CASE("digits: scales out of range are refused") {
  using S = BlockScheme<MXFP4>;
  QuantTensor<S> w = weights<S>({20, 64}, 3);
  w.scales[5].bits = 1;
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({3, 64}, 4);
  Matrix<float> y{{3, 20}};
  for_each_backend<Accuracy::A8>([&](auto const& backend) { CHECK(gemm_with(backend, x.view(), packed.view(), y.view()) == Status::unsupported); });
}

TEST_CASE("digits: nothing to sum") {
  using S = BlockScheme<NVFP4>;
  Prepacked<S> const packed{Shape{5, 0}};
  Prepacked<S> const regular = prepack(QuantTensor<S>{Shape{5, 0}}.view());
  Matrix<float> const x{{2, 0}};
  for_each_backend<Accuracy::A8>([&](auto const& backend) {
    Matrix<float> y{{2, 5}, 7.0f};
    CHECK(gemm_with(backend, x.view(), regular.view(), y.view()) == Status::ok);
    for (float const v : y.values) CHECK(v == 0.0f);
  });
}

#endif
