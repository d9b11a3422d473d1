// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gemm/environments.hpp>
#include <support/environment.hpp>
#include <vector>

#include <qfmt/conformance.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/isa.hpp>

// What the tests of the vector paths share.

namespace qfmt::test {

/// The levels with paths of their own that this processor has. Those that it has not are reported.
inline std::vector<Isa> vector_levels() {
  std::vector<Isa> levels;
  for (Isa const level : {Isa::avx2, Isa::avx512}) {
    if (level <= detected_isa())
      levels.push_back(level);
  }
  if (levels.size() < 2)
    skip(levels.empty() ? "no AVX2 and no AVX-512 here" : "no AVX-512 here");
  return levels;
}

/// Values with all their neighbours on which roundings to F go wrong, and random bit patterns.
template <ElementFormat F>
std::vector<float> hard_values(std::uint64_t random_count) {
  std::vector<float> out;
  auto const add = [&](float x) { out.push_back(x); };
  if constexpr (FloatFormat<F>) {
    conformance::for_each_input<F>(add);
  } else {
    conformance::for_each_input<E5M2>(add);
    for (int code = 0; code < 1 << F::bits; ++code) {
      float const value = decode(Code<F>{static_cast<typename F::storage_type>(code)});
      float const next =
          decode(Code<F>{static_cast<typename F::storage_type>((code + 1) & ((1 << F::bits) - 1))});
      for (float const x : {value, (value + next) / 2.0f, value + (value - next) / 2.0f})
        conformance::detail::with_neighbours(magnitude_bits(x), add);
    }
  }
  Philox const random{17};
  for (std::uint64_t i = 0; i < random_count; ++i) {
    std::uint32_t const bits = random(i);
    // Half of them any pattern, half of them of the order of the format's range.
    out.push_back(i % 2 == 0
                      ? bit_cast<float>(bits)
                      : (static_cast<float>(bits) * 0x1p-31f - 1.0f) * max_value<F>() * 1.1f);
  }
  return out;
}

}  // namespace qfmt::test
