// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

// Which kernel multiplies, and how the work is divided: decisions of the host, made from sizes alone.

namespace qfmt::cuda {

enum class Backend : uint8_t { Simt, Skinny, MmaSm80 };

[[nodiscard]] constexpr char const* name(Backend backend) noexcept {
  switch (backend) {
    case Backend::Simt:
      return "simt";
    case Backend::Skinny:
      return "skinny";
    case Backend::MmaSm80:
      return "mma_sm80";
  }
  return "unknown";
}

/// What a decision needs to know of a device.
struct Device {
  int capability = 0;  // 10 * major + minor
  int multiprocessors = 1;
};

/// From this capability on, up to so many tokens.
struct BackendRow {
  int from;
  index_t tokens;
  Backend backend;
};

inline constexpr index_t any_tokens = index_t{1} << 62;

/// The first row that fits is taken, and `simt` where none does: below sm_80, for which none of this
/// compiles. Kernels for one architecture (TMA and wgmma on sm_90a, block scaled mma on sm_100a and
/// sm_120a) will have their rows above these.
inline constexpr BackendRow backend_table[] = {
    {80, 32, Backend::Skinny},
    {80, any_tokens, Backend::MmaSm80},
};

[[nodiscard]] constexpr Backend backend_for(index_t tokens, Device device) noexcept {
  for (BackendRow const& row : backend_table) {
    if (device.capability >= row.from && tokens <= row.tokens)
      return row.backend;
  }
  return Backend::Simt;
}

/// Octets of tokens that a skinny block takes at once: 1, 2 or 4.
[[nodiscard]] constexpr int token_tiles_for(index_t tokens) noexcept {
  return tokens <= 8 ? 1 : tokens <= 16 ? 2 : 4;
}

/// Into how many parts K is divided, where `blocks` are too few to fill the device: as many as two
/// blocks for each multiprocessor have room for, as long as each of a block's 8 warps has two of the
/// `tiles`. A device that is more than half full is left as it is.
[[nodiscard]] constexpr int splits_for(index_t blocks, index_t tiles, Device device) noexcept {
  index_t const wanted = index_t{2} * device.multiprocessors / (blocks > 0 ? blocks : 1);
  index_t const possible = tiles / 16;
  index_t const splits = wanted < possible ? wanted : possible;
  return splits < 1 ? 1 : static_cast<int>(splits);
}

/// Blocks along the grid's second axis, which ends at 65535; each loops over what is left.
[[nodiscard]] constexpr index_t token_blocks_for(index_t tokens, index_t of_block,
                                                 index_t parts) noexcept {
  index_t const most = 65535 / parts;
  index_t const blocks = ceil_div(tokens, of_block);
  return blocks < 1 ? 1 : blocks < most ? blocks : most < 1 ? 1 : most;
}

static_assert(backend_for(1, {75, 40}) == Backend::Simt);
static_assert(backend_for(32, {90, 132}) == Backend::Skinny);
static_assert(backend_for(33, {120, 170}) == Backend::MmaSm80);

}  // namespace qfmt::cuda
