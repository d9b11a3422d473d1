// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/atomic_directory.hpp>
#include <random>

#include "child_process.hpp"

using qfmt::Status;
using qfmt::io::AtomicDirectory;

TEST_CASE("a committed directory is there, whole, and nothing else is") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "tokenizer.json", std::string(3'000'000, 't'));
  {
    auto out = AtomicDirectory::create(folder / "out/");
    REQUIRE(out.ok());
    CHECK(out->write_file("config.json", "{}").ok());
    CHECK(out->copy_file(folder / "tokenizer.json").ok());
    CHECK(!std::filesystem::exists(folder / "out"));
    CHECK(out->commit().ok());
  }
  CHECK(folder.names() == std::vector<std::string>{"out", "tokenizer.json"});
  CHECK(samples::read(folder / "out/config.json") == "{}");
  CHECK(samples::read(folder / "out/tokenizer.json") == std::string(3'000'000, 't'));
  CHECK((std::filesystem::status(folder / "out").permissions() & std::filesystem::perms::owner_all) == std::filesystem::perms::owner_all);
}

TEST_CASE("an abandoned directory leaves nothing") {
  samples::TemporaryFolder const folder;
  {
    auto out = AtomicDirectory::create(folder / "out");
    REQUIRE(out.ok());
    CHECK(out->write_file("a", "x").ok());
    auto const moved = std::move(*out);
    CHECK(folder.names().size() == 2);  // the directory and its lock
  }
  CHECK(folder.names().empty());
}

TEST_CASE("an output that exists stays as it is") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "file", "old");
  std::filesystem::create_directory(folder / "empty");
  std::filesystem::create_symlink("nowhere", folder / "link");
  for (char const* name : {"file", "empty", "link"}) CHECK(samples::verdict(AtomicDirectory::create(folder / name), Status::output_exists, name) == "");
  CHECK(folder.names() == std::vector<std::string>{"empty", "file", "link"});
}

TEST_CASE("an output that appears meanwhile wins") {
  samples::TemporaryFolder const folder;
  for (bool const as_file : {false, true}) {
    std::string const name = as_file ? "file" : "directory";
    {
      auto out = AtomicDirectory::create(folder / name);
      REQUIRE(out.ok());
      CHECK(out->write_file("a", "new").ok());
      if (as_file) {
        samples::write(folder / name, "old");
      } else {
        std::filesystem::create_directory(folder / name);  // empty: a plain rename would replace it
      }
      CHECK(samples::verdict(out->commit(), Status::output_exists, name) == "");
    }
    CHECK(!std::filesystem::exists(folder / (name + "/a")));
  }
  CHECK(folder.names() == std::vector<std::string>{"directory", "file"});
}

TEST_CASE("two runs for one output: the first to commit wins, neither disturbs the other") {
  samples::TemporaryFolder const folder;
  {
    auto first = AtomicDirectory::create(folder / "out");
    auto second = AtomicDirectory::create(folder / "out");
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    CHECK(first->write_file("a", "first").ok());
    CHECK(second->write_file("a", "second").ok());
    CHECK(second->commit().ok());
    CHECK(samples::verdict(first->commit(), Status::output_exists, "out") == "");
  }
  CHECK(samples::read(folder / "out/a") == "second");
  CHECK(folder.names() == std::vector<std::string>{"out"});
}

TEST_CASE("files have bare names and are made once") {
  samples::TemporaryFolder const folder;
  auto const out = AtomicDirectory::create(folder / "out");
  REQUIRE(out.ok());
  for (char const* name : {"../x", "/x", "a/b", "", ".."}) CHECK(samples::verdict(out->write_file(name, ""), Status::unsafe_path, "out: got the file name") == "");
  CHECK(out->write_file("a", "1").ok());
  CHECK(samples::verdict(out->write_file("a", "2"), Status::output_exists, "out/a") == "");
  std::filesystem::create_symlink("/etc/passwd", folder / "link");
  CHECK(samples::verdict(out->copy_file(folder / "link"), Status::unsafe_path, "link: got a symbolic link") == "");
  CHECK(samples::verdict(out->copy_file(folder / "none"), Status::io_open, "none: cannot open") == "");
}

TEST_CASE("a full disk leaves nothing") {
  samples::TemporaryFolder const folder;
  CHECK(samples::in_child([&] {
          samples::limit_file_size(1000);
          auto const out = AtomicDirectory::create(folder / "out");
          return out.ok() && out->write_file("a", std::string(1001, 'x')).status() == Status::io_no_space ? 0 : 1;
        }) == 0);
  CHECK(!std::filesystem::exists(folder / "out"));
  auto const again = AtomicDirectory::create(folder / "out");  // the child left by _exit: its leftovers go now
  CHECK(again.ok());
  CHECK(folder.names().size() == 2);
}

TEST_CASE("a directory without permission to write is refused") {
  samples::TemporaryFolder const folder;
  using std::filesystem::perms;
  std::filesystem::create_directory(folder / "locked");
  std::filesystem::permissions(folder.path(), static_cast<perms>(0755));
  std::filesystem::permissions(folder / "locked", static_cast<perms>(0555));
  CHECK(samples::in_child([&] {
          if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may do everything
          return samples::verdict(AtomicDirectory::create(folder / "locked/out"), Status::io_open, "out: cannot create a file beside it: Permission denied") == "" ? 0 : 2;
        }) == 0);
}

TEST_CASE("killed at any moment, the output is complete or absent, and the next run cleans up") {
  samples::TemporaryFolder const folder;
  std::string const text(1 << 20, 'w');
  std::minstd_rand random{1};  // NOLINT(cert-msc51-cpp): the moments should differ, not surprise
  int complete = 0;
  for (int i = 0; i < 40; ++i) {
    samples::killed_after(static_cast<unsigned>(random() % 60000), [&] {
      auto out = AtomicDirectory::create(folder / "out");
      if (!out.ok()) return 1;
      for (char const* name : {"a", "b", "c"}) {
        if (!out->write_file(name, text).ok()) return 2;
      }
      return out->commit().ok() ? 0 : 3;
    });
    if (!std::filesystem::exists(folder / "out")) continue;
    ++complete;
    for (char const* name : {"a", "b", "c"}) CHECK(samples::read(folder / ("out/" + std::string{name})) == text);
    CHECK(std::distance(std::filesystem::directory_iterator(folder / "out"), std::filesystem::directory_iterator{}) == 3);
    std::filesystem::remove_all(folder / "out");
  }
  MESSAGE("complete: " << complete << " of 40");
  {
    auto out = AtomicDirectory::create(folder / "out");
    REQUIRE(out.ok());
    CHECK(folder.names().size() == 2);
  }
  CHECK(folder.names().empty());
}
