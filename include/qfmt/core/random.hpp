// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy
/// as 1, 2, 3" (SC 2011): the bits of draw number `counter` under `key` are a pure function of the
/// two. The same on host and device, whatever the launch geometry or the number of threads.
struct Philox {
  uint64_t key = 0;

  struct Block {
    uint32_t words[4];
  };

  /// The 128 bits that belong to `counter`; `stream` is the counter's upper half.
  QFMT_HOST_DEVICE constexpr Block block(uint64_t counter, uint64_t stream = 0) const noexcept {
    uint32_t c0 = static_cast<uint32_t>(counter);
    uint32_t c1 = static_cast<uint32_t>(counter >> 32);
    uint32_t c2 = static_cast<uint32_t>(stream);
    uint32_t c3 = static_cast<uint32_t>(stream >> 32);
    uint32_t k0 = static_cast<uint32_t>(key);
    uint32_t k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      uint64_t const p0 = uint64_t{0xD2511F53u} * c0;
      uint64_t const p1 = uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(p1);
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(p0);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
  }

  /// 32 random bits for element `index`: word `index % 4` of block `index / 4`.
  QFMT_HOST_DEVICE constexpr uint32_t operator()(uint64_t index,
                                                 uint64_t stream = 0) const noexcept {
    return block(index / 4, stream).words[index % 4];
  }
};

}  // namespace qfmt
