// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The header's static_asserts prove the maps bijective and fit for mma.m16n8k16. Here: that both read
// orders multiply right when the whole tile goes through the instructions, that a warpgroup's wgmma
// and Blackwell's m16n8k64 find their registers in the same tile, and that memory serves both.

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <set>
#include <support/samples.hpp>

#include <qfmt/cuda/gemm/word_order.hpp>

#include <cuda/emulation/machine.hpp>

using namespace qfmt;
using namespace qfmt::test;
using cuda::PackedTile;
using cuda::ReadOrder;

namespace {

/// A tile of 4-bit numbers and 8 tokens, small integers.
struct Tile {
  int w[16][64];
  int x[8][64];
  std::uint32_t words[PackedTile<4>::words] = {};

  Tile() {
    Samples samples{5};
    for (auto& row : w)
      for (int& value : row) value = samples.integer(-8, 7);
    for (auto& row : x)
      for (int& value : row) value = samples.integer(-4, 4);
    for (int row = 0; row < 16; ++row) {
      for (int col = 0; col < 64; ++col) {
        auto const place = PackedTile<4>::place(row, col);
        words[place.word] |= cuda::put_code<cuda::OffsetNibbles>(
            static_cast<std::uint32_t>(w[row][col]) & 15, place);
      }
    }
  }
  int code(int word, int pair, int half) const {
    auto const bits = cuda::take_code<cuda::OffsetNibbles>(words[word], {word, pair, half});
    return bits < 8 ? static_cast<int>(bits) : static_cast<int>(bits) - 16;
  }
  int expected(int row, int token) const {
    int sum = 0;
    for (int k = 0; k < 64; ++k) sum += w[row][k] * x[token][k];
    return sum;
  }
};

std::uint32_t pair_of(int low, int high) {
  return std::uint32_t{from_float<Code<BF16>>(static_cast<float>(low)).bits} |
         std::uint32_t{from_float<Code<BF16>>(static_cast<float>(high)).bits} << 16;
}

int errors_of(Tile const& tile, ReadOrder order, bool broken = false) {
  float c[32][4] = {};
  for (int step = 0; step < 4; ++step) {
    emulate_mma<Code<BF16>>(
        [&](int lane, int r) {
          int const word = PackedTile<4>::word(order, lane, broken ? step ^ 1 : step);
          return pair_of(tile.code(word, r, 0), tile.code(word, r, 1));
        },
        [&](int lane, int r) {
          int const k = cuda::column_of(order, lane % 4, step, r, 0);
          return pair_of(tile.x[lane / 4][k], tile.x[lane / 4][k + 1]);
        },
        [&](int lane, int r) -> float& { return c[lane][r]; });
  }
  int errors = 0;
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {
      int const row = lane / 4 + 8 * (r / 2);
      errors += c[lane][r] == static_cast<float>(tile.expected(row, lane % 4 * 2 + r % 2)) ? 0 : 1;
    }
  }
  return errors;
}

}  // namespace

TEST_CASE("cuda: a tile read in either order gives the product") {
  Tile const tile;
  CHECK(errors_of(tile, ReadOrder::LaneOwned) == 0);
  CHECK(errors_of(tile, ReadOrder::Natural) == 0);
  CHECK(errors_of(tile, ReadOrder::LaneOwned, true) != 0);
  CHECK(errors_of(tile, ReadOrder::Natural, true) != 0);
}

TEST_CASE("cuda: four row blocks read in natural order are the left registers of wgmma.m64nNk16") {
  // PTX ISA, "Register Fragments for wgmma.mma_async.m64nNk16": in warp w of the warpgroup, lane L,
  // element e of 8: row 16 w + L / 4 + 8 (e / 2 % 2), column 2 (L % 4) + e % 2 + 8 (e / 4).
  for (int step = 0; step < 4; ++step) {
    for (int thread = 0; thread < 128; ++thread) {
      int const lane = thread % 32;
      for (int e = 0; e < 8; ++e) {
        int const row = thread / 32 * 16 + lane / 4 + e / 2 % 2 * 8;
        int const column = step * 16 + lane % 4 * 2 + e % 2 + e / 4 * 8;
        auto const place = PackedTile<4>::place(row % 16, column);
        CHECK(row / 16 == thread / 32);
        CHECK(place.word == PackedTile<4>::word(ReadOrder::Natural, lane, step));
        CHECK(place.pair == e / 2);
        CHECK(place.half == e % 2);
      }
    }
  }
}

TEST_CASE("cuda: a tile has the registers of Blackwell's mma.m16n8k64, group for group") {
  // There a lane holds, of rows g and g + 8, positions 8t to 8t+7 and 32 + 8t to 32 + 8t+7 of K, and
  // positions [16 q, 16 q + 16) share scale q. Which columns stand at the positions of a scale is
  // free, as long as they are of one segment and the tokens' codes stand there too: words 2 (t % 2)
  // and the next of segments t / 2 and 2 + t / 2, which are 8 neighbouring bytes of two slots.
  std::set<std::pair<int, int>> seen;
  for (int lane = 0; lane < 32; ++lane) {
    int const g = lane / 4;
    int const t = lane % 4;
    for (int upper = 0; upper < 2; ++upper) {
      int const position = 32 * upper + 8 * t;
      int const segment = t / 2 + 2 * upper;
      CHECK(position / 16 == segment);
      for (int i = 0; i < 2; ++i) {
        int const word = 4 * PackedTile<4>::slot(g, segment) + 2 * (t % 2) + i;
        for (int row = g; row < 16; row += 8) {
          for (int col = 16 * segment; col < 16 * segment + 16; ++col) {
            if (PackedTile<4>::place(row, col).word == word)
              seen.insert({row, col});
          }
        }
      }
    }
  }
  CHECK(seen.size() == 16 * 64);
}

TEST_CASE("cuda: lanes that read shared memory together meet different banks") {
  // Loads of 4, 8 and 16 bytes are served 32, 16 and 8 neighbouring lanes at a time, one word of a
  // bank for all of them: counted here from the places of the elements, not from word().
  auto const most_in_a_bank = [](int bytes, auto const& word_of) {
    int most = 0;
    for (int first = 0; first < 32; first += 128 / bytes) {
      std::map<int, std::set<int>> words;
      for (int lane = first; lane < first + 128 / bytes; ++lane) {
        for (int i = 0; i < bytes / 4; ++i)
          words[(word_of(lane) + i) % 32].insert(word_of(lane) + i);
      }
      for (auto const& [bank, in_bank] : words)
        most = std::max(most, static_cast<int>(in_bank.size()));
    }
    return most;
  };
  for (int step = 0; step < 4; ++step) {
    auto const natural_4 = [&](int lane) {
      return PackedTile<4>::place(lane / 4, 16 * step + 2 * (lane % 4)).word;
    };
    auto const natural_8 = [&](int lane) {
      return PackedTile<8>::place(lane / 4, 16 * step + 2 * (lane % 4)).word;
    };
    CHECK(most_in_a_bank(4, natural_4) == 1);
    CHECK(most_in_a_bank(8, natural_8) == 1);
  }
  auto const owned_4 = [](int lane) { return PackedTile<4>::place(lane / 4, lane % 4 * 16).word; };
  CHECK(most_in_a_bank(16, owned_4) == 1);
  for (int plane = 0; plane < 2; ++plane) {
    auto const owned_8 = [&](int lane) {
      return PackedTile<8>::place(lane / 4, lane % 4 * 16 + 4 * plane).word;
    };
    CHECK(most_in_a_bank(16, owned_8) == 1);
  }
  // Blackwell's m16n8k64: two words of segment t / 2, then of segment 2 + t / 2.
  for (int upper = 0; upper < 2; ++upper) {
    auto const blackwell = [&](int lane) {
      int const t = lane % 4;
      return PackedTile<4>::place(lane / 4, 16 * (t / 2 + 2 * upper) + 4 * (t % 2)).word;
    };
    CHECK(most_in_a_bank(8, blackwell) == 1);
  }
  // Without turns, 16 bytes of each lane meet in fours, and the count says so.
  auto const unturned = [](int lane) { return 4 * (8 * (lane % 4) + lane / 4); };
  CHECK(most_in_a_bank(16, unturned) == 4);
  CHECK_FALSE(cuda::detail::without_conflicts(16, unturned));
}

TEST_CASE("cuda: both orders read whole sectors of global memory, and each of them once") {
  std::set<int> lines;
  for (int lane = 0; lane < 32; ++lane) {
    int const word = PackedTile<4>::word(ReadOrder::LaneOwned, lane, 0);
    CHECK(word % 4 == 0);
    // Lanes 4 g + t and 4 (g ^ 1) + t, of the same turn of eight lanes, share a sector of 8 words.
    CHECK(word / 8 == PackedTile<4>::word(ReadOrder::LaneOwned, lane ^ 4, 0) / 8);
    CHECK(word != PackedTile<4>::word(ReadOrder::LaneOwned, lane ^ 4, 0));
  }
  for (int step = 0; step < 4; ++step) {  // natural order: a step is one line
    std::set<int> of_step;
    for (int lane = 0; lane < 32; ++lane)
      of_step.insert(PackedTile<4>::word(ReadOrder::Natural, lane, step) / 32);
    CHECK(of_step.size() == 1);
    lines.insert(*of_step.begin());
  }
  CHECK(lines.size() == 4);
}
