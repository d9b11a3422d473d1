// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/guarded_memory.hpp>
#include <gemm/weights.hpp>
#include <qfmt/gemm/prepacked.hpp>
#include <qfmt/gemm/x86/bf16_decode.hpp>
#include <qfmt/tensor/isa.hpp>
#include <support/environment.hpp>
#include <support/laws/expect.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Every weight of decoded blocks, at the end of memory. `shift` sabotages: it is added to the column that is compared.
template <Scheme S>
Violations decodes(index_t cols, index_t shift = 0) {
  using W = Bf16Weights<S>;
  Violations found{"pairs in BF16"};
  QuantTensor<S> const tensor = quantized<S>({16, cols}, 3);
  Prepacked<S> const packed = prepack(tensor.view());
  PrepackedView<S> const w = packed.view();
  index_t const padded = w.layout().padded(cols);
  GuardedMemory<std::uint8_t> const from{w.data, w.layout().panel_bytes(cols)};
  for (index_t first = 0; first < padded / W::block; first += 3) {
    index_t const count = (std::min)(index_t{3}, padded / W::block - first);
    GuardedMemory<std::uint8_t> const to{W::decoded_block * count};
    x86::avx512_bf16::decode_pairs<S>(from.data(), padded, first, count, to.data());
    for (index_t i = 0; i < count * W::block; ++i) {
      index_t const column = (first + i / W::block) * W::block + W::column_of[static_cast<std::size_t>(i % W::block)] + shift;
      for (index_t row = 0; column < cols && row < 16; ++row) {
        std::uint8_t const* const block = to.data() + i / W::block * W::decoded_block;
        float scale;
        std::memcpy(&scale, block + 4 * row, sizeof scale);
        std::uint16_t word;
        std::memcpy(&word, block + 64 * (1 + i % W::block / 2) + 4 * row + 2 * (i % 2), sizeof word);
        auto const stored = w.stored_scale(row, column);
        float expected_scale = 0;
        if constexpr (Real<typename S::Stored>) {
          expected_scale = to_float(stored);
        } else {
          expected_scale = qfmt::decode(stored);
        }
        float const code = decode(w.code(row, column));
        float const expected = W::scaled_codes ? code * expected_scale : code;
        found.expect(to_float(Code<BF16>{word}) == expected && (W::scaled_codes || scale == expected_scale),
                     [&] { return std::to_string(to_float(Code<BF16>{word})) + " instead of " + std::to_string(expected); });
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("BF16: decoded blocks") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  for (index_t const cols : {index_t{1}, index_t{40}, index_t{300}}) {
    expect_held(decodes<BlockScheme<NVFP4>>(cols));
    expect_held(decodes<BlockScheme<MXFP4>>(cols));
    expect_held(decodes<QuantScheme<INT4, PerGroup<128>>>(cols));
    expect_held(decodes<QuantScheme<E4M3, PerChannel>>(cols));
    expect_held(decodes<BlockScheme<MXFP8_E5M2>>(cols));
  }
  expect_violated(decodes<BlockScheme<NVFP4>>(300, 1));
}

#endif
