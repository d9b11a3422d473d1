// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/checkpoint.hpp>

using qfmt::Status;
using qfmt::io::Checkpoint;
using samples::tensor;

namespace {

std::string bytes_file(std::vector<std::string> const& names) {
  std::string header = "{";
  std::string data;
  for (std::string const& name : names) {
    header += (data.empty() ? "" : ",") + tensor(name, "U8", "[1]", "[" + std::to_string(data.size()) + "," + std::to_string(data.size() + 1) + "]");
    data += name[0];
  }
  header += "}";
  return samples::u64(header.size()) + header + data;
}

constexpr char const* first = "model-00001-of-00002.safetensors";
constexpr char const* second = "model-00002-of-00002.safetensors";

std::string index(std::string const& map, std::string const& metadata = "") { return "{" + metadata + "\"weight_map\":{" + map + "}}"; }

std::string mapped(std::string const& name, std::string const& shard) { return "\"" + name + "\":\"" + shard + "\""; }

/// A directory with two shards, "a" and "c" in the first and "b" in the second.
void write_sharded(samples::TemporaryFolder const& folder) {
  samples::write(folder / first, bytes_file({"a", "c"}));
  samples::write(folder / second, bytes_file({"b"}));
  samples::write(folder / "model.safetensors.index.json", index(mapped("a", first) + "," + mapped("b", second) + "," + mapped("c", first), R"("metadata":{"total_size":3},)"));
}

void write_index(samples::TemporaryFolder const& folder, std::string const& map) { samples::write(folder / "model.safetensors.index.json", index(map)); }

}  // namespace

TEST_CASE("a directory with one file") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "model.safetensors", bytes_file({"a", "b"}));
  samples::write(folder / "config.json", R"({"hidden_size":64})");
  for (char const* name : {"tokenizer.json", "README.md", "generation_config.json", ".gitattributes", "pytorch_model.bin", "tok512.bin", "other.safetensors", "model.gguf"}) samples::write(folder / name, "x");
  std::filesystem::create_directory(folder / "original");
  auto const checkpoint = Checkpoint::open(folder.path());
  REQUIRE(checkpoint.ok());
  CHECK(!checkpoint->is_sharded());
  CHECK(checkpoint->shards() == std::vector<std::string>{"model.safetensors"});
  CHECK(checkpoint->config().at("hidden_size") == 64);
  CHECK(checkpoint->other_files() == std::vector<std::filesystem::path>{folder / "README.md", folder / "generation_config.json", folder / "tok512.bin", folder / "tokenizer.json"});
  CHECK(checkpoint->left_out() == std::vector<std::string>{"model.gguf", "original", "other.safetensors", "pytorch_model.bin"});
  CHECK(checkpoint->find("b")->name == "b");
  CHECK(checkpoint->find("c") == nullptr);
}

TEST_CASE("a directory with shards reads like one file") {
  samples::TemporaryFolder const folder;
  write_sharded(folder);
  auto opened = Checkpoint::open(folder.path());
  REQUIRE_MESSAGE(opened.ok(), opened.error().message);
  Checkpoint const checkpoint = std::move(*opened);
  CHECK(checkpoint.is_sharded());
  CHECK(checkpoint.shards() == std::vector<std::string>{first, second});
  CHECK(checkpoint.config().is_null());
  CHECK(checkpoint.tensors().size() == 3);
  CHECK(checkpoint.tensors_of(0).size() == 2);
  CHECK(checkpoint.tensors_of(1).size() == 1);
  for (auto const& t : checkpoint.tensors()) {
    std::vector<std::byte> data(1);
    CHECK(checkpoint.read(t, data).ok());
    CHECK(static_cast<char>(data[0]) == t.name[0]);
    CHECK(checkpoint.shard_of(t) == (t.name == "b" ? second : first));
    qfmt::io::TensorInfo const copy = t;
    CHECK(checkpoint.shard_of(copy) == checkpoint.shard_of(t));
    CHECK(checkpoint.read_rows(copy, 0, 1, data).ok());
  }
}

TEST_CASE("one file is a checkpoint too") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "tiny.safetensors", bytes_file({"a"}));
  samples::write(folder / "notes.txt", "x");
  auto const checkpoint = Checkpoint::open(folder / "tiny.safetensors");
  REQUIRE(checkpoint.ok());
  CHECK(checkpoint->shards() == std::vector<std::string>{"tiny.safetensors"});
  CHECK(checkpoint->config().is_null());
  CHECK(checkpoint->other_files().empty());
  CHECK(samples::verdict(Checkpoint::open(folder / "none"), Status::io_open, "none") == "");
}

TEST_CASE("which weights?") {
  samples::TemporaryFolder const folder;
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::checkpoint_incomplete, "got no weights, expected model.safetensors") == "");
  samples::write(folder / "pytorch_model.bin", "x");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::checkpoint_incomplete, "got 'pytorch_model.bin', expected model.safetensors") == "");
  write_sharded(folder);
  samples::write(folder / "model.safetensors", bytes_file({"a"}));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::checkpoint_ambiguous, "got both model.safetensors and") == "");
}

TEST_CASE("index and shards must agree") {
  samples::TemporaryFolder const folder;
  write_sharded(folder);
  std::string const good = mapped("a", first) + "," + mapped("b", second) + "," + mapped("c", first);
  write_index(folder, good);
  CHECK(Checkpoint::open(folder.path()).ok());
  write_index(folder, good + "," + mapped("d", second));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::index_inconsistent, std::string{"tensor 'd': got no such tensor in shard '"} + second) == "");
  write_index(folder, mapped("a", first) + "," + mapped("b", second));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::index_inconsistent, std::string{"tensor 'c': got it in shard '"} + first + "', but not in the index") == "");
  write_index(folder, mapped("a", second) + "," + mapped("b", second) + "," + mapped("c", first));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::index_inconsistent, "tensor 'a': got it in shard") == "");
  write_index(folder, good);
  samples::write(folder / second, bytes_file({"b", "a"}));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::index_inconsistent, std::string{"tensor 'a': got it in shard '"} + second + "', expected only in '" + first) == "");
}

TEST_CASE("all missing shards are named") {
  samples::TemporaryFolder const folder;
  write_sharded(folder);
  std::filesystem::remove(folder / first);
  std::filesystem::remove(folder / second);
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::shard_missing, std::string{"'"} + first + "', '" + second + "'") == "");
}

TEST_CASE("shards are files of the directory") {
  samples::TemporaryFolder const folder;
  samples::TemporaryFolder const elsewhere;
  write_sharded(folder);
  samples::write(elsewhere / "x", bytes_file({"b"}));
  std::filesystem::remove(folder / second);
  std::filesystem::create_symlink(elsewhere / "x", folder / second);
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::unsafe_path, std::string{second} + ": got a symbolic link") == "");
  std::filesystem::remove(folder / second);
  std::filesystem::create_directory(folder / second);
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::not_regular_file, second) == "");
  for (char const* shard : {"../x.safetensors", "/etc/passwd", "a/b.safetensors"}) {
    write_index(folder, mapped("a", shard));
    CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::unsafe_path, shard) == "");
  }
}

TEST_CASE("a wrong total size is an error, or a warning") {
  samples::TemporaryFolder const folder;
  write_sharded(folder);
  samples::write(folder / "model.safetensors.index.json",
                 index(mapped("a", first) + "," + mapped("b", second) + "," + mapped("c", first), R"("metadata":{"total_size":4},)"));
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::index_inconsistent, "metadata.total_size: got 4, expected 3") == "");
  auto const checkpoint = Checkpoint::open(folder.path(), {.strictness = qfmt::io::Strictness::compat});
  REQUIRE(checkpoint.ok());
  CHECK(checkpoint->warnings().size() == 1);
}

TEST_CASE("bad configurations and foreign links are refused") {
  samples::TemporaryFolder const folder;
  samples::write(folder / "model.safetensors", bytes_file({"a"}));
  samples::write(folder / "config.json", "[1]");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::config_invalid, "config.json: got array, expected an object") == "");
  samples::write(folder / "config.json", "{\"a\":1,\"a\":2}");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::duplicate_key, "config.json: got the key 'a' twice") == "");
  samples::write(folder / "config.json", "{");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::json_syntax, "config.json: got the end") == "");
  samples::write(folder / "config.json", "{}");
  std::filesystem::create_symlink("/etc/passwd", folder / "tokenizer.json");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::unsafe_path, "tokenizer.json: got a symbolic link") == "");
}

TEST_CASE("a snapshot in the Hugging Face cache is a checkpoint") {
  samples::TemporaryFolder const cache;
  std::filesystem::create_directories(cache / "snapshots/1");
  std::filesystem::create_directories(cache / "blobs");
  auto const add = [&](char const* name, char digit, std::string const& content) {
    std::string const hash(40, digit);
    samples::write(cache / ("blobs/" + hash), content);
    std::filesystem::create_symlink("../../blobs/" + hash, cache / ("snapshots/1/" + std::string{name}));
  };
  add("model.safetensors", 'a', bytes_file({"a"}));
  add("config.json", 'b', "{}");
  add("tokenizer.json", 'c', "{}");
  auto const checkpoint = Checkpoint::open(cache / "snapshots/1");
  REQUIRE_MESSAGE(checkpoint.ok(), checkpoint.error().message);
  CHECK(checkpoint->other_files() == std::vector<std::filesystem::path>{cache / "snapshots/1/tokenizer.json"});
}

TEST_CASE("a shard that is broken is named") {
  samples::TemporaryFolder const folder;
  write_sharded(folder);
  samples::write(folder / second, bytes_file({"b"}) + "x");
  CHECK(samples::verdict(Checkpoint::open(folder.path()), Status::data_trailing, std::string{second} + ": got 2 bytes of data, expected 1") == "");
}
