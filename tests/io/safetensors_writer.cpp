// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/atomic_file.hpp>
#include <qfmt/io/safetensors.hpp>
#include <qfmt/io/safetensors_writer.hpp>
#include <random>

#include "child_process.hpp"

using qfmt::Status;
using qfmt::io::AtomicDirectory;
using qfmt::io::Dtype;
using qfmt::io::SafetensorsPlan;
using qfmt::io::SafetensorsWriter;

namespace {

std::span<std::byte const> bytes(std::string const& text) { return std::as_bytes(std::span{text}); }

SafetensorsPlan small_plan() {
  SafetensorsPlan plan;
  plan.metadata = {{"format", "pt"}, {"a\"b", "\xC3\xA9\n"}};
  plan.add("b", Dtype::F32, {1, 2});
  plan.add("a", Dtype::F32, {});
  plan.add("z", Dtype::I64, {1});
  plan.add("empty", Dtype::U8, {0, 7});
  plan.add("codes", Dtype::U8, {3});
  return plan;
}

/// Reads a file and writes it again, tensors last to first.
std::string rewritten(std::filesystem::path const& path, samples::TemporaryFolder const& folder) {
  auto const file = qfmt::io::SafetensorsFile::open(path);
  REQUIRE_MESSAGE(file.ok(), file.error().message);
  SafetensorsPlan plan;
  plan.metadata = file->metadata();
  for (auto const& tensor : file->tensors()) plan.add(tensor.name, tensor.dtype, tensor.shape);
  auto out = qfmt::io::AtomicFile::create(folder / "copy", qfmt::io::Existing::replace);
  auto writer = SafetensorsWriter::create(*out->file().duplicate(), plan);
  REQUIRE(writer.ok());
  for (auto tensor = file->tensors().rbegin(); tensor != file->tensors().rend(); ++tensor) {
    std::vector<std::byte> data(tensor->bytes());
    REQUIRE(file->read(*tensor, data).ok());
    REQUIRE(writer->write(tensor->name, data).ok());
  }
  REQUIRE(writer->finish().ok());
  REQUIRE(out->commit().ok());
  return samples::read(folder / "copy");
}

}  // namespace

TEST_CASE("the bytes of a file, written in any order and in pieces") {
  samples::TemporaryFolder const folder;
  std::string const header = std::string{"{\"__metadata__\":{\"a\\\"b\":\"\xC3\xA9\\n\",\"format\":\"pt\"},"} +
                             "\"z\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}," + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}," +
                             "\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[12,20]}," + "\"codes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[20,23]}," +
                             "\"empty\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[23,23]}}";
  std::string const padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  auto out = AtomicDirectory::create(folder / "out");
  auto writer = SafetensorsWriter::create(*out, "model.safetensors", small_plan());
  REQUIRE(writer.ok());
  CHECK(writer->write("codes", bytes("xyz")).ok());
  CHECK(writer->append("b", bytes("BBB")).ok());
  CHECK(writer->write("empty", {}).ok());
  CHECK(writer->write("z", bytes("ZZZZZZZZ")).ok());
  CHECK(writer->append("b", bytes("bbbbb")).ok());
  CHECK(writer->write("a", bytes("AAAA")).ok());
  CHECK(writer->finish().ok());
  CHECK(out->commit().ok());
  CHECK(samples::read(folder / "out/model.safetensors") == samples::u64(padded.size()) + padded + "ZZZZZZZZAAAABBBbbbbbxyz");
  CHECK(small_plan().data_bytes() == 23);
}

TEST_CASE("what the reference wrote is written again byte for byte") {
  samples::TemporaryFolder const folder;
  int files = 0;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(QFMT_TEST_FIXTURES)) {
    if (entry.path().extension() != ".safetensors") continue;
    CHECK_MESSAGE(rewritten(entry.path(), folder) == samples::read(entry.path()), entry.path().string());
    ++files;
  }
  CHECK(files >= 24);
}

TEST_CASE("every tensor exactly once, and of its size") {
  samples::TemporaryFolder const folder;
  auto const out = AtomicDirectory::create(folder / "out");
  auto writer = SafetensorsWriter::create(*out, "f", small_plan());
  REQUIRE(writer.ok());
  CHECK(samples::verdict(writer->write("none", {}), Status::invalid_argument, "out/f: tensor 'none'") == "");
  CHECK(samples::verdict(writer->write("z", bytes("short")), Status::size_mismatch, "tensor 'z': got 5 bytes, expected 8 for I64 [1]") == "");
  CHECK(writer->write("z", bytes("ZZZZZZZZ")).ok());
  CHECK(samples::verdict(writer->write("z", bytes("ZZZZZZZZ")), Status::duplicate_key, "tensor 'z': got its data twice") == "");
  CHECK(writer->append("codes", bytes("xy")).ok());
  CHECK(samples::verdict(writer->write("codes", bytes("xyz")), Status::duplicate_key, "tensor 'codes'") == "");
  CHECK(samples::verdict(writer->append("codes", bytes("zz")), Status::size_mismatch, "tensor 'codes': got 4 bytes, expected 3") == "");
  CHECK(writer->write("a", bytes("AAAA")).ok());
  CHECK(writer->write("b", bytes("BBBBBBBB")).ok());
  CHECK(samples::verdict(writer->finish(), Status::checkpoint_incomplete, "tensor 'codes': got 2 bytes written, expected 3") == "");
  CHECK(writer->append("codes", bytes("z")).ok());
  CHECK(samples::verdict(writer->finish(), Status::checkpoint_incomplete, "tensor 'empty': got 0 bytes written, expected 0") == "");
  CHECK(writer->write("empty", {}).ok());
  CHECK(samples::verdict(writer->write("empty", {}), Status::duplicate_key, "tensor 'empty'") == "");
  CHECK(writer->finish().ok());
}

TEST_CASE("plans that no reader would take are refused") {
  struct Row {
    SafetensorsPlan plan;
    Status status;
    char const* place;
  };
  auto const plan = [](std::string name, Dtype dtype, std::vector<uint64_t> shape) {
    SafetensorsPlan made;
    made.add(std::move(name), dtype, std::move(shape));
    return made;
  };
  SafetensorsPlan twice = plan("a", Dtype::U8, {});
  twice.add("a", Dtype::F32, {});
  SafetensorsPlan huge;
  for (char const* name : {"a", "b", "c", "d", "e"}) huge.add(name, Dtype::U8, {uint64_t{1} << 47, 1 << 13});
  SafetensorsPlan metadata;
  metadata.metadata = {{"k", "\xFF"}};
  Row const rows[] = {
      {twice, Status::duplicate_key, "tensor 'a': got the name twice"},
      {huge, Status::size_overflow, "tensor 'e': got more than 2^62 bytes in one file"},
      {metadata, Status::metadata_invalid, "key 'k'"},
      {plan("", Dtype::U8, {}), Status::tensor_name_invalid, "empty"},
      {plan("a\n", Dtype::U8, {}), Status::tensor_name_invalid, "'a\\x0a'"},
      {plan("\xFF", Dtype::U8, {}), Status::tensor_name_invalid, "'\\xff'"},
      {plan("__metadata__", Dtype::U8, {}), Status::tensor_name_invalid, "__metadata__"},
      {plan("a", Dtype::F4, {3}), Status::subbyte_misaligned, "tensor 'a'"},
      {plan("a", Dtype::F32, {uint64_t{1} << 48}), Status::size_overflow, "tensor 'a'"},
      {plan("a", Dtype::F32, std::vector<uint64_t>(65, 1)), Status::rank_unsupported, "tensor 'a'"},
  };
  for (Row const& row : rows) CHECK(samples::verdict(qfmt::io::safetensors_layout(row.plan, "f"), row.status, row.place) == "");
}

TEST_CASE("what is written is accepted by the strict reader, whatever the plan") {
  samples::TemporaryFolder const folder;
  std::minstd_rand generator{1};
  auto const random = [&](uint64_t below) { return uint64_t{generator()} % below; };
  for (int round = 0; round < 50; ++round) {
    SafetensorsPlan plan;
    for (uint64_t i = random(12); i > 0; --i) {
      auto const dtype = static_cast<Dtype>(random(qfmt::io::dtype_count));
      std::vector<uint64_t> shape = {random(4), random(3), random(5) * 8};
      plan.add("t" + std::to_string(random(1u << 30)) + "\xC3\xA9\"\\", dtype, std::move(shape));
    }
    if (round % 2 == 0) plan.metadata = {{"round", std::to_string(round)}, {"", "\x01\"\\/"}};
    auto out = qfmt::io::AtomicFile::create(folder / "f", qfmt::io::Existing::replace);
    auto writer = SafetensorsWriter::create(*out->file().duplicate(), plan);
    REQUIRE(writer.ok());
    for (auto const& tensor : writer->tensors()) REQUIRE(writer->write(tensor.name, std::vector<std::byte>(tensor.bytes(), std::byte{0x5A})).ok());
    REQUIRE(writer->finish().ok());
    REQUIRE(out->commit().ok());
    auto const file = qfmt::io::SafetensorsFile::open(folder / "f");
    REQUIRE_MESSAGE(file.ok(), file.error().message);
    CHECK(file->tensors() == writer->tensors());
    CHECK(file->metadata() == plan.metadata);
    CHECK(rewritten(folder / "f", folder) == samples::read(folder / "f"));
  }
}

TEST_CASE("a full disk is reported before the work and leaves nothing") {
  samples::TemporaryFolder const folder;
  SafetensorsPlan plan;
  plan.add("w", Dtype::U8, {4'000'000});
  CHECK(samples::in_child([&] {
          samples::limit_file_size(1'000'000);
          auto const out = AtomicDirectory::create(folder / "out");
          return samples::verdict(SafetensorsWriter::create(*out, "f", plan), Status::io_no_space, "out/f: cannot reserve space") == "" ? 0 : 1;
        }) == 0);
  int const code = samples::in_child([&] {
    if (!samples::mount_small_disk(folder.path(), "1m")) return 77;
    {
      auto const out = AtomicDirectory::create(folder / "out");
      if (samples::verdict(SafetensorsWriter::create(*out, "f", plan), Status::io_no_space, "No space left on device") != "") return 1;
    }
    return folder.names().empty() ? 0 : 2;
  });
  if (code == 77) {
    MESSAGE("not tested: mounting is not permitted");
  } else {
    CHECK(code == 0);
  }
}
