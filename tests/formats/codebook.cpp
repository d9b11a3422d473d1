// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

// Codes in no order, a value that two codes share, and two codes that are only decoded.
struct Shuffled : Codebook<Codebook16{{3.0f, -7.0f, 0.25f, 0.0f, 11.0f, 1.0f, -0.5f, 2.0f, -3.0f,
                                       100.0f, 5.0f, 4.0f, -1.0f, 8.0f, 6.0f, 0.0f},
                                      1u << 9 | 1u << 15}> {
  static constexpr char const* name = "Shuffled";
};
static_assert(CodebookFormat<Shuffled>);

// Of two codes with the same value the first is reserved, and the largest value is too.
struct ReservedFirst : Codebook<Codebook16{{1.0f, 2.0f, 0.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, -1.0f,
                                            -2.0f, -3.0f, -4.0f, -5.0f, -6.0f, 0.0f, 64.0f},
                                           1u << 2 | 1u << 15}> {
  static constexpr char const* name = "ReservedFirst";
};

// The last code has the smallest value.
struct Descending : Codebook<Codebook16{{8.0f, 7.0f, 6.0f, 5.0f, 4.0f, 3.0f, 2.0f, 1.0f, 0.0f,
                                         -1.0f, -2.0f, -3.0f, -4.0f, -5.0f, -6.0f, -7.0f}}> {
  static constexpr char const* name = "Descending";
};

// The first code is reserved, and the largest value needs every bit of its fraction.
struct ReservedZero : Codebook<Codebook16{{0.0f, -7.0f, -6.0f, -5.0f, -4.0f, -3.0f, -2.0f, -1.0f,
                                           1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 0x1.000002p3f},
                                          1u << 0}> {
  static constexpr char const* name = "ReservedZero";
};

/// The nearest producible entry by looking at all of them; of two that are equally far, the
/// smaller.
template <class F>
unsigned nearest(float x, unsigned reserved) {
  unsigned best = 16;
  for (unsigned code = 0; code < 16; ++code) {
    if ((reserved >> code & 1) != 0)
      continue;
    double const value = static_cast<double>(F::value(static_cast<int>(code)));
    double const exact =
        std::clamp(static_cast<double>(x), -1000.0, 1000.0);  // so that distances are exact enough
    double const distance = std::fabs(value - exact);
    double const best_value =
        best == 16 ? 0.0 : static_cast<double>(F::value(static_cast<int>(best)));
    if (best == 16 || distance < std::fabs(best_value - exact) ||
        (distance == std::fabs(best_value - exact) && value < best_value))
      best = code;
  }
  return best;
}

template <class F>
int disagreements(unsigned reserved) {
  int wrong = 0;
  test::Samples samples{5};
  for (int i = 0; i < 20000; ++i) {
    float const x = i % 2 == 0 ? samples.normal() * decode(Code<F>{4}) : samples.any_finite();
    wrong += encode<F>(x).bits != nearest<F>(x, reserved) ? 1 : 0;
  }
  for (unsigned code = 0; code < 16; ++code) {
    float const value = F::value(static_cast<int>(code));
    for (float const x :
         {value, std::nextafter(value, 1e9f), std::nextafter(value, -1e9f), value / 2})
      wrong += encode<F>(x).bits != nearest<F>(x, reserved) ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("codebook: encode is the nearest entry, whatever the order of the codes") {
  CHECK(disagreements<NF4>(0) == 0);
  CHECK(disagreements<S1M3>(1u << 15) == 0);
  CHECK(disagreements<Shuffled>(1u << 9 | 1u << 15) == 0);
  CHECK(disagreements<Shuffled>(1u << 9) == 0);  // 15 is a second zero: the first is produced
  CHECK(disagreements<ReservedFirst>(1u << 2 | 1u << 15) == 0);
  CHECK(disagreements<Shuffled>(0) > 0);  // negative control: 100 is not produced
}

TEST_CASE("codebook: derived facts") {
  static_assert(ReservedFirst::levels == 14 && ReservedFirst::code_of_rank(6) == 14 &&
                max_value<ReservedFirst>() == 7.0f);
  static_assert(Descending::code_of_rank(0) == 15 && Descending::code_of_rank(15) == 0);
  static_assert(Shuffled::levels == 14 && NF4::levels == 16 && S1M3::levels == 15);
  static_assert(Shuffled::code_of_rank(0) == 1 && Shuffled::code_of_rank(13) == 4);
  static_assert(max_value<Shuffled>() == 11.0f && min_value<Shuffled>() == -7.0f);
  static_assert(ReservedZero::levels == 15 && ReservedZero::max_fraction == 1);
  static_assert(S1M3::max_exponent == 2 && S1M3::max_fraction == 0x400000);
  static_assert(!Shuffled::has_nan && !Shuffled::has_infinity && Shuffled::bits == 4);
  CHECK(Shuffled::border(0) == -5.0f);
}

TEST_CASE("codebook: a border is the last number of its rank") {
  int rounded_up = 0;  // midpoints that the nearest binary32 number lies above
  for (int rank = 0; rank < 15; ++rank) {
    double const low = static_cast<double>(NF4::value(NF4::code_of_rank(rank)));
    double const high = static_cast<double>(NF4::value(NF4::code_of_rank(rank + 1)));
    double const midpoint = (low + high) / 2.0;
    float const border = NF4::border(rank);
    CHECK(static_cast<double>(border) <= midpoint);
    CHECK(static_cast<double>(std::nextafter(border, 2.0f)) > midpoint);
    rounded_up += static_cast<double>(static_cast<float>(midpoint)) > midpoint ? 1 : 0;
  }
  CHECK(rounded_up > 0);
}

TEST_CASE("codebook: NaN of either sign gives the largest value") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  for (float const x : {nan, -nan}) {
    CHECK(encode<NF4>(x).bits == 15);
    CHECK(encode<S1M3>(x).bits == 6);
    CHECK(encode<Descending>(x).bits == 0);
  }
}

TEST_CASE("codebook: every code decodes, also those that are never produced") {
  CHECK(decode(Code<Shuffled>{9}) == 100.0f);
  CHECK(decode(Code<Shuffled>{15}) == 0.0f);
  for (unsigned code = 0; code < 16; ++code)
    CHECK(decode(test::code<Shuffled>(code)) == Shuffled::value(static_cast<int>(code)));
}
