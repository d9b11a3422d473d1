// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "instruction_sets.hpp"

#include <doctest/doctest.h>
#include <iterator>
#include <support/environment.hpp>

namespace qfmt::test {

std::string difference(Subject const& subject) {
  for (std::size_t i = 0; i < std::size(shapes); ++i) {
    for (bool const with_nan : {false, true}) {
      Outcome const expected = subject.run(i, with_nan, Isa::portable);
      std::string const where = subject.name + ", " + std::to_string(shapes[i].rows) + " x " +
                                std::to_string(shapes[i].cols) + (with_nan ? ", NaN" : "");
      if (expected.error.empty() != (!with_nan || shapes[i].size() == 0))
        return where + ": " + expected.error;
      for (Isa const isa : {Isa::avx2, Isa::avx512}) {
        if (isa > detected_isa())
          continue;
        Outcome const got = subject.run(i, with_nan, isa);
        if (got == expected)
          continue;
        return where + ", " + name(isa) +
               (got.error != expected.error     ? ": error: " + got.error
                : got.codes != expected.codes   ? ": codes"
                : got.values != expected.values ? ": values"
                                                : ": scales");
      }
    }
  }
  return {};
}

}  // namespace qfmt::test

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("every instruction set is here, or it is said that one is not") {
  if (detected_isa() < Isa::avx512)
    skip("not every instruction set is here");
}

TEST_CASE("every instruction set gives the same bytes: inputs") {
  expect_same_bytes(inputs<float, profile::Qfmt>());
}

namespace {

/// A path that gets one code wrong.
Outcome sabotaged(std::size_t i, bool with_nan, Isa isa) {
  Outcome out;
  out.error = with_nan && shapes[i].size() != 0 ? "NaN" : "";
  out.codes.assign(1, isa == Isa::portable ? 1 : 2);
  return out;
}

}  // namespace

TEST_CASE("a wrong code would be seen") {
  if (detected_isa() >= Isa::avx2)
    CHECK(difference({"sabotaged", &sabotaged}) == "sabotaged, 3 x 300, avx2: codes");
}
