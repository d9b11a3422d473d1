// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A row of blocks quantized in one pass is what fitting and encoding each block on its own gives:
// every length, tiles of every kind, tensor scales that nobody should use.

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <support/samples.hpp>

#include <qfmt/tensor/quantize.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

/// Blocks of zeros, of subnormals, of huge numbers, with -0, on the borders of E2M1, and Gaussian.
template <class T>
std::vector<T> row_of(index_t count, std::uint64_t seed) {
  Samples samples{seed};
  std::vector<T> row;
  int kind = 0;
  for (index_t i = 0; i < count; ++i) {
    if (i % 16 == 0)
      kind = samples.integer(0, 7);
    float x = samples.normal();
    if (kind == 0)
      x = samples.integer(0, 1) == 0 ? 0.0f : -0.0f;
    if (kind == 1)
      x *= 0x1p-135f;
    if (kind == 2)
      x *= 0x1p110f;
    if (kind == 3)
      x = 0.25f * static_cast<float>(samples.integer(-24, 24));
    if (kind == 4)
      x = std::ldexp(x, samples.integer(-30, 10));
    T const rounded = from_float<T>(x);
    row.push_back(is_finite(to_float(rounded)) ? rounded : T{});
  }
  return row;
}

template <class S, class T>
Result<QuantTensor<S>> quantized(std::vector<T> const& row, typename S::Global global, Isa isa) {
  Shape const shape{1, static_cast<index_t>(row.size())};
  return quantize_with<S, T>({row.data(), shape}, global, Serial{}, {}, isa);
}

template <class S>
std::vector<typename S::Global> globals() {
  if constexpr (S::has_global) {
    return {{1.0f},
            {2688.0f},
            {0.37f},
            {0x1p96f},
            {1e-30f},
            {1e-45f},
            {-3.0f},
            {0.0f},
            {inf},
            {3e38f},
            {std::numeric_limits<float>::quiet_NaN()}};
  } else {
    return {{}};
  }
}

template <class S, class T>
void check(index_t step = 1) {
  if (vector_levels().empty())
    return;
  static_assert(x86::HasBlockPath<S>);
  for (index_t count = 0; count <= 1100; count += count < 70 ? 1 : 13 * step) {
    auto const row = row_of<T>(count, static_cast<std::uint64_t>(count));
    for (auto const global : globals<S>()) {
      auto const expected = quantized<S>(row, global, Isa::portable);
      for (Isa const isa : vector_levels()) {
        auto const got = quantized<S>(row, global, isa);
        REQUIRE(got.status() == expected.status());  // some tensor scales are refused
        if (!expected.ok())
          continue;
        CHECK_MESSAGE(got->codes == expected->codes, name(isa), count);
        CHECK_MESSAGE(got->scales == expected->scales, name(isa), count);
      }
    }
  }
}

template <class B, class When = Static<AbsMax>>
void check_block_format() {
  using S = BlockScheme<B, When>;
  using Package = with_profile<S, profile::CompressedTensors>;
  check<S, float>();
  check<Package, float>(4);
  check<Package, Code<BF16>>(4);
  check<Package, Code<FP16>>(4);
}

}  // namespace

TEST_CASE("blocks in one pass: NVFP4") {
  check_block_format<NVFP4>();
}

TEST_CASE("blocks in one pass: MXFP4") {
  check_block_format<MXFP4, Dynamic>();
}

TEST_CASE("blocks in one pass: other element formats and rules") {
  check<BlockScheme<MXFP8_E4M3>, float>(4);
  check<BlockScheme<MXFP6_E2M3>, float>(4);
  check<QuantScheme<E5M2, PerGroup<16>, PowerOfTwo<mx::Floor>>, Code<BF16>>(4);
}

TEST_CASE("blocks in one pass: an infinity or a NaN anywhere is found") {
  for (index_t const count : {5, 256, 300}) {
    for (std::size_t at = 0; at < static_cast<std::size_t>(count); ++at) {
      for (float const bad : {inf, -std::numeric_limits<float>::quiet_NaN()}) {
        auto row = row_of<float>(count, 3);
        row[at] = bad;
        auto const expected = quantized<BlockScheme<NVFP4>>(row, {1.0f}, Isa::portable);
        for (Isa const isa : vector_levels()) {
          auto const got = quantized<BlockScheme<NVFP4>>(row, {1.0f}, isa);
          REQUIRE(!got.ok());
          CHECK(got.error().message == expected.error().message);
        }
      }
    }
  }
}
