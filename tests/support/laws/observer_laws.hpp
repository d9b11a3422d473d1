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

/// Values in batches: a batch ends where `ends` says so, and the last one is open.
struct Stream {
  std::vector<std::vector<float>> pieces;
  std::vector<bool> ends;  // whether a batch ends after the piece
};

/// Streams of a few pieces of different data, with batches that end everywhere, nowhere, at the
/// first and at the last place, and batches without values.
inline std::vector<Stream> sample_streams() {
  std::vector<Stream> streams;
  Samples samples{53};
  for (int kind = 0; kind < 40; ++kind) {
    Stream stream;
    int const pieces = samples.integer(1, 6);
    for (int i = 0; i < pieces; ++i) {
      std::vector<float> piece;
      int const n = samples.integer(0, 5);
      float const size = static_cast<float>(1 << samples.integer(0, 6));
      for (int k = 0; k < n; ++k) piece.push_back(size * (samples.normal() + 0.5f));
      stream.pieces.push_back(piece);
      stream.ends.push_back(samples.integer(0, 1) == 1);
    }
    streams.push_back(stream);
  }
  return streams;
}

/// What an observer has seen after the pieces [begin, end) of a stream.
template <class O>
O watched(Stream const& stream, std::size_t begin, std::size_t end) {
  O observer;
  for (std::size_t i = begin; i < end; ++i) {
    observer.observe(stream.pieces[i]);
    if constexpr (BatchObserver<O>) {
      if (stream.ends[i])
        observer.end_batch();
    }
  }
  return observer;
}

/// Merging is concatenation of batches too, in any grouping, wherever the stream is cut; and an
/// observer may be merged into itself.
template <class O>
Violations batches_concatenate() {
  Violations found{std::string{O::name} + ": merge concatenates batches"};
  for (Stream const& stream : sample_streams()) {
    std::size_t const n = stream.pieces.size();
    Range const expected = watched<O>(stream, 0, n).range();
    auto const expect = [&](O const& observer, char const* how) {
      found.expect(same(observer.range(), expected),
                   [&] { return text(expected) + " " + how + " is " + text(observer.range()); });
    };
    for (std::size_t a = 0; a <= n; ++a) {
      for (std::size_t b = a; b <= n; ++b) {
        O left = watched<O>(stream, 0, a);
        left.merge(watched<O>(stream, a, b));
        left.merge(watched<O>(stream, b, n));
        expect(left, "(a b) c");
        O tail = watched<O>(stream, a, b);
        tail.merge(watched<O>(stream, b, n));
        O right = watched<O>(stream, 0, a);
        right.merge(tail);
        expect(right, "a (b c)");
      }
    }
    O twice = watched<O>(stream, 0, n);
    O once = twice;
    twice.merge(O{once});
    once.merge(once);
    found.expect(same(once.range(), twice.range()),
                 [&] { return "merged into itself is " + text(once.range()); });
  }
  return found;
}

/// For an observer that is order-free: pieces may be seen in any order, by any number of observers
/// that are merged in any order.
template <class O>
Violations pieces_in_any_order() {
  Violations found{std::string{O::name} + ": order of pieces"};
  Samples samples{54};
  for (Stream const& stream : sample_streams()) {
    Range const expected = watched<O>(stream, 0, stream.pieces.size()).range();
    for (int i = 0; i < 10; ++i) {
      auto pieces = stream.pieces;
      for (std::size_t k = pieces.size(); k > 1; --k)
        std::swap(pieces[k - 1],
                  pieces[static_cast<std::size_t>(samples.integer(0, static_cast<int>(k) - 1))]);
      O workers[3];
      for (auto const& piece : pieces) workers[samples.integer(0, 2)].observe(piece);
      workers[2].merge(workers[0]);
      workers[2].merge(workers[1]);
      found.expect(same(workers[2].range(), expected), [&] {
        return text(expected) + " in another order is " + text(workers[2].range());
      });
    }
  }
  return found;
}

/// An observer that asks for batches needs them: somewhere their order and their ends show.
template <class O>
Violations batches_matter() {
  Violations found{std::string{O::name} + ": batches matter"};
  bool order = false;
  bool ends = false;
  for (Stream const& stream : sample_streams()) {
    std::size_t const n = stream.pieces.size();
    Range const range = watched<O>(stream, 0, n).range();
    Stream changed = stream;
    changed.ends.assign(n, true);
    Range const in_order = watched<O>(changed, 0, n).range();
    std::reverse(changed.pieces.begin(), changed.pieces.end());
    order = order || !same(watched<O>(changed, 0, n).range(), in_order);
    changed = stream;
    changed.ends.flip();
    ends = ends || !same(watched<O>(changed, 0, n).range(), range);
  }
  found.expect(order, [] { return "no order of batches changes the range"; });
  found.expect(ends, [] { return "no end of a batch changes the range"; });
  return found;
}

}  // namespace qfmt::test::laws
