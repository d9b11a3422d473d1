// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <limits>
#include <vector>

#include <qfmt/scaling/profile.hpp>
#include <qfmt/tensor/isa.hpp>
#include <qfmt/tensor/x86/quantize_blocks.hpp>

// What the tests of the block kernels share.

#if defined(QFMT_X86)
namespace qfmt::test {

/// The scales that a kernel finds for one group of MX blocks, each with its largest magnitude, 2^(b - 4)
/// in block b, at `place`; and whether all values are finite.
template <class Kernel, index_t Block>
struct Group {
  static constexpr index_t blocks = Kernel::blocks_at_a_time;
  std::vector<float> values = std::vector<float>(static_cast<std::size_t>(blocks * Block), 0.01f);
  Code<E8M0> scales[static_cast<std::size_t>(blocks)] = {};

  float& at(index_t block, index_t place) {
    return values[static_cast<std::size_t>(block * Block + place)];
  }
  bool fit() {
    float divisors[static_cast<std::size_t>(blocks)];
    bool plain = true;
    return Kernel::template fit<E2M1, PowerOfTwo<mx::Floor>, profile::Qfmt, float, Block>(
        values.data(), 1, {}, scales, divisors, plain);
  }
};

template <class Kernel, index_t Block>
int misplaced_maxima() {
  using G = Group<Kernel, Block>;
  int wrong = 0;
  for (index_t place = 0; place < Block; ++place) {
    G group;
    for (index_t b = 0; b < G::blocks; ++b)
      group.at(b, (place + b) % Block) =
          (b % 2 == 0 ? -1.0f : 1.0f) * power_of_two(static_cast<int>(b) - 4);
    wrong += group.fit() ? 0 : 1;
    // Floor: the scale is the magnitude's power of two over E2M1's largest, 2^2.
    for (index_t b = 0; b < G::blocks; ++b)
      wrong += group.scales[b].bits != E8M0::bias + static_cast<int>(b) - 4 - 2 ? 1 : 0;
  }
  return wrong;
}

/// How many values that are not finite a kernel does not see.
template <class Kernel>
int unnoticed_values() {
  using G = Group<Kernel, 16>;
  int unnoticed = 0;
  for (float const bad :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::quiet_NaN()}) {
    for (index_t b = 0; b < G::blocks; ++b) {
      G group;
      unnoticed += group.fit() ? 0 : 1;  // a finite group passes
      group.at(b, b % 16) = bad;
      unnoticed += group.fit() ? 1 : 0;
    }
  }
  return unnoticed;
}

}  // namespace qfmt::test
#endif
