// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/tensor_info.hpp>

using qfmt::Status;
using qfmt::io::Dtype;
using qfmt::io::TensorInfo;

TEST_CASE("bytes of a tensor") {
  struct Row {
    Dtype dtype;
    std::vector<uint64_t> shape;
    uint64_t bytes;
  };
  uint64_t const big = (uint64_t{1} << 48) - 1;
  Row const rows[] = {{Dtype::F32, {}, 4},      {Dtype::F32, {2, 3}, 24},        {Dtype::F32, {0, 3}, 0},           {Dtype::F4, {2, 4}, 4},    {Dtype::F4, {0}, 0},
                      {Dtype::F4, {3, 0}, 0},   {Dtype::F6_E2M3, {5, 4}, 15},    {Dtype::U8, {big}, big},           {Dtype::U8, {big, 8}, big * 8}, {Dtype::U8, {big, 8, 0}, 0},
                      {Dtype::C64, {1, 1}, 8},  {Dtype::BOOL, std::vector<uint64_t>(64, 1), 1}};
  for (Row const& row : rows) {
    auto const bytes = qfmt::io::tensor_bytes(row.dtype, row.shape);
    REQUIRE(bytes.ok());
    CHECK(*bytes == row.bytes);
  }
}

TEST_CASE("sizes that are refused do not depend on the order of dimensions") {
  uint64_t const big = (uint64_t{1} << 48) - 1;
  for (auto const& shape : {std::vector<uint64_t>{0, big, big}, {big, 0, big}, {big, big, 0}, {big, big}, {big + 1, 0}, {0, big + 1}, {big, 1 << 14}}) {
    CHECK(samples::verdict(qfmt::io::tensor_bytes(Dtype::F32, shape), Status::size_overflow, "got F32 [") == "");
  }
  CHECK(samples::verdict(qfmt::io::tensor_bytes(Dtype::U8, std::vector<uint64_t>(65, 1)), Status::rank_unsupported, "got 65 dimensions, expected at most 64") == "");
  CHECK(samples::verdict(qfmt::io::tensor_bytes(Dtype::F4, {2, 3}), Status::subbyte_misaligned, "got F4 [2, 3]") == "");
  CHECK(samples::verdict(qfmt::io::tensor_bytes(Dtype::F4, {}), Status::subbyte_misaligned, "got F4 []") == "");
  CHECK(samples::verdict(qfmt::io::tensor_bytes(Dtype::F6_E3M2, {4, 2}), Status::subbyte_misaligned, "12 bits") == "");
}

TEST_CASE("names of tensors") {
  for (std::string const& good : {std::string{"w"}, std::string{"../../etc/passwd"}, std::string{"\xC3\xA9"}, std::string(1024, 'n')}) CHECK(qfmt::io::check_tensor_name(good).ok());
  for (std::string const& bad : {std::string{}, std::string(1025, 'n'), std::string{"a\nb"}, std::string{"a\0", 2}, std::string{"\x7F"}, std::string{"\x1B[2J"}}) {
    CHECK(samples::verdict(qfmt::io::check_tensor_name(bad), Status::tensor_name_invalid, "got a") == "");
  }
}

TEST_CASE("the index finds every name and nothing else") {
  std::vector<TensorInfo> tensors;
  for (int i = 0; i < 1000; ++i) tensors.push_back({"layer." + std::to_string(i * 7919 % 1000), Dtype::U8, {}, 0, 1});
  qfmt::io::NameIndex const index{tensors};
  for (TensorInfo const& tensor : tensors) CHECK(index.find(tensors, tensor.name) == &tensor);
  CHECK(index.find(tensors, "layer.1000") == nullptr);
  CHECK(index.find(tensors, "") == nullptr);
  CHECK(index.duplicate(tensors) == std::nullopt);
  tensors[700].name = tensors[3].name;
  CHECK(qfmt::io::NameIndex{tensors}.duplicate(tensors) == std::pair<std::size_t, std::size_t>{3, 700});
  CHECK(qfmt::io::NameIndex{}.find({}, "a") == nullptr);
}

TEST_CASE("shapes in messages") {
  CHECK(qfmt::io::to_string({}) == "[]");
  CHECK(qfmt::io::to_string({4096, 1024}) == "[4096, 1024]");
  CHECK(qfmt::io::to_string(std::vector<uint64_t>(64, 1)) == "[1, 1, 1, 1, 1, 1, 1, 1, ... 64 dimensions]");
}
