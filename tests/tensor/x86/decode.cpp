// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Vectors decode as the one decode does: every code of every format, into every type.

#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// decode for one format and one type of values, forgotten: codes and values are bytes.
struct Decoder {
  std::string name;
  int bits;
  std::size_t value_bytes;
  bool (*vectors)(Isa isa, std::uint8_t const* codes, index_t count, std::uint8_t* values);
  void (*portable)(std::uint8_t code, std::uint8_t* value);
};

template <class F, class T>
Decoder decoder() {
  return {F::name, F::bits, sizeof(T),
          [](Isa isa, std::uint8_t const* codes, index_t count, std::uint8_t* values) {
            return x86::decode_codes(isa, reinterpret_cast<Code<F> const*>(codes), count,
                                     reinterpret_cast<T*>(values));
          },
          [](std::uint8_t code, std::uint8_t* value) {
            T const x = from_float<T>(decode(Code<F>{code}));
            std::memcpy(value, &x, sizeof x);
          }};
}

std::string difference(Decoder const& decoder, std::vector<std::uint8_t> const& codes,
                       std::vector<std::uint8_t> const& meant) {
  std::size_t const width = decoder.value_bytes;
  std::vector<std::uint8_t> expected(codes.size() * width);
  for (std::size_t i = 0; i < codes.size(); ++i)
    decoder.portable(meant[i], expected.data() + i * width);
  std::vector<float> room(codes.size());  // aligned for any of the types
  auto* const got = reinterpret_cast<std::uint8_t*>(room.data());
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      {
        InEnvironment const in{environment};
        if (!decoder.vectors(isa, codes.data(), static_cast<index_t>(codes.size()), got))
          return "no path";
      }
      for (std::size_t i = 0; i < codes.size(); ++i) {
        if (std::memcmp(got + i * width, expected.data() + i * width, width) != 0)
          return decoder.name + ", " + name(isa) + ", " + environment.name + ", code " +
                 std::to_string(codes[i]);
      }
    }
  }
  return {};
}

std::vector<std::uint8_t> all_codes(int bits) {
  std::vector<std::uint8_t> codes;
  for (int i = 0; i < 67 << bits; ++i)
    codes.push_back(static_cast<std::uint8_t>((i % 67 + i / 67) & ((1 << bits) - 1)));
  return codes;
}

void check(Decoder const& decoder) {
  auto const codes = all_codes(decoder.bits);
  CHECK(difference(decoder, codes, codes) == "");
}

}  // namespace

TEST_CASE("vectors decode every format as the one decode does") {
  auto const check_each = []<class F>() {
    if constexpr (F::bits <= 8)
      check(decoder<F, float>());
  };
  FloatFormats::for_each(check_each);
  IntegerFormats::for_each(check_each);
  CodebookFormats::for_each(check_each);
}

// How values are narrowed does not depend on where they come from: a format with NaN and infinity,
// one with values that FP16 has not, integers, numbers that BF16 has not.
TEST_CASE("vectors decode to 16 bits") {
  check(decoder<E5M2, Code<BF16>>());
  check(decoder<E5M2, Code<FP16>>());
  check(decoder<UE5M3, Code<BF16>>());
  check(decoder<UE5M3, Code<FP16>>());
  check(decoder<UINT8, Code<BF16>>());
  check(decoder<INT4, Code<FP16>>());
  check(decoder<NF4, Code<BF16>>());
  check(decoder<NF4, Code<FP16>>());
}

TEST_CASE("two codes that change places would be seen") {
  if (vector_levels().empty())
    return;
  auto codes = all_codes(E4M3::bits);
  auto const meant = codes;
  std::swap(codes[100], codes[101]);
  CHECK(difference(decoder<E4M3, float>(), codes, meant) != "");
}
