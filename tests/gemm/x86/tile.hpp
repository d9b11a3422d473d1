// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <gemm/guarded_memory.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/gemm/x86/digit_gemm.hpp>
#include <support/laws/expect.hpp>

namespace qfmt::test {

/// The largest integers that there are, with every sign, against sums in 64 bits: nothing overflows or
/// saturates on the way, whether a panel is decoded on the way or before, in two parts. All memory
/// ends at a page that nobody may touch.
template <class Kernels, Scheme S, int Slices>
Violations extreme_integers(std::size_t size, index_t cols, uint32_t code) {
  index_t const tokens = x86::tile_sizes[size];
  using W = IntegerWeights<S>;
  Violations found{"extreme integers"};
  using Memory = GuardedMemory<std::uint8_t>;
  constexpr PanelLayout map = panel_layout<S>(32);
  index_t const padded = panel_layout<S>(cols).padded(cols);
  index_t const panel_bytes = panel_layout<S>(cols).panel_bytes(cols);

  // Scales of 1, and the same code everywhere.
  QuantTensor<S> weight{{16, cols}};
  for (auto& scale : weight.scales) {
    if constexpr (Real<typename S::Stored>) {
      scale = from_float<typename S::Stored>(1.0f);
    } else if constexpr (same_as<typename S::Stored, Code<E8M0>>) {
      scale = encode<E8M0>(1.0f, TowardZero{});
    } else {
      scale = encode<typename S::Stored::Format>(1.0f);
    }
  }
  for (auto& zero_point : weight.zero_points) zero_point = 7;
  for (auto& byte : weight.codes) byte = static_cast<std::uint8_t>(S::Format::bits == 4 ? code * 17 : code);
  std::int64_t const w = S::Format::bits == 4 ? W::integer(code) - (S::has_zero_point ? 7 : 0) : static_cast<std::int8_t>(code);
  Prepacked<S> const packed = prepack(weight.view());
  Memory const panel{packed.view().data, panel_bytes};

  // The largest integers of a token, by a scale that is a power of two.
  std::int64_t const most = Slices == 1 ? 127 : Slices == 2 ? 32639 : 8355711;
  float const to_float = Slices == 1 ? 1.0f : Slices == 2 ? 0x1p-14f : 0x1p-22f;
  GuardedMemory<float> const x{tokens * cols};
  for (index_t i = 0; i < tokens * cols; ++i) x.data()[i] = static_cast<float>(i / cols % 2 == 0 ? most : -most) * to_float;
  Memory const digits{padded / W::block * tokens * Kernels::token_block};
  GuardedMemory<float> const scales{tokens};
  Kernels::write(MatrixView<float const>{x.data(), {tokens, cols}}, 0, tokens, tokens, padded, digits.data(), scales.data());
  GuardedMemory<float> const sums{tokens * map.lanes};
  auto const check = [&](char const* way) {
    for (index_t t = 0; t < tokens; ++t) {
      // What the sums of blocks may round to in binary32, K / 16 + 3 times.
      double const exact = static_cast<double>((t % 2 == 0 ? most : -most) * w * cols) * static_cast<double>(to_float);
      double const slack = std::fabs(exact) * static_cast<double>(cols / 16 + 3) * 0x1p-24;
      for (index_t r = 0; r < map.lanes; ++r) {
        double const y = static_cast<double>(sums.data()[t * map.lanes + r]);
        found.expect(std::fabs(y - exact) <= slack, [&] { return std::string{way} + std::to_string(y) + " instead of " + std::to_string(exact); });
      }
    }
  };
  float const power = same_as<typename S::Stored, Code<UE4M3>> ? 0x1p120f : 1.0f;
  if (Kernels::panel[size] != nullptr) {
    Kernels::panel[size](panel.data(), padded, digits.data(), sums.data());
    x86::avx2::scale_sums(sums.data(), tokens, scales.data(), power, 1.0f);
    check("panel: ");
  }
  index_t const blocks = padded / W::block;
  index_t const head = blocks / 3 / Kernels::run * Kernels::run;
  std::fill(sums.data(), sums.data() + tokens * map.lanes, 0.0f);
  for (IndexRange const range : {IndexRange{0, head}, IndexRange{head, blocks}}) {
    index_t const count = range.end - range.begin;
    if (count == 0) continue;
    Memory const decoded{Kernels::decoded_block * count};
    Kernels::decode(panel.data(), padded, range.begin, count, decoded.data());
    Kernels::blocks[size](decoded.data(), count, digits.data() + Kernels::token_block * tokens * range.begin, sums.data(),
                          panel.data());
  }
  x86::avx2::scale_sums(sums.data(), tokens, scales.data(), power, 1.0f);
  check("blocks: ");
  return found;
}

/// For every tile size, two depths, and both extreme codes.
template <class Kernels, Scheme S, int Slices>
void check_extremes(std::initializer_list<uint32_t> codes) {
  for (uint32_t const code : codes) {
    for (std::size_t size = 0; size < 5; ++size) {
      for (index_t const cols : {index_t{40}, index_t{1024}}) expect_held(extreme_integers<Kernels, S, Slices>(size, cols, code));
    }
  }
}

template <Isa I>
void check_extremes_of_formats() {
  using Nvfp4 = BlockScheme<NVFP4>;
  using Mxfp4 = BlockScheme<MXFP4>;
  using Quarters = BlockScheme<MXS1M3>;
  using Asymmetric4 = QuantScheme<INT4, PerGroup<128>, Asymmetric>;
  using Int8 = QuantScheme<INT8, PerChannel>;
  check_extremes<x86::DigitKernels<I, Nvfp4, 1>, Nvfp4, 1>({7, 15});
  check_extremes<x86::DigitKernels<I, Nvfp4, 3>, Nvfp4, 3>({7, 15});
  check_extremes<x86::DigitKernels<I, Mxfp4, 2>, Mxfp4, 2>({7, 15});
  check_extremes<x86::DigitKernels<I, Quarters, 1>, Quarters, 1>({6, 14});
  check_extremes<x86::DigitKernels<I, Asymmetric4, 2>, Asymmetric4, 2>({7, 8});
  check_extremes<x86::DigitKernels<I, Int8, 1>, Int8, 1>({127, 128});
  check_extremes<x86::DigitKernels<I, Int8, 3>, Int8, 3>({127, 128});
  check_extremes<x86::ScaledKernels<I, Mxfp4>, Mxfp4, 1>({7, 15});
}

}  // namespace qfmt::test
