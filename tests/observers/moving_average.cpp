// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/observers/moving_average.hpp>

using namespace qfmt;

namespace {

template <class O>
void observe_batch(O& observer, float value) {
  observer.observe(std::array{value});
  observer.end_batch();
}

}  // namespace

TEST_CASE("moving_average: the published check of llm-compressor's minmax") {
  MovingAverage<> observer;
  float peak = 0.0f;
  for (std::array const batch :
       {std::array{1.0f, 1.0f}, {1.0f, 1.0f}, {1.0f, 127.0f}, {1.0f, 1.0f}, {1.0f, -128.0f}}) {
    observer.observe(batch);
    observer.end_batch();
    peak = std::max(peak, observer.range().max);
  }
  CHECK(peak == doctest::Approx(2.26));
  CHECK(observer.range().min == doctest::Approx(-0.29));  // 0 comes in later, with the scale
}

namespace {

/// 40 batches of 3 values, from a small generator that is easily written in any language.
template <Real T>
Range recorded_batches() {
  MovingAverage<1, 100, T> observer;
  uint64_t state = 12345;
  for (int batch = 0; batch < 40; ++batch) {
    for (int i = 0; i < 3; ++i) {
      state = (state * 1103515245 + 12345) % 0x80000000u;
      double const x = (static_cast<double>(state) * 0x1p-31 - 0.4) * (1 + batch % 7);
      observer.observe(std::array{round_to<T>(static_cast<float>(x))});
    }
    observer.end_batch();
  }
  return observer.range();
}

}  // namespace

TEST_CASE("moving_average: bit for bit (old * (1.0 - 0.01)) + (new * 0.01) of torch 2.15 tensors") {
  CHECK(recorded_batches<float>().min == -0x1.4b1b1ep-2f);
  CHECK(recorded_batches<float>().max == 0x1.49ec5ep-1f);
  CHECK(recorded_batches<Code<BF16>>().min == -0x1.4ep-2f);
  CHECK(recorded_batches<Code<BF16>>().max == 0x1.4cp-1f);
  CHECK(recorded_batches<Code<FP16>>().min == -0x1.4b4p-2f);
  CHECK(recorded_batches<Code<FP16>>().max == 0x1.4ap-1f);
}

TEST_CASE("moving_average: the first batch sets, the others pull by the averaging constant") {
  MovingAverage<1, 4> observer;
  observer.observe(std::array{-2.0f, 1.0f});
  observer.observe(std::array{4.0f});  // the same batch
  CHECK(observer.range().min == -2.0f);
  CHECK(observer.range().max == 4.0f);
  observer.end_batch();
  observer.observe(std::array{-6.0f, 8.0f});
  CHECK(observer.range().min == -3.0f);  // an open batch counts
  CHECK(observer.range().max == 5.0f);
  observer.end_batch();
  observer.end_batch();  // a batch without values does not
  CHECK(observer.range().max == 5.0f);
  MovingAverage<1, 1> last;
  for (float const value : {5.0f, -3.0f, 2.0f}) observe_batch(last, value);
  CHECK(last.range().min == 2.0f);
  CHECK(last.range().max == 2.0f);
}

TEST_CASE("moving_average: threads that share a batch, threads that follow each other") {
  MovingAverage<1, 2> a;
  MovingAverage<1, 2> b;
  a.observe(std::array{1.0f});
  b.observe(std::array{3.0f});
  a.merge(b);
  a.end_batch();
  CHECK(a.range().max == 3.0f);  // one batch
  b.end_batch();
  observe_batch(b, 7.0f);
  MovingAverage<1, 2> after = a;
  after.merge(b);
  CHECK(after.range().max == 5.0f);  // 3, 3, 7
  b.merge(a);
  CHECK(b.range().max == 4.0f);  // 3, 7, 3
}

TEST_CASE("moving_average: in BF16 a small step is lost") {
  MovingAverage<> wide;
  MovingAverage<1, 100, Code<BF16>> narrow;
  observe_batch(wide, 1.0f);
  observe_batch(narrow, 1.0f);
  for (int i = 0; i < 100; ++i) {
    observe_batch(wide, 1.25f);
    observe_batch(narrow, 1.25f);
  }
  CHECK(wide.range().max > 1.15f);
  CHECK(narrow.range().max == 1.0f);
}

TEST_CASE("moving_average: huge values stay finite, what is not finite stays seen") {
  float const largest = std::numeric_limits<float>::max();
  MovingAverage<> huge;
  for (float const sign : {1.0f, -1.0f, 1.0f, 1.0f}) observe_batch(huge, sign * largest);
  CHECK(huge.range().is_finite());
  MovingAverage<1, 100, Code<FP16>> overflowing;  // its steps are
  observe_batch(overflowing, 1e30f);
  observe_batch(overflowing, 2e30f);
  CHECK(overflowing.range().is_finite());
  MovingAverage<> observer;
  observe_batch(observer, std::numeric_limits<float>::infinity());
  for (int i = 0; i < 100; ++i) observe_batch(observer, 1.0f);
  CHECK_FALSE(observer.range().is_finite());
}
