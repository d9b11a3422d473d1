// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/cuda/gemm/pack.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: the device's packer writes the bytes of the host's") {
  TypeList<BlockScheme<NVFP4>, Int4Asymmetric, Int8Rows>::for_each([]<class S>() {
    CAPTURE(std::string{S::Format::name});
    for (Shape const shape : {Shape{1, 1}, Shape{37, 200}}) {
      QuantTensor<S> const w = random_tensor<S>(shape, 1);
      auto const expected = *cuda::pack(w.view());
      cuda::PackedTensor<S> out{shape, w.global};  // zeros: bytes between the parts are not written
      cuda::PackWeight<S> const kernel{w.view(), out.data()};
      emulate(kernel, {2, 1});
      CHECK(std::equal(out.data(), out.data() + out.bytes(), expected.data()));
    }
  });
}
