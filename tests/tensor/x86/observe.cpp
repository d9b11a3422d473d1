// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Vectors find the extremes that AbsMax and MinMax find, wherever they are.

#include <algorithm>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class O>
bool same_range(Isa isa, std::vector<float> const& values) {
  O one_by_one;
  one_by_one.observe(values);
  O in_vectors;
  if (!x86::observe(isa, values, in_vectors))
    in_vectors.observe(values);
  Range const a = one_by_one.range();
  Range const b = in_vectors.range();
  return bits_of(a.min) == bits_of(b.min) && bits_of(a.max) == bits_of(b.max);
}

}  // namespace

TEST_CASE("vectors see an extreme in every place of every length") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  float const inf = std::numeric_limits<float>::infinity();
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      int wrong = 0;
      for (std::size_t size = 0; size <= 70; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
          for (float const extreme : {nan, -nan, inf, -inf, 3.0f, -3.0f, 0x1p-149f, -0.0f}) {
            std::vector<float> values(size, extreme == extreme && extreme < 1 ? 0.0f : 0.5f);
            values[at] = extreme;
            InEnvironment const in{environment};
            wrong += !same_range<AbsMax>(isa, values);
            wrong += !same_range<MinMax>(isa, values);
            std::uint32_t largest = 0;
            wrong += !x86::amax_bits(isa, values.data(), static_cast<index_t>(size), largest);
            AbsMax expected;
            expected.observe(values);
            wrong += largest != bits_of(expected.range().max);
          }
        }
      }
      CHECK_MESSAGE(wrong == 0, std::string{name(isa)}, environment.name);
    }
  }
}

TEST_CASE("vectors find the largest magnitude of 16-bit numbers, NaN as its canonical one") {
  for (Isa const isa : vector_levels()) {
    for (std::uint32_t bits = 0; bits < 0x10000; bits += 7) {
      Code<BF16> const row[3] = {{0x0001}, {static_cast<std::uint16_t>(bits)}, {0x8000}};
      std::uint32_t largest = 0;
      REQUIRE(x86::amax_bits(isa, row, 3, largest));
      if (largest != (std::max)(magnitude_bits(to_float(row[0])), magnitude_bits(to_float(row[1]))))
        FAIL(bits);
    }
  }
}
