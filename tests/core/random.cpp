// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

#include <qfmt/core/random.hpp>

using qfmt::Philox;

namespace {

constexpr bool equal(Philox::Block block, std::uint32_t w0, std::uint32_t w1, std::uint32_t w2,
                     std::uint32_t w3) {
  return block.words[0] == w0 && block.words[1] == w1 && block.words[2] == w2 &&
         block.words[3] == w3;
}

}  // namespace

TEST_CASE("philox4x32-10: the known answers of the Random123 distribution") {
  static_assert(equal(Philox{0}.block(0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(equal(Philox{~0ull}.block(~0ull, ~0ull), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  // The digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0, low word
  // first.
  CHECK(equal(Philox{0x299f31d0a4093822}.block(0x85a308d3243f6a88, 0x0370734413198a2e), 0xd16cfe09,
              0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST_CASE("element i is word i % 4 of block i / 4") {
  constexpr Philox random{42};
  for (std::uint64_t i : {0ull, 1ull, 2ull, 3ull, 4ull, 1000003ull, 0xFFFFFFFFFFFFFFFFull}) {
    CHECK(random(i, 7) == random.block(i / 4, 7).words[i % 4]);
  }
}

TEST_CASE("the key and the stream are zero if none is given") {
  CHECK(Philox{}(5) == Philox{0}(5, 0));
  CHECK(Philox{}.block(3).words[0] == Philox{0}.block(3, 0).words[0]);
  CHECK(Philox{}(5) != Philox{1}(5));
  CHECK(Philox{}(5) != Philox{}(5, 1));
}

TEST_CASE("neighbouring elements, streams and keys give different bits") {
  std::vector<std::uint64_t> pairs;  // 64 bits each, so that a repetition is no coincidence
  for (std::uint64_t i = 0; i < 200000; ++i) {
    auto const block = Philox{1}.block(i);
    pairs.push_back(block.words[0] | std::uint64_t{block.words[1]} << 32);
    pairs.push_back(block.words[2] | std::uint64_t{block.words[3]} << 32);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    for (auto const& block : {Philox{1}.block(0, i + 1), Philox{i + 2}.block(0)}) {
      pairs.push_back(block.words[0] | std::uint64_t{block.words[1]} << 32);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  CHECK(std::adjacent_find(pairs.begin(), pairs.end()) == pairs.end());
}

TEST_CASE("every bit is one half of the time, and neighbours are not correlated") {
  constexpr int draws = 1 << 16;
  constexpr double limit =
      5.5;  // standard deviations: of 10^7 runs with other keys, one would fail
  std::array<int, 32> ones{};
  std::array<int, 32> equal_to_next{};
  std::uint32_t previous = Philox{20261125}(0);
  for (std::uint64_t i = 1; i <= draws; ++i) {
    std::uint32_t const now = Philox{20261125}(i);
    for (unsigned b = 0; b < 32; ++b) {
      ones[b] += static_cast<int>(now >> b & 1);
      equal_to_next[b] += static_cast<int>(~(now ^ previous) >> b & 1);
    }
    previous = now;
  }
  for (unsigned b = 0; b < 32; ++b) {
    CHECK(std::abs(ones[b] - draws / 2) < limit * std::sqrt(draws / 4.0));
    CHECK(std::abs(equal_to_next[b] - draws / 2) < limit * std::sqrt(draws / 4.0));
  }
}
