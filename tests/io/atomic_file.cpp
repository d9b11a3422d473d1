// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/atomic_file.hpp>
#include <random>

#include "child_process.hpp"

using qfmt::Status;
using qfmt::io::AtomicFile;
using qfmt::io::Existing;

TEST_CASE("a file is new, or replaces the old one, or is refused") {
  samples::TemporaryFolder const folder;
  CHECK(qfmt::io::write_file(folder / "f", "one").ok());
  CHECK(samples::read(folder / "f") == "one");
  CHECK(samples::verdict(qfmt::io::write_file(folder / "f", "two"), Status::output_exists, "f: got an output that exists") == "");
  CHECK(samples::read(folder / "f") == "one");
  CHECK(qfmt::io::write_file(folder / "f", "two", Existing::replace).ok());
  CHECK(samples::read(folder / "f") == "two");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("an abandoned file leaves the old one") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "old");
  {
    auto const out = AtomicFile::create(folder / "f", Existing::replace);
    REQUIRE(out.ok());
    CHECK(out->file().write(0, std::as_bytes(std::span{"new", 3})).ok());
    CHECK(out->file().path() == folder / "f");
  }
  CHECK(samples::read(folder / "f") == "old");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a file that appears meanwhile is not replaced unasked, a directory never") {
  samples::TemporaryFolder const folder;
  auto out = AtomicFile::create(folder / "f");
  samples::write(folder / "f", "other");
  CHECK(samples::verdict(out->commit(), Status::output_exists, "f") == "");
  CHECK(samples::read(folder / "f") == "other");
  std::filesystem::create_directory(folder / "d");
  CHECK(samples::verdict(qfmt::io::write_file(folder / "d", "x", Existing::replace), Status::io_rename, "d: cannot give the output its name") == "");
}

TEST_CASE("a link is replaced, not what it leads to") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  CHECK(qfmt::io::write_file(folder / "link", "new", Existing::replace).ok());
  CHECK(samples::read(folder / "target") == "old");
  CHECK(samples::read(folder / "link") == "new");
}

TEST_CASE("killed at any moment, readers see the old file or the new one") {
  samples::TemporaryFolder const folder;
  std::minstd_rand random{2};  // NOLINT(cert-msc51-cpp)
  CHECK(qfmt::io::write_file(folder / "f", std::string(1 << 20, 'a')).ok());
  for (int i = 0; i < 40; ++i) {
    char const letter = static_cast<char>('b' + i % 20);
    samples::killed_after(static_cast<unsigned>(random() % 30000), [&] { return qfmt::io::write_file(folder / "f", std::string(1 << 20, letter), Existing::replace).ok() ? 0 : 1; });
    std::string const seen = samples::read(folder / "f");
    CHECK(seen.size() == 1 << 20);
    CHECK(seen.find_first_not_of(seen[0]) == std::string::npos);
  }
  CHECK(qfmt::io::write_file(folder / "f", "end", Existing::replace).ok());
  CHECK(folder.names() == std::vector<std::string>{"f"});
}
