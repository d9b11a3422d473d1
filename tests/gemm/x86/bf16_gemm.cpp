// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/environments.hpp>
#include <gemm/laws.hpp>
#include <qfmt/gemm/x86/bf16_gemm.hpp>
#include <support/environment.hpp>
#include <support/executors.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

// In which order the instruction adds the two products of a pair is the processor's affair: there is no model to the
// bit here, but bounds, and sums that are exact in any order.

namespace {

using x86::Bf16Gemm;

template <Scheme S>
void check_all() {
  CAPTURE(S::Format::name);
  QuantTensor<S> w = quantized<S>({37, 331}, 3);
  if constexpr (S::has_global) w.global = {0.25f};
  Prepacked<S> const packed = prepack(w.view());
  REQUIRE(packed.view().regular);
  Matrix<float> const values = expected_values(w);
  expect_held(one_hot_probe(Bf16Gemm{}, packed.view(), values));

  // A token's outputs are the same in a tile of any size.
  Matrix<float> const x = normal_matrix({40, 331}, 9);
  Matrix<float> all{{40, 37}};
  REQUIRE(gemm_with(Bf16Gemm{}, x.view(), packed.view(), all.view()) == Status::ok);
  for (index_t m = 1; m <= 17; ++m) {
    Matrix<float> some{{m, 37}};
    std::copy_n(all.values.begin(), some.values.size(), some.values.begin());
    Violations found{"tokens in a tile of another size"};
    expect_outputs<float>(found, some, [&](MatrixView<float> y) { return gemm_with(Bf16Gemm{}, MatrixView<float const>{x.values.data(), {m, 331}}, packed.view(), y); });
    expect_held(found);
  }
  expect_held(keeps_the_promise(Accuracy::BF16, 331.0 / 32 + 38, Bf16Gemm{}, x.view(), values, packed.view()));
  expect_violated(keeps_the_promise(Accuracy::A16, 331 + 12, Bf16Gemm{}, x.view(), values, packed.view()));

  // Activations in BF16 are exact.
  for (index_t k = 1; k <= 140; k += k < 36 ? 1 : 13) {
    QuantTensor<S> const v = small_integers<S>({k % 19 + 1, k}, 5);
    Samples samples{11};
    Matrix<Code<BF16>> const integers = matrix_of<Code<BF16>>({3, k}, [&] { return static_cast<float>(samples.integer(-127, 127)); });
    expect_held(exact_sums(Bf16Gemm{}, integers.view(), prepack(v.view()).view(), values_of(integers.view()), expected_values(v)));
  }
  Matrix<Code<BF16>> const narrow = normal_matrix<Code<BF16>>({18, 331}, 6);
  expect_held(within_the_bound(Bf16Gemm{}, narrow.view(), packed.view()));
}

}  // namespace

TEST_CASE("BF16: NVFP4, whose scales go into the weights") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  check_all<BlockScheme<NVFP4>>();
}
TEST_CASE("BF16: INT4 in groups of 32") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  check_all<Int4Group32>();
}
TEST_CASE("BF16: E4M3 by channel") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  check_all<QuantScheme<E4M3, PerChannel>>();
}

TEST_CASE("BF16: neither executor nor environment matters; irregular weights are refused") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  using S = BlockScheme<MXFP8_E5M2>;
  QuantTensor<S> w = quantized<S>({150, 140}, 3);
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({37, 140}, 4);
  Matrix<float> expected{{37, 150}}, y{{37, 150}};
  REQUIRE(gemm_with(Bf16Gemm{}, x.view(), packed.view(), expected.view()) == Status::ok);
  expect_held(keeps_the_promise(Accuracy::BF16, 140 + 12, Bf16Gemm{}, x.view(), expected_values(w), packed.view()));
  CHECK(gemm_with(Bf16Gemm{}, x.view(), packed.view(), y.view(), NoEpilogue{}, Reversed{}) == Status::ok);
  CHECK(y.values == expected.values);
  for (Environment const& environment : environments()) {
    std::fill(y.values.begin(), y.values.end(), 0.0f);
    InEnvironment const inside{environment};
    CHECK(gemm_with(Bf16Gemm{}, x.view(), packed.view(), y.view(), NoEpilogue{}, Threads{3}) == Status::ok);
    CHECK(y.values == expected.values);
  }
  w.codes[7] = 0x7C;  // infinity
  CHECK(gemm_with(Bf16Gemm{}, x.view(), prepack(w.view()).view(), y.view()) == Status::unsupported);
}

TEST_CASE("BF16: NaN and infinity stay in their token") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  QuantTensor<QuantScheme<E4M3, PerChannel>> const w = quantized<QuantScheme<E4M3, PerChannel>>({20, 64}, 3);
  Matrix<float> x = normal_matrix({4, 64}, 4);
  x(1, 63) = std::bit_cast<float>(0x7FC00000u);
  x(2, 0) = std::bit_cast<float>(0x7F800000u);
  Matrix<float> y{{4, 20}};
  REQUIRE(gemm_with(Bf16Gemm{}, std::as_const(x).view(), prepack(w.view()).view(), y.view()) == Status::ok);
  for (index_t n = 0; n < 20; ++n) {
    CHECK((is_finite(y(0, n)) && is_finite(y(3, n))));
    CHECK(is_nan(y(1, n)));
    CHECK_FALSE(is_finite(y(2, n)));
  }
}

#endif
