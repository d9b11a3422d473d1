// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gemm/guarded_memory.hpp>
#include <gemm/laws.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <qfmt/tensor/presets.hpp>

namespace qfmt::test {

/// Every integer and every scale of decoded blocks, against the operand. `shift` sabotages: it is
/// added to the row that is compared.
template <Isa I, Scheme S>
Violations decodes(Shape shape, index_t shift = 0) {
  using W = IntegerWeights<S>;
  Violations found{"decoded blocks"};
  QuantTensor<S> const tensor = quantized<S>(shape, 3);
  Prepacked<S> const packed = prepack(tensor.view());
  PrepackedView<S> const w = packed.view();
  index_t const padded = w.layout().padded(shape.cols);
  index_t const blocks = padded / W::block;
  double const power = same_as<typename S::Stored, Code<UE4M3>> ? 0x1p120 : 1.0;
  for (index_t panel = 0; panel < ceil_div(shape.rows, PanelLayout::lanes); ++panel) {
    GuardedMemory<std::uint8_t> const from{w.panel(panel), w.layout().panel_bytes(shape.cols)};
    for (index_t first = 0; first < blocks; first += 3) {
      index_t const count = (std::min)(index_t{3}, blocks - first);
      GuardedMemory<std::uint8_t> const to{decoded_bytes(W::block) * count};
      if constexpr (I == Isa::avx2) {
        x86::avx2::decode_blocks<S>(from.data(), padded, first, count, to.data());
      } else {
        x86::avx512_vnni::decode_blocks<S>(from.data(), padded, first, count, to.data());
      }
      for (index_t lane = 0; lane < PanelLayout::lanes; ++lane) {
        index_t const row = panel * PanelLayout::lanes + lane + shift;
        for (index_t k = first * W::block; row < shape.rows && k < (std::min)((first + count) * W::block, shape.cols); ++k) {
          std::uint8_t const* const block = to.data() + (k / W::block - first) * decoded_bytes(W::block);
          float scale;
          std::memcpy(&scale, block + 4 * lane, sizeof scale);
          index_t const quad = k % W::block / 4;
          int const integer = block[(quad + 1) * 64 + lane * 4 + k % 4] - W::offset;
          float const code = decode(w.code(row, k)) / W::unit - static_cast<float>(w.zero_point(row, k));
          found.expect(static_cast<float>(integer) == code, [&] { return std::to_string(integer) + " instead of " + std::to_string(code); });
          typename S::Stored const stored = w.stored_scale(row, k);
          double const expected = [&] {
            if constexpr (Real<typename S::Stored>) {
              return static_cast<double>(to_float(stored));
            } else {
              return static_cast<double>(qfmt::decode(stored));
            }
          }();
          found.expect(static_cast<double>(scale) * power == expected, [&] { return std::to_string(scale) + " instead of " + std::to_string(expected); });
        }
      }
    }
  }
  return found;
}

template <Isa I>
void check_decoding() {
  for (Shape const shape : {Shape{1, 1}, Shape{17, 40}, Shape{33, 300}}) {
    expect_held(decodes<I, BlockScheme<NVFP4>>(shape));
    expect_held(decodes<I, BlockScheme<MXFP4>>(shape));
    expect_held(decodes<I, QuantScheme<INT4, PerGroup<32>, SymmetricScale<Code<FP16>>>>(shape));
    expect_held(decodes<I, QuantScheme<INT4, PerGroup<128>, SymmetricScale<Code<BF16>>>>(shape));
    expect_held(decodes<I, preset::W4A16_ASYM::Weights>(shape));
    expect_held(decodes<I, preset::W8A8::Weights>(shape));
    expect_held(decodes<I, QuantScheme<INT8, PerGroup<128>>>(shape));
  }
  expect_violated(decodes<I, BlockScheme<NVFP4>>({33, 300}, 1));
}

}  // namespace qfmt::test
