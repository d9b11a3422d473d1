// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Vectors encode as the one encode does: every format, every boundary, every environment.

#include <doctest/doctest.h>
#include <string>
#include <vector>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

template <class F, class R = NearestEven>
Bytes one_by_one(std::vector<float> const& values) {
  Bytes codes;
  codes.reserve(values.size());
  for (float const x : values) codes.push_back(encode<F, R>(x).bits);
  return codes;
}

using Encode = bool (*)(Isa isa, float const* values, index_t count, std::uint8_t* codes);

template <class F>
bool vectors(Isa isa, float const* values, index_t count, std::uint8_t* codes) {
  return x86::encode_values(isa, values, count, reinterpret_cast<Code<F>*>(codes));
}

std::string difference(char const* format, Encode encode, std::vector<float> const& values,
                       Bytes const& expected) {
  Bytes got(values.size());
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      {
        InEnvironment const in{environment};
        if (!encode(isa, values.data(), static_cast<index_t>(values.size()), got.data()))
          return "no path";
      }
      for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] != expected[i])
          return std::string{format} + ", " + name(isa) + ", " + environment.name + ", input " +
                 std::to_string(bit_cast<std::uint32_t>(values[i])) + ": " +
                 std::to_string(got[i]) + " instead of " + std::to_string(expected[i]);
      }
    }
  }
  return {};
}

template <class F>
void check(std::uint64_t random_count) {
  if constexpr (F::bits <= 8) {
    auto const values = hard_values<F>(random_count);
    CHECK(difference(F::name, &vectors<F>, values, one_by_one<F>(values)) == "");
  }
}

}  // namespace

TEST_CASE("vectors encode every format as the one encode does") {
  auto const check_each = []<class F>() { check<F>(1 << 14); };
  FloatFormats::for_each(check_each);
  IntegerFormats::for_each(check_each);
  CodebookFormats::for_each(check_each);
}

TEST_CASE("vectors encode many random numbers as the one encode does") {
  check<E4M3>(1 << 20);
  check<E2M1>(1 << 20);
  check<INT8>(1 << 20);
}

TEST_CASE("a different rounding would be seen") {
  if (vector_levels().empty())
    return;
  auto const values = hard_values<E4M3>(0);
  CHECK(difference("E4M3", &vectors<E4M3>, values, one_by_one<E4M3, NearestAway>(values)) != "");
  auto const integers = hard_values<INT4>(0);
  CHECK(difference("INT4", &vectors<INT4>, integers, one_by_one<INT4, NearestAway>(integers)) !=
        "");
}
