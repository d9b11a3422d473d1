// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Vectors encode as the one encode does: every format, every boundary, every environment.

#include <doctest/doctest.h>
#include <string>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F, class R = NearestEven>
std::vector<Code<F>> one_by_one(std::vector<float> const& values) {
  std::vector<Code<F>> codes;
  codes.reserve(values.size());
  for (float const x : values) codes.push_back(encode<F, R>(x));
  return codes;
}

/// Empty, or where a level first differs from `expected`.
template <class F>
std::string difference(std::vector<float> const& values, std::vector<Code<F>> const& expected) {
  for (Isa const isa : vector_levels()) {
    for (Environment const& environment : environments()) {
      std::vector<Code<F>> got(values.size());
      {
        InEnvironment const in{environment};
        if (!x86::encode_values(isa, values.data(), static_cast<index_t>(values.size()),
                                got.data()))
          return "no path";
      }
      for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] != expected[i])
          return std::string{F::name} + ", " + name(isa) + ", " + environment.name + ", input " +
                 std::to_string(bit_cast<std::uint32_t>(values[i])) + ": " +
                 std::to_string(got[i].bits) + " instead of " + std::to_string(expected[i].bits);
      }
    }
  }
  return {};
}

template <class F>
void check(std::uint64_t random_count) {
  if constexpr (F::bits <= 8) {
    auto const values = hard_values<F>(random_count);
    CHECK(difference(values, one_by_one<F>(values)) == "");
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
  CHECK(difference(values, one_by_one<E4M3, NearestAway>(values)) != "");
  auto const integers = hard_values<INT4>(0);
  CHECK(difference(integers, one_by_one<INT4, NearestAway>(integers)) != "");
}
