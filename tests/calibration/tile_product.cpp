// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <support/samples.hpp>

#include <qfmt/calibration/tile_product.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

std::vector<float> random_numbers(index_t count, std::uint64_t seed) {
  Samples samples{seed};
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& x : out) x = samples.normal();
  return out;
}

bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]))
      return false;
  }
  return a.size() == b.size();
}

/// sums -+= product as documented, element by element.
template <bool Subtract>
std::vector<float> expected(std::vector<float> const& a, index_t a_stride,
                            std::vector<float> const& b, index_t depth, std::vector<float> sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    auto const r = static_cast<index_t>(i) / tile_side;
    auto const c = static_cast<index_t>(i) % tile_side;
    for (index_t k = 0; k < depth; ++k) {
      float const x = a[static_cast<std::size_t>(k * a_stride + r)];
      sums[i] =
          std::fma(Subtract ? -x : x, b[static_cast<std::size_t>(k * tile_side + c)], sums[i]);
    }
  }
  return sums;
}

}  // namespace

TEST_CASE("accumulate_product: chains of fused multiply-adds, on every instruction set") {
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level) {
    auto const isa = static_cast<Isa>(level);
    for (index_t const rows : {1, 2, 3, 4, 5, 6, 7, 17, 64}) {
      for (index_t const depth : {0, 1, 5, 64}) {
        index_t const stride = rows + 3;
        auto const a = random_numbers((depth + 1) * stride, 1);
        auto const b = random_numbers((depth + 1) * tile_side, 2);
        auto const sums = random_numbers(rows * tile_side, 3);
        auto added = sums;
        accumulate_product<false>(isa, a.data(), stride, b.data(), depth, added.data(), rows);
        CHECK(same_bits(added, expected<false>(a, stride, b, depth, sums)));
        auto subtracted = sums;
        accumulate_product<true>(isa, a.data(), stride, b.data(), depth, subtracted.data(), rows);
        CHECK(same_bits(subtracted, expected<true>(a, stride, b, depth, sums)));
        // A chain of its own.
        std::vector<float> const zeros(sums.size(), 0.0f);
        auto chains = expected<false>(a, stride, b, depth, zeros);
        auto with_chain = sums;
        add_product<false>(isa, a.data(), stride, b.data(), depth, with_chain.data(), rows);
        auto without_chain = sums;
        add_product<true>(isa, a.data(), stride, b.data(), depth, without_chain.data(), rows);
        for (std::size_t i = 0; i < sums.size(); ++i) {
          CHECK(with_chain[i] == sums[i] + chains[i]);
          CHECK(without_chain[i] == sums[i] - chains[i]);
        }
        if (depth == 64)
          CHECK_FALSE(same_bits(with_chain, added));
        // Nothing is fused by chance: with rounded products most sums differ.
        if (depth == 64)
          CHECK_FALSE(same_bits(added, subtracted));
      }
    }
  }
}

TEST_CASE("subtract_in_order: every product and every difference is rounded") {
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level) {
    auto const isa = static_cast<Isa>(level);
    for (index_t const depth : {0, 1, 2, 63}) {
      auto const b = random_numbers((depth + 1) * tile_side, 4);
      auto const u = random_numbers((depth + 1) * 5, 5);
      auto row = random_numbers(tile_side, 6);
      auto expected = row;
      auto fused = row;
      for (std::size_t c = 0; c < row.size(); ++c) {
        for (index_t k = 0; k < depth; ++k) {
          float const x = u[static_cast<std::size_t>(k * 5)];
          float const y = b[static_cast<std::size_t>(k * tile_side) + c];
          float volatile product = x * y;
          float volatile difference = expected[c] - product;
          expected[c] = difference;
          fused[c] = std::fma(-x, y, fused[c]);
        }
      }
      subtract_in_order(isa, row.data(), b.data(), u.data(), 5, depth);
      CHECK(same_bits(row, expected));
      if (depth == 63)
        CHECK_FALSE(same_bits(row, fused));  // or this test could not fail
    }
  }
}
