// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/cuda/gemm/packed_tensor.hpp>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Schemes = TypeList<BlockScheme<NVFP4>, BlockScheme<MXFP4>, BlockScheme<MXFP8_E4M3>,
                         QuantScheme<INT4, PerGroup<32>>,
                         QuantScheme<INT4, PerGroup<64>, SymmetricScale<Code<BF16>>>,
                         QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>,
                         QuantScheme<INT8, PerChannel>, QuantScheme<E4M3, PerTensor>,
                         QuantScheme<E4M3, PerBlock<128, 128>>, QuantScheme<E5M2, PerChannel>>;

constexpr Shape shapes[] = {{1, 1}, {3, 7}, {16, 64}, {17, 40}, {33, 131}, {130, 300}};

}  // namespace

TEST_CASE("cuda: packing loses nothing, and every element reads as before") {
  Schemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    for (Shape const shape : shapes) {
      CAPTURE(shape.rows);
      CAPTURE(shape.cols);
      QuantTensor<S> const w = random_tensor<S>(shape, 7);
      auto const packed = cuda::pack(w.view());
      REQUIRE(packed.ok());
      CHECK(reinterpret_cast<std::uintptr_t>(packed->data()) % 256 == 0);
      CHECK(cuda::unpack(packed->view()) == w);
      Matrix<float> const expected = numbers_of(w);
      int wrong = 0;
      for (index_t n = 0; n < shape.rows; ++n) {
        for (index_t k = 0; k < shape.cols; ++k)
          wrong += packed->view()(n, k) == expected(n, k) ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("cuda: beyond a packed matrix all codes and scales are zero") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> const w = random_tensor<S>({17, 40}, 3);
  auto const packed = *cuda::pack(w.view());
  auto view = packed.view();
  view.shape = {32, 64};
  for (index_t n = 0; n < 32; ++n) {
    for (index_t k = 0; k < 64; ++k) {
      if (n >= 17 || k >= 40)
        CHECK(view.code(n, k).bits == 0);
      if (n >= 17 || k >= 48)
        CHECK(view.stored_scale(n, k).bits == 0);
    }
  }
}

TEST_CASE("cuda: an empty weight, and zero points that are no codes") {
  QuantTensor<BlockScheme<NVFP4>> const empty{{0, 5}};
  CHECK(cuda::pack(empty.view())->bytes() == 0);
  QuantTensor<BlockScheme<NVFP4>> const flat{{5, 0}};
  CHECK(cuda::unpack(cuda::pack(flat.view())->view()) == flat);

  using Asymmetric4 = QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>;
  QuantTensor<Asymmetric4> int4 = random_tensor<Asymmetric4>({4, 40}, 1);
  int4.zero_points[2] = 8;
  auto const refused = cuda::pack(int4.view());
  CHECK(refused.status() == Status::zero_point_out_of_range);
  CHECK(refused.error().message == "a zero point is 8, expected -8 to 7");
}
