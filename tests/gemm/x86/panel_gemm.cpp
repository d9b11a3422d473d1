// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/guarded_memory.hpp>
#include <gemm/laws.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <support/environment.hpp>
#include <support/executors.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("a tile is the smallest that holds its tokens") {
  for (index_t tokens = 1; tokens <= 16; ++tokens) {
    std::size_t const i = x86::tile_size_index(tokens);
    CHECK(x86::tile_sizes[i] >= tokens);
    if (i > 0) CHECK(x86::tile_sizes[i - 1] < tokens);
  }
}

namespace {

/// A token's outputs are the same alone and among 300, for any executor; nothing is touched outside.
template <Scheme S>
void check_order_of_work() {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  constexpr index_t tokens = 300, outputs = 45, depth = 2500;
  QuantTensor<S> const w = quantized<S>({outputs, depth}, 1);
  Prepacked<S> const packed = prepack(w.view());
  Matrix<float> const values = normal_matrix({tokens, depth}, 2);
  using Memory = GuardedMemory<float>;
  for (auto const touch : {Memory::Touch::behind, Memory::Touch::in_front}) {
    Memory const x{values.values.data(), values.shape.size(), touch};
    GuardedMemory<std::uint8_t> const panels{packed.view().data, packed.bytes(),
                                             touch == Memory::Touch::behind ? GuardedMemory<std::uint8_t>::Touch::behind
                                                                            : GuardedMemory<std::uint8_t>::Touch::in_front};
    PrepackedView<S> view = packed.view();
    view.data = panels.data();
    Memory const all{tokens * outputs, touch};
    Memory const again{tokens * outputs, touch};
    MatrixView<float const> const tokens_view{x.data(), {tokens, depth}};
    CHECK(gemm<Accuracy::A16>(tokens_view, view, MatrixView<float>{all.data(), {tokens, outputs}}, NoEpilogue{}, Threads{3}) == Status::ok);
    CHECK(gemm<Accuracy::A16>(tokens_view, view, MatrixView<float>{again.data(), {tokens, outputs}}, NoEpilogue{}, Reversed{}) == Status::ok);
    CHECK(std::memcmp(all.data(), again.data(), tokens * outputs * sizeof(float)) == 0);
    for (index_t const token : {index_t{0}, index_t{17}, index_t{127}, index_t{128}, index_t{299}}) {
      Memory const alone{outputs, touch};
      CHECK(gemm<Accuracy::A16>(MatrixView<float const>{x.data() + token * depth, {1, depth}}, view, MatrixView<float>{alone.data(), {1, outputs}}) ==
            Status::ok);
      CHECK(std::memcmp(alone.data(), all.data() + token * outputs, outputs * sizeof(float)) == 0);
    }
  }
}

}  // namespace

TEST_CASE("integers: a token alone and in a batch") { check_order_of_work<BlockScheme<NVFP4>>(); }
TEST_CASE("floats: a token alone and in a batch") { check_order_of_work<QuantScheme<E4M3, PerBlock<128, 128>>>(); }

#endif
