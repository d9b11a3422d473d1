// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <set>
#include <string>

#include <qfmt/formats/all.hpp>

using namespace qfmt;

TEST_CASE("every format is in the list of its family, once, under a name of its own") {
  std::set<std::string> names;
  int count = 0;
  auto const add = [&]<class F>() {
    ++count;
    CHECK_MESSAGE(names.insert(F::name).second, std::string{F::name});
  };
  FloatFormats::for_each(add);
  ScaleOnlyFormats::for_each(add);
  IntegerFormats::for_each(add);
  CodebookFormats::for_each(add);
  CHECK(count ==
        FloatFormats::size + ScaleOnlyFormats::size + IntegerFormats::size + CodebookFormats::size);

  FloatFormats::for_each([]<class F>() { static_assert(FloatFormat<F> && F::has_zero); });
  ScaleOnlyFormats::for_each([]<class F>() { static_assert(FloatFormat<F> && !F::has_zero); });
  IntegerFormats::for_each([]<class F>() { static_assert(IntegerFormat<F>); });
  CodebookFormats::for_each([]<class F>() { static_assert(CodebookFormat<F>); });
}

TEST_CASE("the formats that the published schemes need are there") {
  std::set<std::string> names;
  auto const add = [&]<class F>() { names.insert(F::name); };
  FloatFormats::for_each(add);
  ScaleOnlyFormats::for_each(add);
  IntegerFormats::for_each(add);
  CodebookFormats::for_each(add);
  for (char const* const name :
       {"E2M1",  "E2M3",  "E3M2",   "E4M3", "E5M2", "E8M0",     "UE4M3",    "FP16",
        "BF16",  "INT2",  "INT3",   "INT4", "INT5", "INT6",     "INT7",     "INT8",
        "UINT4", "UINT8", "MXINT8", "NF4",  "S1M3", "E4M3FNUZ", "E5M2FNUZ", "E3M4"}) {
    CHECK_MESSAGE(names.count(name) == 1, std::string{name});
  }
}
