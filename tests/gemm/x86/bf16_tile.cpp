// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <gemm/guarded_memory.hpp>
#include <qfmt/gemm/x86/bf16_tile.hpp>
#include <qfmt/tensor/isa.hpp>
#include <support/environment.hpp>
#include <support/samples.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

// Products are tested with the backend (bf16_gemm.cpp).

TEST_CASE("BF16: activations, rounded to nearest even, at both ends of memory") {
  if (selected_isa() < Isa::avx512_bf16) return skip("AVX-512 BF16");
  auto const& order = Bf16Weights<BlockScheme<MXFP4>>::column_of;
  for (index_t const cols : {index_t{1}, index_t{31}, index_t{33}, index_t{700}}) {
    Matrix<float> const values = normal_matrix({3, cols}, 7);
    for (auto const touch : {GuardedMemory<float>::Touch::behind, GuardedMemory<float>::Touch::in_front}) {
      GuardedMemory<float> const x{values.values.data(), values.shape.size(), touch};
      index_t const padded = round_up(cols, 32);
      GuardedMemory<std::uint16_t> const to{4 * padded};
      x86::avx512_bf16::write_pairs(MatrixView<float const>{x.data(), {3, cols}}, 1, 2, 4, padded, order, reinterpret_cast<std::uint8_t*>(to.data()));
      for (index_t t = 0; t < 4; ++t) {
        for (index_t i = 0; i < padded; ++i) {
          index_t const column = i / 32 * 32 + order[static_cast<std::size_t>(i % 32)];
          float const expected = t < 2 && column < cols ? values(1 + t, column) : 0.0f;
          CHECK(to.data()[(i / 32 * 4 + t) * 32 + i % 32] == from_float<Code<BF16>>(expected).bits);
        }
      }
    }
  }
}

#endif
