// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/header_receiver.hpp>

using qfmt::Status;
using qfmt::io::detail::HeaderReceiver;
using samples::tensor;

namespace {

qfmt::Result<std::size_t> receive(HeaderReceiver& receiver) { return qfmt::io::detail::receive_json(receiver, 8, qfmt::io::detail::Extent::first_value); }

}  // namespace

TEST_CASE("tensors and metadata arrive in the order of the text, with the places of their names") {
  std::string const text = "{" + tensor("b", "F32", "[2]", "[4,12]") + ",\"__metadata__\":{\"k\":\"v\"}," + tensor("a", "F32", "[]", "[0,4]") + "}";
  HeaderReceiver receiver{text, "f", {}};
  auto const end = receive(receiver);
  REQUIRE(end.ok());
  CHECK(*end == text.size());
  REQUIRE(receiver.tensors.size() == 2);
  CHECK(receiver.tensors[0] == qfmt::io::TensorInfo{"b", qfmt::io::Dtype::F32, {2}, 4, 12});
  CHECK(receiver.tensors[1] == qfmt::io::TensorInfo{"a", qfmt::io::Dtype::F32, {}, 0, 4});
  CHECK(receiver.metadata == qfmt::io::Metadata{{"k", "v"}});
  CHECK(receiver.name_ends[0] == 4);
  CHECK(text.substr(receiver.name_ends[1] - 3, 3) == "\"a\"");
}

TEST_CASE("limits are part of what is received") {
  std::string text = "{";
  for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ",") + tensor("t" + std::to_string(i), "F32", "[0]", "[0,0]");
  text += "}";
  HeaderReceiver within{text, "f", {.max_tensors = 4}};
  CHECK(receive(within).ok());
  HeaderReceiver beyond{text, "f", {.max_tensors = 3}};
  CHECK(samples::verdict(receive(beyond), Status::too_many_tensors, "got more than 3 tensors") == "");

  std::string many = "{\"__metadata__\":{";
  for (std::size_t i = 0; i <= qfmt::io::max_metadata_entries; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
  many += "}}";
  HeaderReceiver metadata{many, "f", {}};
  CHECK(samples::verdict(receive(metadata), Status::metadata_invalid, "more than 65536 entries") == "");
}

TEST_CASE("a header cut anywhere is refused") {
  std::string const text = "{\"__metadata__\":{\"k\":\"v\"}," + tensor("a", "F32", "[1,2]", "[0,8]") + "}";
  for (std::size_t length = 0; length < text.size(); ++length) {
    HeaderReceiver receiver{std::string_view{text}.substr(0, length), "f", {}};
    CHECK_MESSAGE(samples::verdict(receive(receiver), Status::json_syntax, "got the end of the text") == "", length);
  }
}
