// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>
#include <qfmt/gemm/prepacked.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using PrepackSchemes =
    TypeList<BlockScheme<NVFP4>, BlockScheme<MXFP4>, BlockScheme<MXFP8_E4M3>, QuantScheme<INT4, PerGroup<32>>,
             QuantScheme<INT4, PerGroup<128>, SymmetricScale<Code<BF16>>>, QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>,
             QuantScheme<INT8, PerChannel>, QuantScheme<INT8, PerGroup<128>>, QuantScheme<E4M3, PerTensor>, QuantScheme<E4M3, PerBlock<128, 128>>>;

constexpr Shape shapes[] = {{1, 1}, {3, 7}, {16, 64}, {17, 40}, {33, 131}, {130, 300}};

}  // namespace

TEST_CASE("prepacking loses nothing") {
  PrepackSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    for (Shape const shape : shapes) {
      CAPTURE(shape.rows);
      CAPTURE(shape.cols);
      QuantTensor<S> const w = quantized<S>(shape, 7);
      Prepacked<S> const packed = prepack(w.view());
      CHECK(packed.view().regular);
      CHECK(reinterpret_cast<std::uintptr_t>(packed.view().data) % 64 == 0);
      CHECK(unpack(packed.view()) == w);
    }
  });
}

TEST_CASE("a prepacked weight is an operand of the same values") {
  PrepackSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    QuantTensor<S> const w = quantized<S>({18, 150}, 8);
    Prepacked<S> const packed = prepack(w.view());
    expect_held(one_hot_probe(PortableGemm{}, packed.view(), expected_values(w)));
  });
}

TEST_CASE("an empty weight") {
  QuantTensor<BlockScheme<NVFP4>> const w{{0, 5}};
  CHECK(prepack(w.view()).view().data == nullptr);
  QuantTensor<BlockScheme<NVFP4>> const flat{{5, 0}};
  CHECK(unpack(prepack(flat.view()).view()) == flat);
}

TEST_CASE("regular says whether kernels may take the scales as they are") {
  QuantTensor<BlockScheme<NVFP4>> nvfp4 = quantized<BlockScheme<NVFP4>>({4, 40}, 1);
  nvfp4.scales[3].bits = 0x7F;
  CHECK_FALSE(prepack(nvfp4.view()).view().regular);
  nvfp4.scales[3].bits = 0;
  CHECK(prepack(nvfp4.view()).view().regular);
  nvfp4.global.encode_scale = 0x1p-101f;
  CHECK_FALSE(prepack(nvfp4.view()).view().regular);

  QuantTensor<BlockScheme<MXFP4>> mxfp4 = quantized<BlockScheme<MXFP4>>({4, 40}, 1);
  for (int const code : {0, 26, 228, 255}) {
    mxfp4.scales[1].bits = static_cast<uint8_t>(code);
    CHECK_FALSE(prepack(mxfp4.view()).view().regular);
  }

  using Asymmetric4 = QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>;
  QuantTensor<Asymmetric4> int4 = quantized<Asymmetric4>({4, 40}, 1);
  int4.zero_points[2] = 8;
  CHECK_FALSE(prepack(int4.view()).view().regular);
  CHECK(unpack(prepack(int4.view()).view()) == int4);
}
