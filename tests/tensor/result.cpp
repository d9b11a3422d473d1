// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <memory>
#include <string>

#include <qfmt/tensor/result.hpp>

using namespace qfmt;

TEST_CASE("a result holds a value or an error") {
  Result<int> const good{7};
  CHECK(good.ok());
  CHECK(static_cast<bool>(good));
  CHECK(*good == 7);
  CHECK(good.status() == Status::ok);

  Result<int> const bad{Error{Status::unknown_dtype, "got \"F8\""}};
  CHECK_FALSE(bad.ok());
  CHECK_FALSE(static_cast<bool>(bad));
  CHECK(bad.status() == Status::unknown_dtype);
  CHECK(bad.error().message == "got \"F8\"");
  CHECK(bad.error().to_string() == "unknown_dtype: got \"F8\"");
}

TEST_CASE("a result gives its value away, also one that cannot be copied") {
  Result<std::unique_ptr<std::string>> result{std::make_unique<std::string>("abc")};
  CHECK(result->get()->size() == 3);
  (*result)->append("d");
  std::unique_ptr<std::string> const taken = *std::move(result);
  CHECK(*taken == "abcd");
}

TEST_CASE("a result of the type Error's own neighbours is not ambiguous") {
  Result<std::string> const text{std::string{"an error?"}};
  CHECK(text.ok());
  CHECK(*text == "an error?");
  CHECK(text->size() == 9);
  Result<bool> const no{false};
  CHECK(no.ok());
  CHECK_FALSE(*no);
}

TEST_CASE("a result without a value") {
  Result<void> const good;
  CHECK(good.ok());
  CHECK(good.status() == Status::ok);
  Result<void> const bad{Error{Status::io_write, "disk full"}};
  CHECK_FALSE(bad);
  CHECK(bad.error().to_string() == "io_write: disk full");
}

TEST_CASE("quoted: untrusted text is fit for a message") {
  CHECK(quoted("weight") == "'weight'");
  CHECK(quoted("two words ~!") == "'two words ~!'");
  CHECK(quoted("") == "''");
  CHECK(quoted("a'b\\c") == "'a\\x27b\\x5cc'");
  CHECK(quoted(std::string{"a\0b\n\x1b[31m", 9}) == "'a\\x00b\\x0a\\x1b[31m'");
  CHECK(quoted("\xC3\xA9\x7F") == "'\\xc3\\xa9\\x7f'");
  CHECK(quoted(std::string(256, 'x')) == "'" + std::string(256, 'x') + "'");
  CHECK(quoted(std::string(257, 'x')) == "'" + std::string(256, 'x') + "...'");
  CHECK(quoted(std::string(1000000, '\n')).size() == 256 * 4 + 5);
}
