// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdio>
#include <limits>
#include <span>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/observers/observer.hpp>

// What holds for every observer O. Equality of ranges is that of bits.

namespace qfmt::test::laws {

inline bool same(Range a, Range b) {
  return std::bit_cast<std::uint32_t>(a.min) == std::bit_cast<std::uint32_t>(b.min) &&
         std::bit_cast<std::uint32_t>(a.max) == std::bit_cast<std::uint32_t>(b.max);
}

inline std::string text(Range range) {
  char buffer[96];
  std::snprintf(buffer, sizeof buffer, "[%.9g, %.9g]", static_cast<double>(range.min),
                static_cast<double>(range.max));
  return buffer;
}

/// Data of several kinds: ordinary, one-sided, with equal extremes, with zeros of both signs,
/// subnormal, huge.
inline std::vector<std::vector<float>> sample_tiles() {
  std::vector<std::vector<float>> tiles;
  Samples samples{51};
  for (int const n : {1, 2, 3, 16, 17, 100}) {
    std::vector<float> normal;
    std::vector<float> positive;
    std::vector<float> any;
    for (int i = 0; i < n; ++i) {
      normal.push_back(samples.normal());
      positive.push_back(1.0f + static_cast<float>(samples.uniform()));
      any.push_back(samples.any_finite());
    }
    tiles.push_back(normal);
    tiles.push_back(positive);
    tiles.push_back(any);
    for (float& x : positive) x = -x;
    tiles.push_back(positive);
  }
  float const largest = (std::numeric_limits<float>::max)();
  tiles.push_back({0.0f, -0.0f});
  tiles.push_back({-0.0f, 0.0f, 0x1p-149f});
  tiles.push_back({2.0f, -2.0f, 2.0f});
  tiles.push_back({largest, -largest});
  tiles.push_back({5.0f, 5.0f, 5.0f});
  return tiles;
}

template <class O>
Range observed(std::span<float const> values) {
  O observer;
  observer.observe(values);
  return observer.range();
}

/// Nothing observed: the range is {0, 0}; and observing or merging nothing changes nothing.
template <class O>
Violations empty_is_neutral() {
  Violations found{std::string{O::name} + ": nothing observed"};
  auto const is_zero = [](Range range) {
    return range.min == 0.0f && range.max == 0.0f;
  };  // of either sign
  found.expect(is_zero(O{}.range()), [] { return text(O{}.range()); });
  found.expect(is_zero(observed<O>({})), [] { return text(observed<O>({})); });
  for (auto const& tile : sample_tiles()) {
    O observer;
    observer.observe(tile);
    Range const before = observer.range();
    observer.observe({});
    observer.merge(O{});
    found.expect(same(observer.range(), before),
                 [&] { return text(before) + " became " + text(observer.range()); });
    O other;
    other.merge(observer);
    found.expect(same(other.range(), before), [&] {
      return text(before) + " merged into nothing became " + text(other.range());
    });
  }
  return found;
}

/// The order of the values does not matter.
template <class O>
Violations order_free() {
  Violations found{std::string{O::name} + ": order of values"};
  Samples samples{52};
  for (auto const& tile : sample_tiles()) {
    Range const expected = observed<O>(tile);
    auto shuffled = tile;
    for (int i = 0; i < 10; ++i) {
      for (std::size_t k = shuffled.size(); k > 1; --k) {
        std::swap(shuffled[k - 1],
                  shuffled[static_cast<std::size_t>(samples.uniform() * static_cast<double>(k))]);
      }
      Range const range = observed<O>(shuffled);
      found.expect(same(range, expected),
                   [&] { return text(expected) + " shuffled is " + text(range); });
    }
    std::sort(shuffled.begin(), shuffled.end());
    found.expect(same(observed<O>(shuffled), expected),
                 [&] { return text(expected) + " sorted is " + text(observed<O>(shuffled)); });
    std::reverse(shuffled.begin(), shuffled.end());
    found.expect(same(observed<O>(shuffled), expected),
                 [&] { return text(expected) + " reversed is " + text(observed<O>(shuffled)); });
  }
  return found;
}

/// Merging is concatenation, at every place where the data can be cut, in either order and in any
/// grouping.
template <class O>
Violations merge_is_concatenation() {
  Violations found{std::string{O::name} + ": merge is concatenation"};
  for (auto const& tile : sample_tiles()) {
    std::span<float const> const all{tile};
    Range const expected = observed<O>(all);
    auto const expect = [&](O const& observer, char const* how) {
      found.expect(same(observer.range(), expected),
                   [&] { return text(expected) + " " + how + " is " + text(observer.range()); });
    };
    auto const watch = [](std::span<float const> values) {
      O observer;
      observer.observe(values);
      return observer;
    };
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
      O pieces;
      pieces.observe(all.first(cut));
      pieces.observe(all.subspan(cut));
      expect(pieces, "in two pieces");

      O left = watch(all.first(cut));
      left.merge(watch(all.subspan(cut)));
      expect(left, "left merge right");
      O right = watch(all.subspan(cut));
      right.merge(watch(all.first(cut)));
      expect(right, "right merge left");

      std::size_t const second = cut + (all.size() - cut) / 2;
      O grouped_left = watch(all.first(cut));
      grouped_left.merge(watch(all.subspan(cut, second - cut)));
      grouped_left.merge(watch(all.subspan(second)));
      expect(grouped_left, "(a b) c");
      O tail = watch(all.subspan(cut, second - cut));
      tail.merge(watch(all.subspan(second)));
      O grouped_right = watch(all.first(cut));
      grouped_right.merge(tail);
      expect(grouped_right, "a (b c)");
    }
  }
  return found;
}

/// A NaN or an infinity, wherever it stands, makes the range not finite, for this observer and for
/// every one that it is merged into; finite values never do.
template <class O>
Violations nothing_hides_nonfinite() {
  Violations found{std::string{O::name} + ": NaN and infinity"};
  for (auto const& tile : sample_tiles()) {
    found.expect(observed<O>(tile).is_finite(),
                 [&] { return "finite values give " + text(observed<O>(tile)); });
    for (std::uint32_t const bits : {0x7FC00000u, 0xFFC00000u, 0x7F800001u, 0xFF800001u,
                                     0x7FFFFFFFu, 0xFFFFFFFFu, 0x7F800000u, 0xFF800000u}) {
      for (std::size_t place = 0; place <= tile.size(); ++place) {
        auto values = tile;
        values.insert(values.begin() + static_cast<std::ptrdiff_t>(place),
                      std::bit_cast<float>(bits));
        Range const range = observed<O>(values);
        auto const where = [&] {
          return std::to_string(bits) + " at " + std::to_string(place) + " of " +
                 std::to_string(values.size()) + ": " + text(range);
        };
        found.expect(!range.is_finite(), where);
        O merged;
        merged.observe(tile);
        O bad;
        bad.observe(values);
        merged.merge(bad);
        found.expect(!merged.range().is_finite(), where);
        merged.observe(tile);
        found.expect(!merged.range().is_finite(), where);
      }
    }
  }
  return found;
}

}  // namespace qfmt::test::laws
