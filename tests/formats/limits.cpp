// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <string>

#include <qfmt/formats/all.hpp>
#include <qfmt/formats/limits.hpp>

using namespace qfmt;

namespace {

struct Row {
  int digits, digits10, max_digits10, min_exponent, min_exponent10, max_exponent, max_exponent10;
  float epsilon;
  unsigned half;  // the code of 0.5
};

template <class F>
void check(Row const& row) {
  using Limits = std::numeric_limits<Code<F>>;
  INFO(std::string{F::name});
  CHECK(Limits::digits == row.digits);
  CHECK(Limits::digits10 == row.digits10);
  CHECK(Limits::max_digits10 == row.max_digits10);
  CHECK(Limits::min_exponent == row.min_exponent);
  CHECK(Limits::min_exponent10 == row.min_exponent10);
  CHECK(Limits::max_exponent == row.max_exponent);
  CHECK(Limits::max_exponent10 == row.max_exponent10);
  CHECK(decode(Limits::epsilon()) == row.epsilon);
  CHECK(Limits::round_error().bits == row.half);
}

}  // namespace

TEST_CASE("numeric_limits: the numbers of the formats") {
  check<E2M1>({2, 0, 2, 1, 0, 3, 0, 0.5f, 0x1});
  check<E2M3>({4, 0, 3, 1, 0, 3, 0, 0.125f, 0x04});
  check<E3M2>({3, 0, 2, -1, 0, 5, 1, 0.25f, 0x08});
  check<E4M3>({4, 0, 3, -5, -1, 9, 2, 0.125f, 0x30});
  check<E5M2>({3, 0, 2, -13, -4, 16, 4, 0.25f, 0x38});
  check<E4M3FNUZ>({4, 0, 3, -6, -2, 8, 2, 0.125f, 0x38});
  check<E5M2FNUZ>({3, 0, 2, -14, -4, 16, 4, 0.25f, 0x3C});
  check<E4M3B11FNUZ>({4, 0, 3, -9, -3, 5, 1, 0.125f, 0x50});
  check<FP16>({11, 3, 5, -13, -4, 16, 4, 0x1p-10f, 0x3800});
  check<BF16>({8, 2, 4, -125, -37, 128, 38, 0x1p-7f, 0x3F00});
}

namespace {

/// What the standard says of the members, from the values of the codes alone.
struct Definitions {
  template <class F>
  void operator()() const {
    using Limits = std::numeric_limits<Code<F>>;
    INFO(std::string{F::name});
    static_assert(Limits::is_specialized && Limits::is_bounded && !Limits::is_integer &&
                  !Limits::is_exact && Limits::radix == 2);
    static_assert(!Limits::is_modulo && !Limits::is_iec559 && !Limits::has_signaling_NaN &&
                  !Limits::traps && !Limits::tinyness_before && Limits::is_signed == F::is_signed &&
                  Limits::round_style == std::round_to_nearest);
    CHECK(decode(Limits::max()) == max_value<F>());
    CHECK(decode(Limits::lowest()) == min_value<F>());
    CHECK(std::ldexp(1.0f, Limits::min_exponent - 1) == decode(Limits::min()));
    CHECK(decode(Limits::max()) < std::ldexp(1.0, Limits::max_exponent));
    CHECK(static_cast<double>(decode(Limits::max())) >= std::ldexp(1.0, Limits::max_exponent - 1));
    CHECK(std::pow(10.0, Limits::min_exponent10) >= static_cast<double>(decode(Limits::min())));
    CHECK(std::pow(10.0, Limits::min_exponent10 - 1) < static_cast<double>(decode(Limits::min())));
    CHECK(Limits::has_infinity == std::isinf(decode(Limits::infinity())));
    CHECK(Limits::has_quiet_NaN == is_nan(decode(Limits::quiet_NaN())));
    CHECK(Limits::signaling_NaN() == Limits::quiet_NaN());
    if (!Limits::has_infinity)
      CHECK(Limits::infinity() == Limits::max());
    if (!Limits::has_quiet_NaN)
      CHECK(Limits::quiet_NaN() == Limits::max());
    if constexpr (F::has_zero) {  // half of the smallest value rounds to zero, anything above half
                                  // does not
      double const half = static_cast<double>(decode(Limits::denorm_min())) / 2;
      CHECK(decode(encode<F>(half)) == 0.0f);
      CHECK(encode<F>(half * 1.0000002) == Limits::denorm_min());
    }
    // The smallest positive value and the step above 1, by looking at all codes.
    float smallest = decode(Limits::max());
    float above_one = decode(Limits::max());
    for (std::uint32_t bits = 0; bits < (1u << F::bits); ++bits) {
      float const value = decode(Code<F>{static_cast<typename F::storage_type>(bits)});
      if (is_nan(value))
        continue;
      if (value > 0.0f && value < smallest)
        smallest = value;
      if (value > 1.0f && value < above_one)
        above_one = value;
    }
    CHECK(decode(Limits::denorm_min()) == smallest);
    CHECK((Limits::has_denorm == std::denorm_present) == (smallest < decode(Limits::min())));
    static_assert(!Limits::has_denorm_loss);
    CHECK(decode(Limits::epsilon()) == above_one - 1.0f);
  }
};

}  // namespace

TEST_CASE("numeric_limits: what the members mean, for every float format") {
  FloatFormats::for_each(Definitions{});
  ScaleOnlyFormats::for_each(Definitions{});
}

namespace {
// With these biases a slightly wrong logarithm gives another power of ten.
struct Bias94 : Minifloat<FloatSpec{.exponent_bits = 7, .mantissa_bits = 1, .bias_override = 94}> {
  static constexpr char const* name = "Bias94";
};
struct Bias104
    : Minifloat<FloatSpec{.exponent_bits = 7, .mantissa_bits = 1, .bias_override = 104}> {
  static constexpr char const* name = "Bias104";
};
}  // namespace

TEST_CASE("numeric_limits: the logarithm is exact") {
  static_assert(std::numeric_limits<Code<Bias94>>::min_exponent10 == -27);   // 2^-93 = 1.01e-28
  static_assert(std::numeric_limits<Code<Bias104>>::min_exponent10 == -31);  // 2^-103 = 9.9e-32
  Definitions{}.operator()<Bias94>();
  Definitions{}.operator()<Bias104>();
}

TEST_CASE("numeric_limits: codes of other families have none") {
  static_assert(!std::numeric_limits<Code<INT8>>::is_specialized);
  static_assert(!std::numeric_limits<Code<NF4>>::is_specialized);
  CHECK(std::numeric_limits<Code<E4M3>>::is_specialized);
}
