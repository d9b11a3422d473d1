// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/shard_index.hpp>

using qfmt::Status;
using qfmt::io::ShardIndex;

TEST_CASE("an index is read and written as it was") {
  std::string const text = R"({
  "metadata": {
    "total_parameters": 7,
    "total_size": 56
  },
  "weight_map": {
    "a": "model-00001-of-00002.safetensors",
    "b": "model-00002-of-00002.safetensors",
    "c": "model-00001-of-00002.safetensors"
  }
}
)";
  auto const index = ShardIndex::parse(text, "i");
  REQUIRE(index.ok());
  CHECK(index->total_size == 56);
  CHECK(index->metadata.at("total_parameters") == 7);
  CHECK(index->shards() == std::vector<std::string>{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"});
  CHECK(index->to_json() == text);
}

TEST_CASE("an index is made from plans") {
  qfmt::io::SafetensorsPlan plan;
  plan.add("b", qfmt::io::Dtype::F32, {2, 2});
  plan.add("a", qfmt::io::Dtype::U8, {3});
  ShardIndex index;
  index.add("x.safetensors", plan);
  qfmt::io::SafetensorsPlan more;
  more.add("\xC3\xA9", qfmt::io::Dtype::U8, {1});
  index.add("y.safetensors", more);
  CHECK(index.total_size == 20);
  auto const again = ShardIndex::parse(index.to_json(), "i");
  REQUIRE(again.ok());
  CHECK(again->weight_map == index.weight_map);
  CHECK(again->total_size == 20);
  CHECK(index.to_json().find("\\u00e9") != std::string::npos);
}

TEST_CASE("bad indexes are refused") {
  struct Row {
    std::string text;
    Status status;
    char const* place;
  };
  auto const map = [](std::string const& shard) { return R"({"weight_map":{"w":")" + shard + "\"}}"; };
  Row const rows[] = {
      {map("../x.safetensors"), Status::unsafe_path, "tensor 'w': got the shard '../x.safetensors'"},
      {map("/etc/passwd"), Status::unsafe_path, "'/etc/passwd'"},
      {map("a/b.safetensors"), Status::unsafe_path, "'a/b.safetensors'"},
      {map("a\\\\b.safetensors"), Status::unsafe_path, "tensor 'w'"},
      {map("c:x.safetensors"), Status::unsafe_path, "tensor 'w'"},
      {map(".x.safetensors"), Status::unsafe_path, "tensor 'w'"},
      {map("x\\u0000.safetensors"), Status::unsafe_path, "'x\\x00.safetensors'"},
      {map("x.bin"), Status::unsafe_path, "bare name of a .safetensors file"},
      {map(""), Status::unsafe_path, "tensor 'w'"},
      {map(std::string(256, 'x') + ".safetensors"), Status::unsafe_path, "tensor 'w'"},
      {"[]", Status::index_invalid, "got array, expected an object"},
      {"{}", Status::index_invalid, "weight_map"},
      {R"({"weight_map":{}})", Status::index_invalid, "weight_map"},
      {R"({"weight_map":["x"]})", Status::index_invalid, "weight_map"},
      {R"({"weight_map":{"w":7}})", Status::index_invalid, "tensor 'w': got '7'"},
      {R"({"weight_map":{"w":["x.safetensors"]}})", Status::index_invalid, "tensor 'w': got 'array'"},
      {R"({"metadata":1,"weight_map":{"w":"x.safetensors"}})", Status::index_invalid, "metadata: got number"},
      {R"({"metadata":{"total_size":"8"},"weight_map":{"w":"x.safetensors"}})", Status::index_invalid, "metadata.total_size"},
      {R"({"metadata":{"total_size":-8},"weight_map":{"w":"x.safetensors"}})", Status::index_invalid, "metadata.total_size"},
      {R"({"metadata":{"total_size":8.5},"weight_map":{"w":"x.safetensors"}})", Status::index_invalid, "metadata.total_size"},
      {R"({"weight_map":{"w":"x.safetensors","w":"y.safetensors"}})", Status::duplicate_key, "'w'"},
      {R"({"weight_map":{"w":"x.safetensors",}})", Status::json_syntax, "byte"},
      {std::string(40, '['), Status::json_too_deep, "levels"},
      {map("model-00001-of-00002.safetensors"), Status::index_inconsistent, "got 1 shards, expected as many as 'model-00001-of-00002.safetensors' says"},
  };
  for (Row const& row : rows) {
    CHECK_MESSAGE(samples::verdict(ShardIndex::parse(row.text, "dir/index"), row.status, row.place) == "", row.text.substr(0, 80));
    CHECK_MESSAGE(samples::verdict(ShardIndex::parse(row.text, "dir/index"), row.status, "dir/index: ") == "", row.text.substr(0, 80));
  }
}

TEST_CASE("numbers in names count only when they are written as numbers") {
  for (char const* name : {"model-1-of-2.safetensors", "best-of-00002.safetensors", "x-of-.safetensors", "model-0000a-of-00002.safetensors", "-of-00009.safetensors", "a.safetensors"}) {
    CHECK_MESSAGE(ShardIndex::parse(std::string{R"({"weight_map":{"w":")"} + name + "\"}}", "i").ok(), name);
  }
}

TEST_CASE("a float of whole bytes is a size; compat forgives the numbering") {
  CHECK(ShardIndex::parse(R"({"metadata":{"total_size":8e3},"weight_map":{"w":"x.safetensors"}})", "i")->total_size == 8000);
  auto const index = ShardIndex::parse(R"({"weight_map":{"w":"model-00001-of-00002.safetensors"}})", "i", qfmt::io::Strictness::compat);
  REQUIRE(index.ok());
  CHECK(index->warnings.size() == 1);
}
