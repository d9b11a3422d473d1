// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/formats/limits.hpp>

using namespace qfmt;

namespace {

template <FloatFormat F>
void check(int digits, int digits10, int max_digits10, int min_exponent, int min_exponent10, int max_exponent,
           int max_exponent10, float epsilon, uint32_t round_error) {
  using L = std::numeric_limits<Code<F>>;
  CAPTURE(F::name);
  CHECK(L::digits == digits);
  CHECK(L::digits10 == digits10);
  CHECK(L::max_digits10 == max_digits10);
  CHECK(L::min_exponent == min_exponent);
  CHECK(L::min_exponent10 == min_exponent10);
  CHECK(L::max_exponent == max_exponent);
  CHECK(L::max_exponent10 == max_exponent10);
  CHECK(decode(L::epsilon()) == epsilon);
  CHECK(L::round_error().bits == round_error);
}

}  // namespace

TEST_CASE("values typed from the formula of <limits>, not derived") {
  check<E2M1>(2, 0, 2, 1, 0, 3, 0, 0.5f, 0x1);
  check<E2M3>(4, 0, 3, 1, 0, 3, 0, 0.125f, 0x04);
  check<E3M2>(3, 0, 2, -1, 0, 5, 1, 0.25f, 0x08);
  check<E4M3>(4, 0, 3, -5, -1, 9, 2, 0.125f, 0x30);
  check<E5M2>(3, 0, 2, -13, -4, 16, 4, 0.25f, 0x38);
  check<E4M3FNUZ>(4, 0, 3, -6, -2, 8, 2, 0.125f, 0x38);
  check<E5M2FNUZ>(3, 0, 2, -14, -4, 16, 4, 0.25f, 0x3C);
  check<E4M3B11FNUZ>(4, 0, 3, -9, -3, 5, 1, 0.125f, 0x50);
  check<BF16>(8, 2, 4, -125, -37, 128, 38, 0x1p-7f, 0x3F00);
  check<FP16>(11, 3, 5, -13, -4, 16, 4, 0x1p-10f, 0x3800);
}

TEST_CASE("extreme codes decode to extreme values") {
  FloatFormats::for_each([]<class F>() {
    using L = std::numeric_limits<Code<F>>;
    CAPTURE(F::name);
    CHECK(decode(L::max()) == max_value<F>());
    CHECK(decode(L::lowest()) == min_value<F>());
    CHECK(decode(L::denorm_min()) > 0.0f);
    CHECK(decode(L::denorm_min()) <= decode(L::min()));
    // Half of the smallest rounds to zero, anything above half does not.
    CHECK(decode(encode<F>(static_cast<double>(decode(L::denorm_min())) * 0.5)) == 0.0f);
    CHECK(encode<F>(static_cast<double>(decode(L::denorm_min())) * 0.5000001).bits == L::denorm_min().bits);
    CHECK(decode(encode<F>(1.0f + decode(L::epsilon()))) == 1.0f + decode(L::epsilon()));
    if (L::has_quiet_NaN) CHECK(is_nan(decode(L::quiet_NaN())));
    if (L::has_infinity) CHECK((!is_nan(decode(L::infinity())) && !is_finite(decode(L::infinity()))));
    if (!L::has_infinity) CHECK(L::infinity() == L::max());
  });
}
