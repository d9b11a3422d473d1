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

// Neighbours so far apart that no number has their midpoint.
struct FarApart : Codebook<Codebook16{{-0x1p60f, -0x1.8p30f, -0x1p-60f, 0.0f, 0x1p-140f, 0x1p-100f,
                                       0x1p-60f, 0x1p-20f, 1.0f, 0x1.000002p0f, 0x1p40f, 0x1p60f,
                                       0x1p80f, 0x1p100f, 0x1p120f, 0x1.fffffep127f}}> {
  static constexpr char const* name = "FarApart";
};

// The smaller of the first two is the lower one, and their sum is rounded up.
struct AcrossZero : Codebook<Codebook16{{-0x1p-60f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f,
                                         9.0f, 10.0f, 11.0f, 12.0f, 13.0f, 14.0f, 15.0f}}> {
  static constexpr char const* name = "AcrossZero";
};

/// The nearest producible entry by looking at all of them; of two that are equally far, the
/// smaller.
template <class F>
unsigned nearest(double x, unsigned reserved) {
  unsigned best = 16;
  for (unsigned code = 0; code < 16; ++code) {
    if ((reserved >> code & 1) != 0)
      continue;
    double const value = static_cast<double>(F::value(static_cast<int>(code)));
    double const exact = std::clamp(x, -1000.0, 1000.0);  // so that distances are exact enough
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
    wrong += encode<F>(x).bits != nearest<F>(static_cast<double>(x), reserved) ? 1 : 0;
    wrong += encode<F>(static_cast<double>(x)).bits != encode<F>(x).bits ? 1 : 0;
  }
  for (unsigned code = 0; code < 16; ++code) {
    float const value = F::value(static_cast<int>(code));
    for (float const x :
         {value, std::nextafter(value, 1e9f), std::nextafter(value, -1e9f), value / 2})
      wrong += encode<F>(x).bits != nearest<F>(static_cast<double>(x), reserved) ? 1 : 0;
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

TEST_CASE_TEMPLATE("codebook: doubles are rounded once", F, NF4, S1M3, Shuffled) {
  int narrowed = 0;  // doubles whose nearest binary32 number has another code
  for (int rank = 0; rank + 1 < F::levels; ++rank) {
    unsigned const low = static_cast<unsigned>(F::code_of_rank(rank));
    unsigned const high = static_cast<unsigned>(F::code_of_rank(rank + 1));
    double const midpoint = (static_cast<double>(F::value(F::code_of_rank(rank))) +
                             static_cast<double>(F::value(F::code_of_rank(rank + 1)))) /
                            2.0;  // exact: two numbers of 24 bits and of similar size
    double const above = std::nextafter(midpoint, 1e9);
    CHECK(F::template border<double>(rank) == midpoint);
    CHECK(encode<F>(midpoint).bits == low);
    CHECK(encode<F>(above).bits == high);
    CHECK(encode<F>(std::nextafter(midpoint, -1e9)).bits == low);
    narrowed += encode<F>(static_cast<float>(above)).bits != high ? 1 : 0;
  }
  CHECK(narrowed > 0);
  CHECK(encode<F>(1e300).bits == encode<F>(1000.0f).bits);
  CHECK(encode<F>(-std::numeric_limits<double>::infinity()).bits == encode<F>(-1000.0f).bits);
}

TEST_CASE("codebook: the border of values far apart is not beyond their midpoint") {
  // The midpoint of 2^60 and 2^80 is 2^79 + 2^59; that of -2^-60 and 0 is exact.
  auto const rank_of = [](float value) {
    int rank = 0;
    while (FarApart::value(FarApart::code_of_rank(rank)) != value) ++rank;
    return rank;
  };
  static_assert(FarApart::border<double>(11) == 0x1p79 + 0x1p59);
  static_assert(FarApart::border(11) == 0x1.00001p79f);
  CHECK(FarApart::border(rank_of(-0x1p-60f)) == -0x1p-61f);
  CHECK(FarApart::border<double>(rank_of(0.0f)) == 0x1p-141);
  // 2^39 + 0.5 + 2^-24 and 2^119 + 2^99: the first is exact in binary64, the second in both.
  CHECK(FarApart::border<double>(rank_of(0x1.000002p0f)) == 0x1p39 + 0.5 + 0x1p-24);
  CHECK(FarApart::border(rank_of(0x1.000002p0f)) == 0x1p39f);
  CHECK(FarApart::border(rank_of(0x1p100f)) == 0x1.00001p119f);
  // -2^59 - 1.5 * 2^29; -1.5 * 2^29 - 2^-61, just below a number that both types have.
  CHECK(FarApart::border<double>(0) == -0x1p59 - 0x1.8p29);
  CHECK(FarApart::border(0) == std::nextafter(-0x1p59f, -0x1p60f));
  CHECK(FarApart::border<double>(1) == std::nextafter(-0x1.8p29, -0x1p60));
  CHECK(FarApart::border(1) == std::nextafter(-0x1.8p29f, -0x1p60f));
  // 2^-141 + 2^-101, and 2^-61 + 2^-101: above a number, so that number is the border.
  CHECK(FarApart::border<double>(rank_of(0x1p-140f)) == 0x1p-101 + 0x1p-141);
  CHECK(FarApart::border(rank_of(0x1p-100f)) == 0x1p-61f);
  CHECK(FarApart::border(14) == 0x1.00fffep127f);
  // 0.5 - 2^-61.
  CHECK(AcrossZero::border<double>(0) == std::nextafter(0.5, 0.0));
  CHECK(AcrossZero::border(0) == std::nextafter(0.5f, 0.0f));
  CHECK((encode<AcrossZero>(0.5).bits == 1 && encode<AcrossZero>(0.5f).bits == 1));
}

TEST_CASE_TEMPLATE("codebook: NaN of either sign gives the largest value", T, float, double) {
  T const nan = std::numeric_limits<T>::quiet_NaN();
  for (T const x : {nan, -nan}) {
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
