// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/guarded_memory.hpp>
#include <gemm/laws.hpp>
#include <support/environment.hpp>

#include <qfmt/formats/int4.hpp>
#include <qfmt/gemm/x86/bf16_gemm.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <qfmt/gemm/x86/float_gemm.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Blocks of two panels in turn and together: the same bits, whichever of them this processor
/// would take, and nothing is touched beyond the blocks. `spoil`: not, if the tile changes in between.
template <class Kernels, Scheme S>
Violations same_bits(index_t cols, bool spoil = false) {
  Violations found{"two panels together as one after the other"};
  using Memory = GuardedMemory<std::uint8_t>;
  constexpr index_t tokens = x86::largest_tile, lanes = PanelLayout::lanes;
  QuantTensor<S> const weight = quantized<S>({2 * lanes, cols}, 3);
  Prepacked<S> const packed = prepack(weight.view());
  index_t const padded = panel_layout<S>(cols).padded(cols);
  index_t const blocks = padded / Kernels::block;
  Matrix<float> const x = normal_matrix({tokens, cols}, 4);
  Memory const tile{blocks * tokens * Kernels::token_block};
  GuardedMemory<float> const scales{tokens};
  Kernels::write(x.view(), 0, tokens, tokens, padded, tile.data(), scales.data());

  Memory const decoded{2 * blocks * Kernels::decoded_block};
  for (index_t p = 0; p < 2; ++p)
    Kernels::decode(packed.view().panel(p), padded, 0, blocks,
                    decoded.data() + p * blocks * Kernels::decoded_block);
  std::uint8_t const* const next = packed.view().data;
  GuardedMemory<float> const apart{2 * tokens * lanes};
  GuardedMemory<float> const together{2 * tokens * lanes};
  for (index_t i = 0; i < 2 * tokens * lanes; ++i)
    apart.data()[i] = together.data()[i] = 0.25f * static_cast<float>(i % 7);
  for (index_t p = 0; p < 2; ++p)
    Kernels::blocks[4](decoded.data() + p * blocks * Kernels::decoded_block, blocks, tile.data(),
                       apart.data() + p * tokens * lanes, next);
  if (spoil)
    tile.data()[1] = static_cast<std::uint8_t>(tile.data()[1] + 64);
  Kernels::two_panels({decoded.data(),
                       blocks,
                       tile.data(),
                       {together.data(), together.data() + tokens * lanes},
                       {next, next}});
  for (index_t i = 0; i < 2 * tokens * lanes; ++i) {
    found.expect(
        bit_cast<std::uint32_t>(apart.data()[i]) == bit_cast<std::uint32_t>(together.data()[i]),
        [&] {
          return "panel " + std::to_string(i / lanes / tokens) + ", token " +
                 std::to_string(i / lanes % tokens) + ": " + std::to_string(together.data()[i]) +
                 " instead of " + std::to_string(apart.data()[i]);
        });
  }
  return found;
}

template <class Kernels, Scheme S>
void check() {
  REQUIRE((Kernels::two_panels != nullptr));
  for (index_t const cols : {index_t{16}, index_t{160}, index_t{1056}, index_t{2500}})
    expect_held(same_bits<Kernels, S>(cols));
  expect_violated(same_bits<Kernels, S>(160, true));
}

using Nvfp4 = BlockScheme<NVFP4>;
using Mxfp4 = BlockScheme<MXFP4>;
using Int4Group128 = QuantScheme<INT4, PerGroup<128>>;
using Int8 = QuantScheme<INT8, PerChannel>;
using Fp8 = QuantScheme<E4M3, PerChannel>;

}  // namespace

TEST_CASE("two panels: one digit") {
  if (selected_isa() < Isa::avx512_vnni)
    return skip("AVX-512 VNNI");
  check<x86::DigitKernels<Isa::avx512_vnni, Nvfp4, 1>, Nvfp4>();
  check<x86::DigitKernels<Isa::avx512_vnni, Mxfp4, 1>, Mxfp4>();
  check<x86::DigitKernels<Isa::avx512_vnni, Int4Group128, 1>, Int4Group128>();
  check<x86::DigitKernels<Isa::avx512_vnni, Int4Asymmetric, 1>, Int4Asymmetric>();
  check<x86::DigitKernels<Isa::avx512_vnni, Int8, 1>, Int8>();
}

TEST_CASE("two panels: one digit, scales of blocks") {
  if (selected_isa() < Isa::avx512_vnni)
    return skip("AVX-512 VNNI");
  check<x86::ScaledKernels<Isa::avx512_vnni, Nvfp4>, Nvfp4>();
  check<x86::ScaledKernels<Isa::avx512_vnni, Int8>, Int8>();
}

TEST_CASE("two panels: words") {
  if (selected_isa() < Isa::avx512_vnni)
    return skip("AVX-512 VNNI");
  CHECK((x86::WordKernels<Nvfp4, 2>::two_panels == nullptr));
  check<x86::WordKernels<Mxfp4, 2>, Mxfp4>();
  check<x86::WordKernels<Int8, 2>, Int8>();
  check<x86::WordKernels<Nvfp4, 3>, Nvfp4>();
  check<x86::WordKernels<Mxfp4, 3>, Mxfp4>();
}

TEST_CASE("two panels: binary32") {
  if (selected_isa() < Isa::avx512_vnni)
    return skip("AVX-512 VNNI");
  check<x86::FloatKernels<Isa::avx512_vnni, Fp8>, Fp8>();
  using Blocks = QuantScheme<E4M3, PerBlock<128, 128>>;
  check<x86::FloatKernels<Isa::avx512_vnni, Blocks>, Blocks>();
}

TEST_CASE("two panels: BF16") {
  if (selected_isa() < Isa::avx512_bf16)
    return skip("AVX-512 BF16");
  check<x86::Bf16Kernels<Nvfp4>, Nvfp4>();
  check<x86::Bf16Kernels<Mxfp4>, Mxfp4>();
  check<x86::Bf16Kernels<Fp8>, Fp8>();
}

#endif
