// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/cuda/gemm/tokens.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;
using cuda::ReadOrder;

namespace {

/// Elements 1, 2, 3, ...; the half h of register `upper` in step i must be the column that column_of
/// says, or zero from `present` on.
template <ReadOrder Order>
int wrong_columns(int present, bool vectors) {
  alignas(16) Code<BF16> row[64];
  for (int k = 0; k < 64; ++k) row[k] = from_float<Code<BF16>>(static_cast<float>(k + 1));
  int wrong = 0;
  for (int t = 0; t < 4; ++t) {
    auto const x = cuda::token_registers<Order>(row, present, t, vectors);
    for (int step = 0; step < 4; ++step) {
      for (int upper = 0; upper < 2; ++upper) {
        for (int half = 0; half < 2; ++half) {
          int const col = cuda::column_of(Order, t, step, upper, half);
          float const expected = col < present ? static_cast<float>(col + 1) : 0.0f;
          wrong += element_of<Code<BF16>>(x.word[4 * upper + step], half) == expected ? 0 : 1;
        }
      }
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("cuda: a token's registers hold the columns that the weights' do, and zeros behind K") {
  for (int present = 0; present <= 64; ++present) {
    for (bool const vectors : {false, true}) {
      CHECK(wrong_columns<ReadOrder::LaneOwned>(present, vectors) == 0);
      CHECK(wrong_columns<ReadOrder::Natural>(present, vectors) == 0);
    }
  }
}

TEST_CASE("cuda: bytes are in the order of packed bytes") {
  alignas(16) std::int8_t row[64];
  for (int k = 0; k < 64; ++k) row[k] = static_cast<std::int8_t>(k + 1);
  for (int t = 0; t < 4; ++t) {
    auto const x = cuda::token_registers<ReadOrder::LaneOwned>(row, 50, t, true);
    for (int i = 0; i < 4; ++i) {
      for (int byte = 0; byte < 4; ++byte) {
        int const col = cuda::column_of(ReadOrder::LaneOwned, t, i, byte / 2, byte % 2);
        CHECK(element_of<std::int8_t>(x.word[i], byte) == (col < 50 ? col + 1 : 0));
      }
    }
  }
}

TEST_CASE("cuda: which rows are read in vectors") {
  alignas(16) Code<BF16> data[64] = {};
  CHECK(cuda::tokens_of(MatrixView<Code<BF16> const>{data, {2, 16}}).vectors);
  CHECK_FALSE(cuda::tokens_of(MatrixView<Code<BF16> const>{data + 1, {2, 16}}).vectors);
  CHECK_FALSE(cuda::tokens_of(MatrixView<Code<BF16> const>{data, {2, 16}, 20}).vectors);
  QuantTensor<Int8Tokens> const x = random_tensor<Int8Tokens>({3, 32}, 1);
  CHECK(cuda::tokens_of(x.view()).scale(2) == x.scales[2]);
}
