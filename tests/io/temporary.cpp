// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/temporary.hpp>

using qfmt::Status;
using qfmt::io::Directory;
using qfmt::io::remove_stale;

TEST_CASE("temporary names are recognized for their own output only") {
  using qfmt::io::detail::is_temporary_name;
  using qfmt::io::detail::temporary_stem;
  std::string const name = temporary_stem("model") + "123-0123456789abcdef";
  CHECK(name == ".qfmt-tmp-model-123-0123456789abcdef");
  CHECK(is_temporary_name(name, temporary_stem("model")));
  CHECK(is_temporary_name(name + ".lock", temporary_stem("model")));
  CHECK(!is_temporary_name(".qfmt-tmp-model-2-123-0123456789abcdef", temporary_stem("model")));
  CHECK(is_temporary_name(".qfmt-tmp-model-2-123-0123456789abcdef", temporary_stem("model-2")));
  for (char const* other : {"model", ".qfmt-tmp-model-", ".qfmt-tmp-model-123", ".qfmt-tmp-model-123-", ".qfmt-tmp-model--0123456789abcdef", ".qfmt-tmp-model-123-0123456789abcde",
                            ".qfmt-tmp-model-123-0123456789abcdeg", ".qfmt-tmp-model-123-0123456789abcdef.txt", ".qfmt-tmp-modem-123-0123456789abcdef"}) {
    CHECK_MESSAGE(!is_temporary_name(other, temporary_stem("model")), other);
  }
}

TEST_CASE("destinations have a parent and a name") {
  samples::TemporaryFolder const folder;
  using qfmt::io::detail::Destination;
  CHECK(Destination::of(folder / "out")->name == "out");
  CHECK(Destination::of(folder / "out/")->name == "out");
  CHECK(Destination::of("out")->path() == "./out");
  for (char const* bad : {"", ".", "..", "/"}) CHECK(samples::verdict(Destination::of(bad), Status::invalid_argument, "got no name for the output") == "");
  CHECK(samples::verdict(Destination::of(folder / "none/out"), Status::io_open, "none: cannot open the directory") == "");
}

TEST_CASE("what dead runs left is removed; live ones, other outputs and strangers stay") {
  samples::TemporaryFolder const folder;
  auto const dead = [&](std::string const& output, std::string const& id, bool lock) {
    std::string const name = ".qfmt-tmp-" + output + "-99-" + id;
    std::filesystem::create_directory(folder / name);
    samples::write(folder / (name + "/model.safetensors"), "half");
    if (lock) samples::write(folder / (name + ".lock"), "");
  };
  dead("out", "0000000000000000", true);
  dead("out", "0000000000000001", false);
  dead("out-2", "0000000000000002", true);
  samples::write(folder / ".qfmt-tmp-out-7-0000000000000003", "half a file");
  samples::write(folder / ".qfmt-tmp-out-7-0000000000000004.lock", "");
  samples::write(folder / ".qfmt-tmp-out-notes.txt", "mine");
  samples::write(folder / "out", "finished");
  {
    auto live = qfmt::io::detail::TemporaryName::choose(*qfmt::io::detail::Destination::of(folder / "out"));
    REQUIRE(live.ok());
    samples::write(folder / live->name(), "at work");
    auto const removed = remove_stale(*Directory::open(folder.path()), "out");
    REQUIRE(removed.ok());
    CHECK(*removed == 4);
    CHECK(samples::read(folder / live->name()) == "at work");
    CHECK(std::filesystem::exists(folder / (live->name() + ".lock")));
    CHECK(folder.names().size() == 6);
  }
  // An output may be called like a lock.
  dead("out.lock", "0000000000000005", true);
  samples::write(folder / ".qfmt-tmp-out", "of somebody else");
  CHECK(*remove_stale(*Directory::open(folder.path()), "out.lock") == 1);
  CHECK(samples::read(folder / ".qfmt-tmp-out") == "of somebody else");
  std::filesystem::remove(folder / ".qfmt-tmp-out");
  CHECK(folder.names() == std::vector<std::string>{".qfmt-tmp-out-2-99-0000000000000002", ".qfmt-tmp-out-2-99-0000000000000002.lock", ".qfmt-tmp-out-notes.txt", "out"});
}

TEST_CASE("long names of outputs have temporary names too") {
  samples::TemporaryFolder const folder;
  std::string const output(255, 'o');
  auto name = qfmt::io::detail::TemporaryName::choose(*qfmt::io::detail::Destination::of(folder / output));
  REQUIRE(name.ok());
  samples::write(folder / name->name(), "x");
  CHECK(name->publish(false).ok());
  CHECK(folder.names() == std::vector<std::string>{output});
}

TEST_CASE("renaming by links replaces nothing") {
  samples::TemporaryFolder const folder;
  auto const directory = Directory::open(folder.path());
  auto const rename = [&](char const* from, char const* to) { return qfmt::io::detail::rename_by_link(directory->descriptor(), from, to); };
  samples::write(folder / "file", "new");
  samples::write(folder / "taken", "old");
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_directory(folder / "empty");
  CHECK(rename("file", "taken") == -1);
  CHECK(errno == EEXIST);
  CHECK(rename("sub", "empty") == -1);
  CHECK(errno == EEXIST);
  CHECK(rename("none", "other") == -1);
  CHECK(rename("file", "f") == 0);
  CHECK(rename("sub", "s") == 0);
  CHECK(folder.names() == std::vector<std::string>{"empty", "f", "s", "taken"});
  CHECK(samples::read(folder / "taken") == "old");
}
