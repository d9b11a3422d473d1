// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/io/json_text.hpp>

using qfmt::Status;
using qfmt::io::is_utf8;

namespace {

/// Encodes a number as UTF-8 without asking whether it may be.
std::string encoded(unsigned code) {
  auto const byte = [](unsigned value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000) return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
}

}  // namespace

TEST_CASE("every code point is UTF-8 but surrogates, and nothing beyond U+10FFFF") {
  unsigned wrong = 0;
  for (unsigned code = 0; code < 0x200000; ++code) {
    bool const expected = code < 0xD800 || (code > 0xDFFF && code <= 0x10FFFF);
    if (is_utf8(encoded(code)) != expected) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("overlong and cut sequences are not UTF-8") {
  for (char const* bad : {"\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\x80", "\xBF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xF8\x88\x80\x80\x80",
                          "\xFF", "\xC3(", "\xE2(\xAC", "\xE2\x82("}) {
    CHECK_MESSAGE(!is_utf8(bad), bad);
    CHECK_MESSAGE(!is_utf8("abc" + std::string{bad}), bad);
  }
}

TEST_CASE("the scan finds the end of the first value and the depth") {
  auto const scan = [](std::string_view text, std::size_t depth = 8) { return qfmt::io::detail::scan_json(text, depth); };
  CHECK(scan("{}x").offset == 2);
  CHECK(scan(R"({"}":"]\"}"} )").offset == 13 - 1);
  CHECK(scan(R"({"a":[1,{}]}{})").offset == 12);
  CHECK(scan("{\"a\":").offset == 5);
  CHECK(scan("[[[[]]]]", 4).status == Status::ok);
  CHECK(scan("[[[[]]]]", 3).status == Status::json_too_deep);
  CHECK(scan("[[[[]]]]", 3).offset == 3);
  CHECK(scan("[\"[[[[[[[[[[[[\"]", 1).status == Status::ok);
  CHECK(scan("{\"\xFF").status == Status::header_bad_utf8);
  CHECK(scan("{\"\xFF").offset == 2);
  CHECK(scan("\xEF\xBB\xBF{}").status == Status::header_bad_utf8);
  CHECK(scan("{}\xFF").status == Status::ok);  // not part of the value
  CHECK(scan("").offset == 0);
}

TEST_CASE("strings are written as the reference writer writes them") {
  using qfmt::io::json_string;
  CHECK(json_string("model.layers.0") == "\"model.layers.0\"");
  CHECK(json_string("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(json_string(std::string_view{"\0\b\t\n\f\r\x1F\x7F", 8}) == "\"\\u0000\\b\\t\\n\\f\\r\\u001f\x7F\"");
  CHECK(json_string("\xF0\x9F\x98\x80") == "\"\xF0\x9F\x98\x80\"");
}
