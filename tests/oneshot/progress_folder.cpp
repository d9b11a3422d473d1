// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <io/child_process.hpp>
#include <io/samples.hpp>

#include <qfmt/oneshot/progress_folder.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;

namespace {

std::vector<NamedTensor> some_tensors(std::size_t bytes = 3) {
  return {{"a", io::Dtype::U8, {bytes}, io::Bytes(bytes, std::byte{7})},
          {"b", io::Dtype::F32, {1, 1}, io::Bytes(4, std::byte{1})}};
}

}  // namespace

TEST_CASE("a part is there once it is saved, also for a later run of the job") {
  samples::TemporaryFolder const folder;
  auto const first = ProgressFolder::open(folder / "p", "job");
  REQUIRE_MESSAGE(first, first.error().to_string());
  CHECK(!first->has("0-1"));
  REQUIRE(first->save("0-1", some_tensors()));
  auto const second = ProgressFolder::open(folder / "p", "job");
  REQUIRE(second);
  CHECK(second->has("0-1"));
  auto const loaded = second->load("0-1");
  REQUIRE(loaded);
  REQUIRE(loaded->size() == 2);
  std::size_t const a = (*loaded)[0].name == "a" ? 0 : 1;
  CHECK((*loaded)[a].shape == std::vector<uint64_t>{3});
  CHECK((*loaded)[a].bytes == io::Bytes(3, std::byte{7}));
  second->remove();
  CHECK(folder.names().empty());
}

TEST_CASE("a folder belongs to one job") {
  samples::TemporaryFolder const folder;
  REQUIRE(ProgressFolder::open(folder / "p", "job"));
  auto const other = ProgressFolder::open(folder / "p", "another job");
  CHECK(other.status() == Status::config_invalid);
  CHECK(other.error().message.find((folder / "p").string()) == 0);
  CHECK(ProgressFolder::open(folder / "not" / "there", "job").status() == Status::io_open);
}

TEST_CASE("what somebody else keeps in a folder is safe") {
  samples::TemporaryFolder const folder;
  std::filesystem::create_directory(folder / "data");
  samples::write(folder / "data" / "thesis.txt", "years of work");
  CHECK(ProgressFolder::open(folder / "data", "job").status() == Status::output_exists);
  CHECK(samples::read(folder / "data" / "thesis.txt") == "years of work");

  // A run was killed while it wrote its first file.
  std::filesystem::create_directory(folder / "p");
  samples::write(folder / "p" / ".qfmt-tmp-job-1-0000000000000000", "half");
  auto const progress = ProgressFolder::open(folder / "p", "job");
  REQUIRE(progress);
  REQUIRE(progress->save("0-1", some_tensors()));
  samples::write(folder / "p" / "notes.txt", "mine");
  progress->remove();
  CHECK(samples::read(folder / "p" / "notes.txt") == "mine");
  CHECK_FALSE(progress->has("0-1"));
}

TEST_CASE("on a full disk a part is absent, not half there") {
  samples::TemporaryFolder const folder;
  CHECK(samples::in_child([&] {
          auto const progress = ProgressFolder::open(folder / "p", "job");
          samples::limit_file_size(1000);
          if (!progress ||
              progress->save("0-0", some_tensors(2000)).status() != Status::io_no_space)
            return 1;
          return progress->has("0-0") ? 2 : 0;
        }) == 0);
}
