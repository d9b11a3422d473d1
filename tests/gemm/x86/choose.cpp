// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/tensor/presets.hpp>
#include <string_view>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("what is chosen for a weight has a name") {
  QuantTensor<BlockScheme<MXFP4>> w = quantized<BlockScheme<MXFP4>>({5, 64}, 1);
  Prepacked<BlockScheme<MXFP4>> const packed = prepack(w.view());
  std::string_view const chosen = backend_for<Accuracy::A8>(packed.view());
  switch (selected_isa()) {
    case Isa::portable:
      CHECK(chosen == "portable");
      break;
    case Isa::avx2:
    case Isa::avx512:
      CHECK(chosen == "avx2_A8");
      break;
    default:
      CHECK(chosen == "avx512_vnni_A8");
      CHECK(std::string_view{backend_for<Accuracy::A8Block>(packed.view())} == "avx512_vnni_A8Block");
      break;
  }
  w.scales[0].bits = 254;
  CHECK(std::string_view{backend_for<Accuracy::A8>(prepack(w.view()).view())} == "portable");
}

namespace {

/// The door as a backend.
struct Bf16Door {
  static constexpr char const* name = "gemm<Accuracy::BF16>";
  static bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    return gemm<Accuracy::BF16>(x, w, y, epilogue, executor);
  }
};

}  // namespace

TEST_CASE("BF16 is chosen where it was asked for, or costs nothing, and is quick") {
  using Fp8 = QuantScheme<E4M3, PerChannel>;
  Prepacked<BlockScheme<MXFP4>> const fp4 = prepack(quantized<BlockScheme<MXFP4>>({5, 64}, 1).view());
  Prepacked<Fp8> const fp8 = prepack(quantized<Fp8>({5, 64}, 1).view());
  using Bf16Activations = MatrixView<Code<BF16> const>;
  bool quick = false;
#if defined(QFMT_X86)
  quick = x86::bf16_is_quick();
#endif
  auto const is_bf16 = [](char const* name) { return std::string_view{name} == "avx512_bf16"; };
  CHECK(is_bf16(backend_for<Accuracy::BF16>(fp4.view())) == quick);
  CHECK(is_bf16(backend_for<Accuracy::A8>(fp8.view())) == quick);
  CHECK(is_bf16(backend_for<Accuracy::F32, Bf16Activations>(fp8.view())) == quick);
  CHECK_FALSE(is_bf16(backend_for<Accuracy::F32>(fp8.view())));
  CHECK_FALSE(is_bf16(backend_for<Accuracy::F32, Bf16Activations>(fp4.view())));

  // Wherever it goes, the promise is kept.
  QuantTensor<BlockScheme<MXFP4>> const w = quantized<BlockScheme<MXFP4>>({5, 64}, 1);
  expect_held(keeps_the_promise(Accuracy::BF16, 64 + 12, Bf16Door{}, normal_matrix({3, 64}, 2).view(), expected_values(w), fp4.view()));
}

TEST_CASE("the door gives what the chosen backend gives, in every output type") {
  QuantTensor<BlockScheme<MXFP4>> const w = quantized<BlockScheme<MXFP4>>({21, 64}, 1);
  Prepacked<BlockScheme<MXFP4>> const packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({3, 64}, 2);
  Matrix<float> y{{3, 21}};
  REQUIRE(gemm<Accuracy::A16>(x.view(), packed.view(), y.view()) == Status::ok);
  Matrix<float> reference{{3, 21}};
  REQUIRE(gemm_with(ReferenceGemm{}, x.view(), w.view(), reference.view()) == Status::ok);
  for (std::size_t i = 0; i < y.values.size(); ++i) CHECK(std::fabs(y.values[i] - reference.values[i]) < 0.02f);

  std::vector<float> const bias(21, 0.5f);
  Matrix<Code<BF16>> narrow{{3, 21}};
  REQUIRE(gemm<Accuracy::A16>(x.view(), packed.view(), narrow.view(), Bias{bias.data(), 21}) == Status::ok);
  for (std::size_t i = 0; i < y.values.size(); ++i) CHECK(narrow.values[i] == from_float<Code<BF16>>(y.values[i] + 0.5f));

  // Activations of another type are widened first.
  Matrix<Code<FP16>> const half = normal_matrix<Code<FP16>>({3, 64}, 2);
  Matrix<float> widened{{3, 64}};
  for (std::size_t i = 0; i < half.values.size(); ++i) widened.values[i] = to_float(half.values[i]);
  Matrix<float> a{{3, 21}}, b{{3, 21}};
  REQUIRE(gemm<Accuracy::A8>(half.view(), packed.view(), a.view()) == Status::ok);
  REQUIRE(gemm<Accuracy::A8>(std::as_const(widened).view(), packed.view(), b.view()) == Status::ok);
  CHECK(a.values == b.values);
}

TEST_CASE("the door checks prepacked weights") {
  QuantTensor<BlockScheme<NVFP4>> const w = quantized<BlockScheme<NVFP4>>({5, 64}, 1);
  Prepacked<BlockScheme<NVFP4>> packed = prepack(w.view());
  Matrix<float> const x = normal_matrix({2, 64}, 2);
  Matrix<float> y{{2, 5}, -7.0f};
  auto const product = [&](PrepackedView<BlockScheme<NVFP4>> const& view) { return gemm<Accuracy::A8>(x.view(), view, y.view()); };
  PrepackedView<BlockScheme<NVFP4>> view = packed.view();
  view.data = nullptr;
  CHECK(product(view) == Status::null_pointer);
  view.data = packed.data() + 16;
  CHECK(product(view) == Status::buffer_misaligned);
  view = packed.view();
  view.shape = {5, 65};
  CHECK(product(view) == Status::shape_mismatch);
  view.shape = {-5, 64};
  CHECK(product(view) == Status::negative_size);
  view.shape = {index_t{1} << 40, index_t{1} << 40};
  CHECK(product(view) == Status::size_overflow);
  for (float const v : y.values) CHECK(v == -7.0f);

  MatrixView<float> const inside{reinterpret_cast<float*>(packed.data() + 64), {2, 5}};
  CHECK(gemm<Accuracy::A8>(x.view(), packed.view(), inside) == Status::buffer_aliasing);
}
