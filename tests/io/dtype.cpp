// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/io/dtype.hpp>

using qfmt::io::Dtype;

TEST_CASE("every dtype is found by its own name and no other") {
  CHECK(qfmt::io::dtype_count == 22);
  for (std::size_t i = 0; i < qfmt::io::dtype_count; ++i) {
    auto const dtype = static_cast<Dtype>(i);
    CHECK(qfmt::io::parse_dtype(name(dtype)) == dtype);
    CHECK(qfmt::io::parse_dtype(std::string{name(dtype)} + " ") == std::nullopt);
  }
  CHECK(qfmt::io::parse_dtype("f32") == std::nullopt);
  CHECK(qfmt::io::parse_dtype("F8_E4M3FN") == std::nullopt);
  CHECK(qfmt::io::parse_dtype("") == std::nullopt);
}

TEST_CASE("names, widths and ranks of the dtypes") {
  struct Row {
    Dtype dtype;
    char const* name;
    unsigned bits;
  };
  Row const rows[] = {{Dtype::BOOL, "BOOL", 8},       {Dtype::F4, "F4", 4},           {Dtype::F6_E2M3, "F6_E2M3", 6},         {Dtype::F6_E3M2, "F6_E3M2", 6},
                      {Dtype::U8, "U8", 8},           {Dtype::I8, "I8", 8},           {Dtype::F8_E5M2, "F8_E5M2", 8},         {Dtype::F8_E4M3, "F8_E4M3", 8},
                      {Dtype::F8_E8M0, "F8_E8M0", 8}, {Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8}, {Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8}, {Dtype::I16, "I16", 16},
                      {Dtype::U16, "U16", 16},        {Dtype::F16, "F16", 16},        {Dtype::BF16, "BF16", 16},              {Dtype::I32, "I32", 32},
                      {Dtype::U32, "U32", 32},        {Dtype::F32, "F32", 32},        {Dtype::C64, "C64", 64},                {Dtype::F64, "F64", 64},
                      {Dtype::I64, "I64", 64},        {Dtype::U64, "U64", 64}};
  std::size_t rank = 0;
  for (Row const& row : rows) {
    CHECK(std::string{name(row.dtype)} == row.name);
    CHECK(bits(row.dtype) == row.bits);
    CHECK(static_cast<std::size_t>(row.dtype) == rank++);
  }
  CHECK(rank == qfmt::io::dtype_count);
}

TEST_CASE("the nearest dtype is what was meant") {
  CHECK(qfmt::io::nearest_dtype("f32") == Dtype::F32);
  CHECK(qfmt::io::nearest_dtype("F8_E4M3FN") == Dtype::F8_E4M3);
  CHECK(qfmt::io::nearest_dtype("bfloat16") == Dtype::BF16);
  CHECK(qfmt::io::nearest_dtype("F8_E5M2FNU") == Dtype::F8_E5M2FNUZ);
  CHECK(qfmt::io::nearest_dtype("int8") == Dtype::I8);
  CHECK(qfmt::io::nearest_dtype(std::string(100000, 'x')) == qfmt::io::nearest_dtype(std::string(32, 'x')));  // and does not take long
}

TEST_CASE("all names in one line") {
  std::string const names = qfmt::io::dtype_names();
  CHECK(names.substr(0, 17) == "BOOL, F4, F6_E2M3");
  CHECK(names.substr(names.size() - 10) == ", I64, U64");
}
