// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/histogram.hpp>

namespace qfmt {

/// The smallest threshold that holds Numerator / Denominator of all magnitudes, zeros among them:
/// the magnitude at place ceil(count * Numerator / Denominator) of the sorted ones (nearest rank),
/// rounded up to the edge of its bin.
template <int Numerator, int Denominator>
requires(0 < Numerator && Numerator <= Denominator) struct PercentileChoice {
  static constexpr char const* name = "percentile";

  [[nodiscard]] static float threshold(Histogram const& histogram) {
    constexpr auto n = static_cast<uint64_t>(Numerator);
    constexpr auto d = static_cast<uint64_t>(Denominator);
    uint64_t const count = histogram.zeros() + histogram.nonzeros();
    // count * n / d, rounded up, without the product that might not fit
    uint64_t const place = count / d * n + (count % d * n + d - 1) / d;
    uint64_t held = histogram.zeros();
    float threshold = 0.0f;
    histogram.for_each_bin([&](uint32_t key, uint64_t in_bin) {
      if (held < place)
        threshold = Histogram::edge(key);
      held += in_bin;
    });
    return threshold;
  }
};

/// The range that holds this share of the magnitudes; 99.99 % is what calibrators of INT8 engines
/// use. Exact for tensors of BF16 and FP16; else too large by at most 2^-10 of itself, never
/// too small. Percentile<1, 1> is the range of all.
///
/// Where that share is zero, so is the range, and the scale that of a tile of zeros.
template <int Numerator = 9999, int Denominator = 10000>
using Percentile = HistogramObserver<PercentileChoice<Numerator, Denominator>>;

static_assert(OrderFreeObserver<Percentile<>>);

}  // namespace qfmt
