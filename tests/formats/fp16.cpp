// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>
#include <support/environment.hpp>

#include <qfmt/formats/fp16.hpp>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace qfmt;

TEST_CASE("FP16: codes and their values") {
  static_assert(FP16::bits == 16 && FP16::bias == 15);
  CHECK(std::string_view{FP16::name} == "FP16");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x0000, 0.0f},
      {0x0001, 0x1p-24f},
      {0x03FF, 0x3ffp-24f},
      {0x0400, 0x1p-14f},
      {0x3555, 0.333251953125f},
      {0x3800, 0.5f},
      {0x3C00, 1.0f},
      {0x3E00, 1.5f},
      {0x4600, 6.0f},
      {0x7BFF, 65504.0f},
      {0x8000, -0.0f},
      {0xFBFF, -65504.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<FP16>(row.code))) == test::bits_of(row.value));
    CHECK(encode<FP16>(row.value).bits == row.code);
  }
  CHECK(min_value<FP16>() == -max_value<FP16>());
}

TEST_CASE("FP16: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0x1p-25f, 0x0000, 0x0000},  // tie
      {65519.0f, 0x7BFF, 0x7BFF},  // below the overflow midpoint
      {65520.0f, 0x7BFF, 0x7C00},  // overflow midpoint
      {-1e9f, 0xFBFF, 0xFC00},     // overflow
  };
  for (auto const& row : rows) {
    CHECK(encode<FP16>(row.x).bits == row.saturated);
    CHECK(encode<FP16, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("FP16: codes that are no numbers") {
  static_assert(FP16::has_nan && FP16::has_infinity);
  for (std::uint16_t const code :
       {std::uint16_t{0x7C01}, std::uint16_t{0x7E00}, std::uint16_t{0x7FFF}, std::uint16_t{0xFE00}})
    CHECK(is_nan(decode(test::code<FP16>(code))));
  CHECK(decode(test::code<FP16>(0x7C00)) == std::numeric_limits<float>::infinity());
  CHECK(decode(test::code<FP16>(0xFC00)) == -std::numeric_limits<float>::infinity());
}

#if defined(__x86_64__)
namespace {

// The processor's own conversion, a second oracle: for one in 1021 of all floats, how often it
// disagrees.
template <class R, int Mode>
__attribute__((target("f16c"))) int disagreements() {
  int count = 0;
  for (std::uint64_t pattern = 0; pattern < std::uint64_t{1} << 32; pattern += 1021) {
    float const x = test::float_of(static_cast<std::uint32_t>(pattern));
    if (is_nan(x))
      continue;
    __m128i const half = _mm_cvtps_ph(_mm_set_ss(x), Mode);
    auto const expected = static_cast<unsigned>(_mm_cvtsi128_si32(half)) & 0xFFFF;
    count += encode<FP16, R, ToSpecial>(x).bits != expected ? 1 : 0;
    count +=
        is_finite(x) && decode(encode<FP16, R, ToSpecial>(x)) != _mm_cvtss_f32(_mm_cvtph_ps(half))
            ? 1
            : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("FP16: the processor's conversion agrees") {
  if (!__builtin_cpu_supports("avx2"))
    return test::skip("this processor may not convert to FP16");
  CHECK(disagreements<NearestEven, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC>() == 0);
  CHECK(disagreements<TowardZero, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC>() == 0);
  CHECK(disagreements<Up, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC>() == 0);
  CHECK(disagreements<Down, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC>() == 0);
  CHECK(disagreements<NearestAway, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC>() >
        0);  // negative control
}
#endif
