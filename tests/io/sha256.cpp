// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/io/sha256.hpp>

using namespace qfmt::io;

TEST_CASE("SHA-256: the examples of FIPS 180-2, appendix B, and of NIST's test vectors") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sha256("\xBD") == "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
  CHECK(sha256(std::string(64, '\0')) ==
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

TEST_CASE("SHA-256: pieces of any size are one text, and asking for the digest changes nothing") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t size = 1; size <= 130; ++size) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += size) {
      digest.update(std::string_view{text}.substr(at, size));
      CHECK(digest.hex() == sha256(text.substr(0, at + size)));
    }
  }
}

TEST_CASE("SHA-256: every length around the padding gives another digest") {
  for (std::size_t length = 50; length < 70; ++length)
    CHECK(sha256(std::string(length, 'x')) != sha256(std::string(length + 1, 'x')));
}
