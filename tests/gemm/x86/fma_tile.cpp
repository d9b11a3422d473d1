// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/guarded_memory.hpp>
#include <gemm/laws.hpp>
#include <qfmt/gemm/x86/float_gemm.hpp>
#include <support/environment.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

static_assert(has_float_weights<BlockScheme<MXFP8_E4M3>> && has_float_weights<QuantScheme<E5M2, PerTensor>>);
static_assert(!has_float_weights<BlockScheme<NVFP4>> && !has_float_weights<QuantScheme<INT8, PerChannel>>);

namespace {

/// All codes of F, subnormals too, times a scale, at the end of memory.
template <Isa I, ElementFormat F>
Violations decodes_every_code(float factor) {
  using S = QuantScheme<F, PerGroup<128>>;
  Violations found{"every code as a float"};
  QuantTensor<S> w{{16, 256}};
  for (auto& scale : w.scales) scale = 0.75f;
  for (index_t i = 0; i < 16 * 256; ++i) w.codes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i + i / 256);
  Prepacked<S> const packed = prepack(w.view());
  GuardedMemory<std::uint8_t> const panel{packed.view().data, packed.bytes()};
  GuardedMemory<std::uint8_t> const to{256 * 64};
  x86::FloatKernels<I, S>::decode(panel.data(), 256, 0, 256 / FloatWeights<S>::block, to.data());
  for (index_t k = 0; k < 256; ++k) {
    for (index_t row = 0; row < 16; ++row) {
      float const expected = w.view()(row, k);
      float decoded;
      std::memcpy(&decoded, to.data() + k * 64 + row * 4, sizeof decoded);
      // Codes that are not finite never come here: such a weight is not regular.
      if (is_finite(expected))
        found.expect(bit_cast<std::uint32_t>(decoded * factor) == bit_cast<std::uint32_t>(expected), [&] { return std::to_string(decoded) + " instead of " + std::to_string(expected); });
    }
  }
  return found;
}

template <Isa I>
void check_codes() {
  expect_held(decodes_every_code<I, E4M3>(1.0f));
  expect_held(decodes_every_code<I, E5M2>(1.0f));
  expect_held(decodes_every_code<I, E4M3FNUZ>(1.0f));
  expect_violated(decodes_every_code<I, E4M3>(2.0f));
}

}  // namespace

TEST_CASE("floats of 8 bits in vectors: AVX2") {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  check_codes<Isa::avx2>();
}

TEST_CASE("floats of 8 bits in vectors: AVX-512") {
  if (selected_isa() < Isa::avx512_vnni) return skip("AVX-512 VNNI");
  check_codes<Isa::avx512_vnni>();
}

#endif
