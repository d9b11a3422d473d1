// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/guarded_memory.hpp>
#include <gemm/laws.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <support/environment.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

// The bits of sums are tested with the backend (digit_gemm.cpp), the largest integers with the tile
// (avx2_tile.cpp).

namespace {

/// Every weight of decoded blocks as the words that are multiplied, and what the sums of low words
/// start from. `shift` sabotages: it is added to the row that is compared.
template <Scheme S>
Violations decodes_words(Shape shape, index_t shift = 0) {
  using W = IntegerWeights<S>;
  Violations found{"decoded words"};
  QuantTensor<S> const tensor = quantized<S>(shape, 5);
  Prepacked<S> const packed = prepack(tensor.view());
  index_t const padded = packed.view().layout().padded(shape.cols);
  index_t const blocks = padded / W::block;
  index_t const block_bytes = decoded_bytes(W::block) + PanelLayout::line;
  GuardedMemory<std::uint8_t> const from{packed.view().panel(0), packed.view().layout().panel_bytes(shape.cols)};
  GuardedMemory<std::uint8_t> const to{blocks * block_bytes};
  x86::avx2::decode_for_words<S, 3>(from.data(), padded, 0, blocks, to.data());
  for (index_t row = 0; row < (std::min)(shape.rows, PanelLayout::lanes) - shift; ++row) {
    for (index_t b = 0; b < blocks; ++b) {
      std::uint8_t const* const block = to.data() + b * block_bytes;
      int sum = 0;
      for (index_t i = 0; i < W::block; ++i) {
        index_t const k = b * W::block + i;
        // Of a quad's line: rows in halves of 8, in each first columns 0 and 2, then 1 and 3.
        index_t const at = (1 + i / 4) * 64 + row / 8 * 32 + i % 2 * 16 + row % 8 * 2 + i % 4 / 2;
        int const word = static_cast<std::int8_t>(block[at]);
        sum += word;
        if (k >= shape.cols)
          continue;
        int const expected = static_cast<int>(decode(packed.view().code(row + shift, k)));
        found.expect(word == expected, [&] { return std::to_string(word) + " instead of " + std::to_string(expected); });
      }
      std::int32_t start;
      std::memcpy(&start, block + decoded_bytes(W::block) + row * 4, sizeof start);
      found.expect(start == -128 * sum, [&] { return std::to_string(start) + " for a sum of " + std::to_string(sum); });
    }
  }
  return found;
}

/// A token alone, decoded on the way, as one of decoded blocks: the same bits.
template <class Kernels, Scheme S>
Violations same_bits(index_t cols, float factor) {
  Violations found{"a token as a tile"};
  QuantTensor<S> const weight = quantized<S>({16, cols}, 6);
  Prepacked<S> const packed = prepack(weight.view());
  index_t const padded = packed.view().layout().padded(cols);
  index_t const blocks = padded / Kernels::block;
  Matrix<float> const x = normal_matrix({1, cols}, 7);
  GuardedMemory<std::uint8_t> const tile{blocks * Kernels::token_block};
  GuardedMemory<std::uint8_t> const decoded{blocks * Kernels::decoded_block};
  GuardedMemory<std::uint8_t> const panel{packed.view().panel(0), packed.view().layout().panel_bytes(cols)};
  GuardedMemory<float> const alone{16}, apart{16};
  float scale = 0.0f;
  Kernels::write(x.view(), 0, 1, 1, padded, tile.data(), &scale);
  Kernels::panel[0](panel.data(), padded, tile.data(), alone.data());
  Kernels::decode(panel.data(), padded, 0, blocks, decoded.data());
  std::fill_n(apart.data(), 16, 0.0f);
  Kernels::blocks[0](decoded.data(), blocks, tile.data(), apart.data(), panel.data());
  for (index_t r = 0; r < 16; ++r) {
    found.expect(bit_cast<std::uint32_t>(alone.data()[r] * factor) == bit_cast<std::uint32_t>(apart.data()[r]),
                 [&] { return std::to_string(alone.data()[r]) + " instead of " + std::to_string(apart.data()[r]); });
  }
  return found;
}

using Channels = QuantScheme<INT8, PerChannel>;
using Groups = QuantScheme<INT8, PerGroup<128>>;

template <Scheme S>
void check_scheme() {
  for (Shape const shape : {Shape{1, 1}, Shape{16, 40}, Shape{16, 300}}) expect_held(decodes_words<S>(shape));
  expect_violated(decodes_words<S>({16, 300}, 1));
  for (index_t const cols : {index_t{1}, index_t{33}, index_t{1100}, index_t{2500}}) {
    expect_held(same_bits<x86::DigitKernels<Isa::avx2, S, 1>, S>(cols, 1.0f));
    expect_held(same_bits<x86::DigitKernels<Isa::avx2, S, 2>, S>(cols, 1.0f));
    expect_held(same_bits<x86::ScaledKernels<Isa::avx2, S>, S>(cols, 1.0f));
  }
  expect_violated(same_bits<x86::DigitKernels<Isa::avx2, S, 2>, S>(1100, 2.0f));
}

}  // namespace

TEST_CASE("AVX2 words: INT8 by channel") {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  check_scheme<Channels>();
}
TEST_CASE("AVX2 words: INT8 in groups") {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  check_scheme<Groups>();
}

#endif
