// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <gemm/laws.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/tensor/presets.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct OnIsa {
  static constexpr char const* name = "codes";
  Isa isa = Isa::avx2;
  static bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    if (isa == Isa::avx2) return x86::CodeGemm<Isa::avx2>{}(x, w, y, epilogue, executor);
    return x86::CodeGemm<Isa::avx512_vnni>{}(x, w, y, epilogue, executor);
  }
};

/// The product element by element: sums of blocks in 64-bit integers.
template <Scheme X, Scheme W>
Matrix<float> model(QuantTensor<X> const& x, QuantTensor<W> const& w) {
  constexpr index_t block = IntegerWeights<W>::block;
  Matrix<float> out{{x.shape.rows, w.shape.rows}};
  QuantTensorView<X> const a = x.view();
  QuantTensorView<W> const b = w.view();
  for (index_t m = 0; m < out.shape.rows; ++m) {
    for (index_t n = 0; n < out.shape.cols; ++n) {
      float sum = 0.0f;
      for (index_t first = 0; first < x.shape.cols; first += block) {
        std::int64_t dot = 0;
        for (index_t k = first; k < (std::min)(first + block, x.shape.cols); ++k)
          dot += static_cast<std::int64_t>(4.0f * decode(a.code(m, k)) * decode(b.code(n, k)));
        float const left = static_cast<float>(dot) * decode(a.scales[a.scale_index(m, first)]);
        sum = std::fma(left, decode(b.scales[b.scale_index(n, first)]), sum);
      }
      float token = 0.5f, unit = 0.5f;
      if constexpr (X::has_global) {
        token *= x.global.decode_scale();
        unit *= w.global.decode_scale();
      }
      float const scaled = sum * token;
      out(m, n) = scaled * unit;
    }
  }
  return out;
}

template <class Preset>
void check_codes() {
  using W = typename Preset::Weights;
  using X = typename Preset::InputActivations;
  static_assert(x86::multiplies_codes<QuantTensorView<X>, W>);
  for (index_t const depth : {index_t{1}, index_t{31}, index_t{64}, index_t{331}}) {
    QuantTensor<W> const w = quantized<W>({37, depth}, 1);
    Prepacked<W> const packed = prepack(w.view());
    for (index_t tokens = 1; tokens <= 35; tokens += tokens < 17 ? 1 : 17) {
      Matrix<float> const values = normal_matrix({tokens, depth}, static_cast<std::uint64_t>(tokens));
      QuantTensor<X> x{{tokens, depth}};
      QuantTensor<W> const codes = quantized<W>({tokens, depth}, static_cast<std::uint64_t>(tokens));
      x.codes = codes.codes;
      x.scales = codes.scales;
      x.global = codes.global;
      Matrix<float> const expected = model(x, w);
      for (Isa const isa : {Isa::avx2, Isa::avx512_vnni}) {
        if (selected_isa() < isa) continue;
        CAPTURE(name(isa));
        Violations found{"codes: bit for bit the model"};
        expect_outputs<float>(found, expected, [&](MatrixView<float> y) { return gemm_with(OnIsa{isa}, x.view(), packed.view(), y); });
        expect_held(found);
        // Scales of tensors cost a few roundings that do not grow with K.
        if (depth >= 31) expect_held(within_the_bound(OnIsa{isa}, x.view(), packed.view()));
        Matrix<float> wrong = expected;
        wrong(0, 36) = std::nextafter(wrong(0, 36), 1e30f);
        Violations control{"control"};
        expect_outputs<float>(control, wrong, [&](MatrixView<float> y) { return gemm_with(OnIsa{isa}, x.view(), packed.view(), y); });
        expect_violated(control);
      }
    }
  }
}

}  // namespace

TEST_CASE("codes by codes: NVFP4") { check_codes<preset::NVFP4>(); }
TEST_CASE("codes by codes: MXFP4") { check_codes<preset::MXFP4>(); }

TEST_CASE("codes by codes: what is not") {
  using Nvfp4 = preset::NVFP4::Weights;
  CHECK_FALSE(x86::multiplies_codes<MatrixView<float const>, Nvfp4>);
  CHECK_FALSE(x86::multiplies_codes<QuantTensorView<preset::MXFP4::InputActivations>, Nvfp4>);
  CHECK_FALSE(x86::multiplies_codes<QuantTensorView<preset::W8A8::InputActivations>, preset::W8A8::Weights>);
}

#endif
