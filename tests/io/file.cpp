// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <sys/resource.h>

#include <array>
#include <doctest/doctest.h>
#include <qfmt/io/file.hpp>

#include "child_process.hpp"

using qfmt::Status;
using qfmt::io::File;

namespace {

std::span<std::byte const> bytes(std::string const& text) { return std::as_bytes(std::span{text}); }

}  // namespace

TEST_CASE("a file is read at any position, to its end and not beyond") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "0123456789");
  auto const file = File::open(folder / "f");
  REQUIRE(file.ok());
  CHECK(*file->size() == 10);
  std::string part(4, '\0');
  CHECK(file->read(6, std::as_writable_bytes(std::span{part})).ok());
  CHECK(part == "6789");
  CHECK(samples::verdict(file->read(7, std::as_writable_bytes(std::span{part})), Status::io_short_read, "f: got 3 bytes at 7, expected 4") == "");
  CHECK(file->read(10, std::span<std::byte>{}).ok());
  CHECK(*qfmt::io::read_text(*file, 10, Status::config_invalid) == "0123456789");
  CHECK(samples::verdict(qfmt::io::read_text(*file, 9, Status::config_invalid), Status::config_invalid, "got 10 bytes, expected at most 9") == "");
}

TEST_CASE("a file that becomes shorter is an error and no signal") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", std::string(100'000, 'x'));
  auto const file = File::open(folder / "f");
  std::filesystem::resize_file(folder / "f", 5000);
  std::string all(100'000, '\0');
  CHECK(samples::verdict(file->read(0, std::as_writable_bytes(std::span{all})), Status::io_short_read, "got 5000 bytes at 0, expected 100000") == "");
}

TEST_CASE("only regular files are opened, and no call waits") {
  samples::TemporaryFolder const folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(samples::verdict(File::open(folder / "fifo"), Status::not_regular_file, "fifo: got a fifo") == "");
  CHECK(samples::verdict(File::open(folder.path()), Status::not_regular_file, "got a directory") == "");
  CHECK(samples::verdict(File::open("/dev/zero"), Status::not_regular_file, "/dev/zero: got a device") == "");
  CHECK(samples::verdict(File::open(folder / "none"), Status::io_open, "none: cannot open: No such file or directory") == "");
  CHECK(samples::verdict(File::open(folder / "new\nline"), Status::io_open, "\\x0aline") == "");
}

TEST_CASE("links are followed unless that is forbidden") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "x");
  std::filesystem::create_symlink("f", folder / "link");
  CHECK(File::open(folder / "link").ok());
  CHECK(samples::verdict(File::open_at(AT_FDCWD, folder / "link", "link", O_NOFOLLOW), Status::unsafe_path, "link: got a symbolic link") == "");
}

TEST_CASE("a new file is written at any position and never replaces another") {
  samples::TemporaryFolder const folder;
  auto const file = File::create_at(AT_FDCWD, folder / "f", folder / "f");
  REQUIRE(file.ok());
  CHECK(file->reserve(10).ok());
  CHECK(*file->size() == 10);
  CHECK(file->write(6, bytes("6789")).ok());
  CHECK(file->write(0, bytes("012345")).ok());
  CHECK(file->sync().ok());
  CHECK(samples::read(folder / "f") == "0123456789");
  CHECK(samples::verdict(File::create_at(AT_FDCWD, folder / "f", folder / "f"), Status::output_exists, "f: there is already") == "");
  auto const second = file->duplicate();
  CHECK(second->write(0, bytes("ab")).ok());
  CHECK(samples::read(folder / "f") == "ab23456789");
}

TEST_CASE("a file opened for reading cannot be written") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "x");
  CHECK(samples::verdict(File::open(folder / "f")->write(0, bytes("y")), Status::io_write, "f: cannot write: Bad file descriptor") == "");
}

TEST_CASE("a size limit reads like a full disk, when reserving and when writing") {
  samples::TemporaryFolder const folder;
  CHECK(samples::in_child([&] {
          samples::limit_file_size(1000);
          auto const file = File::create_at(AT_FDCWD, folder / "f", folder / "f");
          if (!file.ok() || !file->reserve(1000).ok()) return 1;
          if (file->reserve(1001).status() != Status::io_no_space) return 2;
          if (file->write(990, bytes("0123456789a")).status() != Status::io_no_space) return 3;  // short, then none
          return samples::verdict(file->write(1000, bytes("x")), Status::io_no_space, "f: cannot write: File too large") == "" ? 0 : 4;
        }) == 0);
  CHECK(samples::read(folder / "f").substr(990) == "0123456789");  // what fits has been written
}

TEST_CASE("a full disk is reported when space is reserved") {
  samples::TemporaryFolder const folder;
  int const code = samples::in_child([&] {
    if (!samples::mount_small_disk(folder.path(), "1m")) return 77;
    auto const file = File::create_at(AT_FDCWD, folder / "f", folder / "f");
    if (!file.ok() || !file->reserve(500'000).ok()) return 1;
    return samples::verdict(file->reserve(2'000'000), Status::io_no_space, "f: cannot reserve space: No space left on device") == "" ? 0 : 2;
  });
  if (code == 77) {
    MESSAGE("not tested: mounting is not permitted");
  } else {
    CHECK(code == 0);
  }
}

TEST_CASE("a mapped file shows the same bytes") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "0123456789");
  samples::write(folder / "empty", "");
  auto mapped = qfmt::io::MappedFile::map(*File::open(folder / "f"));
  REQUIRE(mapped.ok());
  auto const moved = std::move(*mapped);
  CHECK(moved.bytes().size() == 10);
  CHECK(moved.bytes()[9] == std::byte{'9'});
  CHECK(qfmt::io::MappedFile::map(*File::open(folder / "empty"))->bytes().empty());
}
