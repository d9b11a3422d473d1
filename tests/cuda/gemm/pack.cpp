// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/cuda/gemm/pack.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: the device's packer writes the bytes of the host's") {
  TypeList<BlockScheme<NVFP4>, Int4Asymmetric, Int8Rows>::for_each([]<class S>() {
    CAPTURE(std::string{S::Format::name});
    for (Shape const shape : {Shape{1, 1}, Shape{37, 200}, Shape{18, 0}}) {
      QuantTensor<S> const w = random_tensor<S>(shape, 1);
      auto const expected = *cuda::pack(w.view());
      cuda::PackedTensor<S> out{shape, w.global};  // zeros: bytes between the parts are not written
      cuda::PackedLayout<S> const map{shape};
      index_t const scale_bytes = map.scales() * static_cast<index_t>(sizeof(typename S::Stored));
      std::fill_n(out.data(), map.row_blocks() * map.tiles() * cuda::PackedLayout<S>::Tile::bytes,
                  0xA5);
      std::fill_n(out.data() + map.scales_at(), scale_bytes, 0xA5);
      cuda::PackWeight<S> const kernel{w.view(), out.data()};
      emulate(kernel, {2, 1});
      CHECK(std::equal(out.data(), out.data() + out.bytes(), expected.data()));
    }
  });
}
