// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <qfmt/observers/min_max.hpp>

namespace qfmt {

/// How many of the finite values of a tile have which magnitude. A bin is addressed by the
/// magnitude's own bits: its exponent and the first 10 bits of its mantissa, rounded up,
///
///     key   eeeeeeee mmmmmmmmmm          bin `key` holds edge(key - 1) < |x| <= edge(key)
///
/// so no range has to be known in advance and no bin is ever divided again: merging adds integers.
/// A bin is narrower than 2^-10 of its values (subnormal numbers: 2^-136 wide). The values of BF16
/// and FP16 tensors are edges themselves: for them nothing is rounded. Key 0 is zero. 8 KiB for
/// each power of two that occurs.
class Histogram {
 public:
  static constexpr int mantissa_bits = 10;

  [[nodiscard]] static constexpr uint32_t key(float x) noexcept {
    return (magnitude_bits(x) + (1u << dropped_bits) - 1) >> dropped_bits;
  }

  /// The largest magnitude of a bin. The last bin ends at the largest finite number.
  [[nodiscard]] static constexpr float edge(uint32_t key) noexcept {
    constexpr uint32_t largest = magnitude_bits((std::numeric_limits<float>::max)());
    return bit_cast<float>((std::min)(key << dropped_bits, largest));
  }

  /// Calls visit(key, count) for every bin that is not empty and not zero's, magnitudes ascending.
  template <class Visitor>
  void for_each_bin(Visitor&& visit) const {
    for (uint32_t octave = 0; octave < octaves_.size(); ++octave) {
      if (octaves_[octave] == 0)
        continue;
      uint64_t const* const counts = counts_.data() + (octaves_[octave] - 1) * octave_size;
      for (uint32_t i = 0; i < octave_size; ++i) {
        if (counts[i] != 0)
          visit(octave * octave_size + i, counts[i]);
      }
    }
  }

  [[nodiscard]] uint64_t zeros() const noexcept { return zeros_; }
  /// Values that are finite and not zero.
  [[nodiscard]] uint64_t nonzeros() const noexcept { return nonzeros_; }
  /// The smallest and the largest value of all, NaN and infinity included.
  [[nodiscard]] Range extremes() const noexcept { return extremes_.range(); }

  void observe(std::span<float const> values) {
    extremes_.observe(values);
    for (float const x : values) {
      if (!is_finite(x))
        continue;
      if (magnitude_bits(x) == 0) {
        ++zeros_;
      } else {
        add(key(x), 1);
      }
    }
  }

  void merge(Histogram const& other) {
    extremes_.merge(other.extremes_);
    zeros_ += other.zeros_;
    other.for_each_bin([this](uint32_t key, uint64_t count) { add(key, count); });
  }

 private:
  static constexpr int dropped_bits = 23 - mantissa_bits;
  static constexpr uint32_t octave_size = 1u << mantissa_bits;

  void add(uint32_t key, uint64_t count) {
    uint16_t& octave = octaves_[key / octave_size];
    if (octave == 0) {
      counts_.resize(counts_.size() + octave_size);
      octave = static_cast<uint16_t>(counts_.size() / octave_size);
    }
    counts_[(octave - 1) * octave_size + key % octave_size] += count;
    nonzeros_ += count;
  }

  MinMax extremes_;
  std::array<uint16_t, 256>
      octaves_{};  // where an exponent's bins are in counts_, from 1; 0: nowhere
  std::vector<uint64_t> counts_;
  uint64_t zeros_ = 0;
  uint64_t nonzeros_ = 0;
};

/// How a range is chosen from a histogram: Choice::threshold(histogram) is the largest magnitude
/// that the range should hold, the edge of a bin that is not empty. Asked only when all values are
/// finite and one is not zero.
template <class C>
concept RangeChoice = requires(Histogram const& histogram) {
  { C::threshold(histogram) } -> std::same_as<float>;
  { C::name } -> std::convertible_to<char const*>;
};

/// Counts all values; the range is what Choice makes of the counts, within the values' own extremes:
///
///     [max(min x, -threshold), min(max x, threshold)]
///
/// A function of integers that do not depend on any order.
template <RangeChoice Choice>
class HistogramObserver {
 public:
  static constexpr char const* name = Choice::name;

  void observe(std::span<float const> values) { histogram_.observe(values); }
  void merge(HistogramObserver const& other) { histogram_.merge(other.histogram_); }

  [[nodiscard]] Range range() const {
    Range const all = histogram_.extremes();
    if (!all.is_finite() || histogram_.nonzeros() == 0)
      return all;
    float const threshold = Choice::threshold(histogram_);
    return {(std::max)(all.min, -threshold), (std::min)(all.max, threshold)};
  }

  [[nodiscard]] Histogram const& histogram() const noexcept { return histogram_; }

 private:
  Histogram histogram_;
};

static_assert(Histogram::edge(Histogram::key(-1.0f)) == 1.0f);
static_assert(Histogram::key(0x1.0001p0f) == Histogram::key(1.0f) + 1);

}  // namespace qfmt
