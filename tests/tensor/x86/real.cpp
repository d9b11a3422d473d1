// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// BF16 and FP16 to binary32 and back in vectors: every code, every rounding, NaN included.

#include <cstring>
#include <doctest/doctest.h>
#include <string>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F>
std::string widening_difference(std::uint32_t wrong_code) {
  std::vector<Code<F>> codes;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits)
    codes.push_back({static_cast<std::uint16_t>(bits)});
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      std::vector<float> got(codes.size());
      {
        InEnvironment const in{environment};
        if (!x86::widen(isa, codes.data(), 0x10000, got.data()))
          return "no path";
      }
      for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        auto const expected = bit_cast<std::uint32_t>(to_float(codes[bits]));
        if (bit_cast<std::uint32_t>(got[bits]) != expected + (bits == wrong_code ? 1 : 0))
          return std::string{name(isa)} + ", " + environment.name + ", " + std::to_string(bits);
      }
    }
  }
  return {};
}

#if defined(QFMT_X86)

QFMT_BEGIN_AVX512
template <class T>
void narrow16(float const* from, T* to) {
  x86::avx512::store(to, _mm512_loadu_ps(from), 0xFFFF);
}
template <class T>
void round16(float const* from, float* to) {
  _mm512_storeu_ps(to, x86::avx512::round_number<T>(_mm512_loadu_ps(from)));
}
QFMT_END_TARGET
QFMT_BEGIN_AVX2
template <class T>
void narrow8(float const* from, T* to) {
  x86::avx2::store(to, _mm256_loadu_ps(from));
}
template <class T>
void round8(float const* from, float* to) {
  _mm256_storeu_ps(to, x86::avx2::round_number<T>(_mm256_loadu_ps(from)));
}
QFMT_END_TARGET

template <class F>
void check_narrowing() {
  using T = Code<F>;
  auto values = hard_values<F>(1 << 14);
  values.resize(values.size() / 16 * 16);
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      std::vector<T> narrow(values.size());
      std::vector<float> rounded(values.size());
      {
        InEnvironment const in{environment};
        for (std::size_t i = 0; i < values.size(); i += 16) {
          float const* const from = values.data() + i;
          if (isa == Isa::avx512) {
            narrow16(from, narrow.data() + i);
            round16<T>(from, rounded.data() + i);
            continue;
          }
          for (std::size_t k = i; k < i + 16; k += 8) {
            narrow8(values.data() + k, narrow.data() + k);
            round8<T>(values.data() + k, rounded.data() + k);
          }
        }
      }
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        wrong += narrow[i] != from_float<T>(values[i]);
        wrong += !is_nan(values[i]) && bit_cast<std::uint32_t>(rounded[i]) !=
                                           bit_cast<std::uint32_t>(round_to<T>(values[i]));
      }
      CHECK_MESSAGE(wrong == 0, F::name, std::string{name(isa)}, environment.name);
    }
  }
}

#endif

}  // namespace

TEST_CASE("vectors widen every BF16 and FP16 code") {
  CHECK(widening_difference<BF16>(0x10000) == "");
  CHECK(widening_difference<FP16>(0x10000) == "");
  if (!vector_levels().empty())
    CHECK(widening_difference<FP16>(0x8001) != "");  // one wrong bit would be seen
}

#if defined(QFMT_X86)
TEST_CASE("vectors round to BF16 and FP16") {
  check_narrowing<BF16>();
  check_narrowing<FP16>();
}
#endif
