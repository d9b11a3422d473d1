// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Vectors decode as the one decode does: every code of every format, into every type.

#include <doctest/doctest.h>
#include <string>
#include <support/bits.hpp>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

std::uint32_t bits_of_real(float x) {
  return bits_of(x);
}
template <class F>
std::uint32_t bits_of_real(Code<F> x) {
  return x.bits;
}

template <class F, class T>
std::string difference(std::vector<Code<F>> const& codes, std::vector<Code<F>> const& meant) {
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      std::vector<T> got(codes.size());
      {
        InEnvironment const in{environment};
        if (!x86::decode_codes(isa, codes.data(), static_cast<index_t>(codes.size()), got.data()))
          return "no path";
      }
      for (std::size_t i = 0; i < got.size(); ++i) {
        if (bits_of_real(got[i]) != bits_of_real(from_float<T>(decode(meant[i]))))
          return std::string{F::name} + ", " + name(isa) + ", " + environment.name + ", code " +
                 std::to_string(codes[i].bits);
      }
    }
  }
  return {};
}

/// Every code in every lane of a vector of 64.
template <class F>
std::vector<Code<F>> all_codes() {
  std::vector<Code<F>> codes;
  for (int i = 0; i < 67 << F::bits; ++i)
    codes.push_back({static_cast<std::uint8_t>((i % 67 + i / 67) & ((1 << F::bits) - 1))});
  return codes;
}

}  // namespace

TEST_CASE("vectors decode every format as the one decode does") {
  auto const check_each = []<class F>() {
    if constexpr (F::bits <= 8) {
      auto const codes = all_codes<F>();
      CHECK(difference<F, float>(codes, codes) == "");
      CHECK(difference<F, Code<BF16>>(codes, codes) == "");
      CHECK(difference<F, Code<FP16>>(codes, codes) == "");
    }
  };
  FloatFormats::for_each(check_each);
  IntegerFormats::for_each(check_each);
  CodebookFormats::for_each(check_each);
}

TEST_CASE("two codes that change places would be seen") {
  if (vector_levels().empty())
    return;
  auto codes = all_codes<E4M3>();
  auto const meant = codes;
  std::swap(codes[100], codes[101]);
  CHECK(difference<E4M3, float>(codes, meant) != "");
}
