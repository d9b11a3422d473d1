// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/directory.hpp>

using qfmt::Status;
using qfmt::io::Directory;

TEST_CASE("bare names") {
  for (std::string const good : {"model.safetensors", "a", "\xC3\xA9.txt", "a b", "~x", "-x"}) CHECK(qfmt::io::is_bare_name(good));
  CHECK(qfmt::io::is_bare_name(std::string(255, 'n')));
  for (std::string const bad : {"", ".", "..", ".hidden", "a/b", "/etc/passwd", "../x", "a\\b", "c:x", "a\nb"}) CHECK(!qfmt::io::is_bare_name(bad));
  CHECK(!qfmt::io::is_bare_name(std::string(256, 'n')));
  CHECK(!qfmt::io::is_bare_name({"a\0b", 3}));
}

TEST_CASE("files are opened by bare names, and links lead nowhere") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "x");
  std::filesystem::create_directory(folder / "sub");
  samples::write(folder / "sub/g", "y");
  std::filesystem::create_symlink("f", folder / "link");
  std::filesystem::create_symlink("/etc/passwd", folder / "outside");
  auto const directory = Directory::open(folder.path());
  REQUIRE(directory.ok());
  CHECK(directory->open_file("f").ok());
  for (char const* name : {"../x", "/etc/passwd", "sub/g", "..", ""}) CHECK(samples::verdict(directory->open_file(name), Status::unsafe_path, "expected the bare name") == "");
  CHECK(samples::verdict(directory->open_file("link"), Status::unsafe_path, "link: got a symbolic link") == "");
  CHECK(samples::verdict(directory->open_file("outside"), Status::unsafe_path, "outside: got a symbolic link") == "");
  CHECK(samples::verdict(directory->open_file("sub"), Status::not_regular_file, "sub: got a directory") == "");
  CHECK(samples::verdict(directory->open_file("none"), Status::io_open, "none: cannot open") == "");
  CHECK(directory->contains("outside"));
  CHECK(!directory->contains("none"));
  CHECK(directory->is_directory("sub"));
  CHECK(!directory->is_directory("f"));
  CHECK(*directory->names() == std::vector<std::string>{"f", "link", "outside", "sub"});
  CHECK(directory->sync().ok());
}

TEST_CASE("the links of the Hugging Face cache are followed, others of that kind are not") {
  samples::TemporaryFolder const cache;
  std::string const hash(64, 'a');
  std::filesystem::create_directories(cache / "snapshots/1");
  std::filesystem::create_directories(cache / "blobs");
  samples::write(cache / ("blobs/" + hash), "weights");
  std::filesystem::create_symlink(hash, cache / ("blobs/" + std::string(64, 'b')));
  auto const link = [&](char const* name, std::string const& target) { std::filesystem::create_symlink(target, cache / ("snapshots/1/" + std::string{name})); };
  link("model", "../../blobs/" + hash);
  link("chain", "../../blobs/" + std::string(64, 'b'));
  link("short", "../../blobs/" + std::string(63, 'a'));
  link("word", "../../blobs/passwd");
  link("away", "../../blobs/../../../../../../../../../../etc/passwd");  // as long as a hash
  link("higher", "../../../blobs/" + hash);
  link("lost", "../../blobs/" + std::string(40, 'c'));
  auto const directory = Directory::open(cache / "snapshots/1");
  auto const file = directory->open_file("model");
  REQUIRE(file.ok());
  CHECK(*qfmt::io::read_text(*file, 100, Status::config_invalid) == "weights");
  for (char const* name : {"chain", "short", "word", "away", "higher"}) CHECK(samples::verdict(directory->open_file(name), Status::unsafe_path, name) == "");
  CHECK(samples::verdict(directory->open_file("lost"), Status::io_open, "lost: cannot open: No such file") == "");
}

TEST_CASE("what is no directory is not opened as one") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", "x");
  CHECK(samples::verdict(Directory::open(folder / "f"), Status::io_open, "f: cannot open the directory") == "");
  CHECK(samples::verdict(Directory::open(folder / "none"), Status::io_open, "none: cannot open the directory") == "");
}
