// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <sys/stat.h>

#include <doctest/doctest.h>
#include <qfmt/io/safetensors.hpp>

using qfmt::Status;
using qfmt::io::SafetensorsFile;
using samples::tensor;

namespace {

/// "m" is 3 x 2 bytes, 0 to 5; "s" a scalar after it.
std::string small_file() {
  std::string const header = "{" + tensor("m", "U8", "[3,2]", "[0,6]") + "," + tensor("s", "F32", "[]", "[6,10]") + "}";
  return samples::u64(header.size()) + header + std::string{"\0\1\2\3\4\5wxyz", 10};
}

std::string text_of(std::vector<std::byte> const& bytes) { return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; }

}  // namespace

TEST_CASE("files that are not what they should be") {
  struct Row {
    char const* name;
    std::string bytes;
    Status status;
    char const* place;
  };
  std::string const zeros(64, '\0');
  Row const rows[] = {
      {"001 empty_file", "", Status::header_too_small, "got a file of 0 bytes, expected at least 8"},
      {"002 7bytes", std::string(7, '\1'), Status::header_too_small, "got a file of 7 bytes"},
      {"003 len0", samples::u64(0), Status::header_empty, "got a header of 0 bytes"},
      {"004 len_gt_file", samples::u64(1000) + "{\"a\":1}", Status::header_truncated, "got a file of 15 bytes, expected a header of 1000 bytes"},
      {"len one too many", samples::u64(3) + "{}", Status::header_truncated, "got a file of 10 bytes, expected a header of 3 bytes"},
      {"005 len_u64max", samples::u64(~uint64_t{0}) + "{}", Status::header_too_large, "18446744073709551615"},
      {"006 len_i64min", samples::u64(uint64_t{1} << 63) + "{}", Status::header_too_large, "9223372036854775808"},
      {"007 len_100M_plus1", samples::u64(100'000'001) + "{}", Status::header_too_large, "got a header of 100000001 bytes, expected at most 100000000"},
      {"008 len_100M_exact_short", samples::u64(100'000'000) + "{}", Status::header_truncated, "got a file of 10 bytes, expected a header of 100000000"},
      {"010 hdr_array", samples::file("[]"), Status::header_not_object, "got '['"},
      {"083 off_beyond_file", samples::file("{" + tensor("a", "F32", "[4]", "[0,16]") + "}", 8), Status::data_truncated, "tensor 'a': got 8 bytes of data in the file, expected at least 16"},
      {"109 gguf", "GGUF\3" + zeros, Status::not_safetensors, "this is a GGUF file"},
      {"110 zip", "PK\3\4" + zeros, Status::not_safetensors, "this is a zip archive"},
      {"111 git_lfs_pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:aaaa\nsize 123\n", Status::not_safetensors, "this is a Git LFS pointer"},
      {"112 html", "<!DOCTYPE html><html></html>", Status::not_safetensors, "this is a web page"},
      {"pickle", "\x80\2}q\1X" + zeros, Status::not_safetensors, "this is a Python pickle"},
      {"json", "{\"a\":1,\"b\":2}", Status::not_safetensors, "JSON text without"},
      {"hdf5", "\x89HDF\r\n\x1A\n" + zeros, Status::not_safetensors, "an HDF5 file"},
      {"text", "name,size\nweights,16\n", Status::not_safetensors, "this is a text file"},
      {"unknown", "garbage\1that is long enough", Status::header_too_large, "got a header of"},
  };
  samples::TemporaryFolder const folder;
  for (Row const& row : rows) {
    samples::write(folder / "bad.file", row.bytes);
    CHECK_MESSAGE(samples::verdict(SafetensorsFile::open(folder / "bad.file"), row.status, row.place) == "", row.name);
    CHECK_MESSAGE(samples::verdict(SafetensorsFile::open(folder / "bad.file"), row.status, "bad.file: ") == "", row.name);
  }
}

TEST_CASE("a file whose first bytes look like an archive's is read if it is one of ours") {
  // A header of 0x04034B50 bytes makes the file begin with "PK\3\4".
  samples::TemporaryFolder const folder;
  std::string header = "{}";
  header.resize(0x04034B50, ' ');
  samples::write(folder / "f", samples::file(header));
  CHECK(samples::read(folder / "f").substr(0, 4) == "PK\3\4");
  CHECK(SafetensorsFile::open(folder / "f").ok());
}

TEST_CASE("only regular files are opened") {
  samples::TemporaryFolder const folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(samples::verdict(SafetensorsFile::open(folder / "fifo"), Status::not_regular_file, "fifo") == "");
  CHECK(samples::verdict(SafetensorsFile::open(folder.path()), Status::not_regular_file, "a directory") == "");
  CHECK(samples::verdict(SafetensorsFile::open("/dev/zero"), Status::not_regular_file, "/dev/zero") == "");
  CHECK(samples::verdict(SafetensorsFile::open(folder / "none"), Status::io_open, "none") == "");
}

TEST_CASE("tensors and rows are read") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", small_file());
  auto const file = SafetensorsFile::open(folder / "f");
  REQUIRE(file.ok());
  auto const* const m = file->find("m");
  auto const* const s = file->find("s");
  REQUIRE(m != nullptr);
  REQUIRE(s != nullptr);
  CHECK(file->find("t") == nullptr);
  CHECK(file->data_bytes() == 10);
  std::vector<std::byte> whole(6), rows(4), scalar(4), none;
  CHECK(file->read(*m, whole).ok());
  CHECK(text_of(whole) == std::string{"\0\1\2\3\4\5", 6});
  CHECK(file->read(*s, scalar).ok());
  CHECK(text_of(scalar) == "wxyz");
  CHECK(file->read_rows(*m, 1, 2, rows).ok());
  CHECK(text_of(rows) == std::string{"\2\3\4\5", 4});
  CHECK(file->read_rows(*m, 3, 0, none).ok());
}

TEST_CASE("wrong requests are refused") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", small_file());
  auto const file = SafetensorsFile::open(folder / "f");
  auto const& m = *file->find("m");
  std::vector<std::byte> five(5), seven(7), four(4);
  CHECK(samples::verdict(file->read(m, five), Status::buffer_too_small, "tensor 'm': got a buffer of 5 bytes, expected 6") == "");
  CHECK(samples::verdict(file->read(m, seven), Status::size_mismatch, "tensor 'm': got a buffer of 7 bytes") == "");
  CHECK(samples::verdict(file->read_rows(m, 2, 2, four), Status::invalid_argument, "tensor 'm': got rows from 2, 2 of them, expected some of 3") == "");
  CHECK(samples::verdict(file->read_rows(m, ~uint64_t{0}, 2, four), Status::invalid_argument, "tensor 'm'") == "");
  CHECK(samples::verdict(file->read_rows(*file->find("s"), 0, 1, four), Status::rank_unsupported, "tensor 's'") == "");
  qfmt::io::TensorInfo const foreign{"x", qfmt::io::Dtype::U8, {4}, 8, 12};
  CHECK(samples::verdict(file->read(foreign, four), Status::invalid_argument, "tensor 'x'") == "");
}

TEST_CASE("a file that becomes shorter after it was opened") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", small_file());
  auto const file = SafetensorsFile::open(folder / "f");
  std::filesystem::resize_file(folder / "f", small_file().size() - 6);
  std::vector<std::byte> bytes(6);
  CHECK(samples::verdict(file->read(*file->find("m"), bytes), Status::io_short_read, "f: got 4 bytes") == "");
}

TEST_CASE("alignment is told, not demanded") {
  samples::TemporaryFolder const folder;
  std::string header = "{" + tensor("a", "U8", "[1]", "[0,1]") + "," + tensor("b", "F32", "[1]", "[1,5]") + "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  samples::write(folder / "f", samples::file(header, 5));
  auto const file = SafetensorsFile::open(folder / "f");
  REQUIRE(file.ok());
  CHECK(file->is_aligned(*file->find("a")));
  CHECK(!file->is_aligned(*file->find("b")));
  std::vector<std::byte> bytes(4);
  CHECK(file->read(*file->find("b"), bytes).ok());
}

TEST_CASE("compat says what it let pass") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "f", samples::file("\n{}\n"));
  CHECK(SafetensorsFile::open(folder / "f").status() == Status::header_leading_space);
  auto const file = SafetensorsFile::open(folder / "f", {.strictness = qfmt::io::Strictness::compat});
  REQUIRE(file.ok());
  CHECK(file->warnings().size() == 2);
}
