// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <io/samples.hpp>

#include <qfmt/oneshot/checkpoint_rewrite.hpp>

using nlohmann::json;
using qfmt::Status;
using qfmt::io::AtomicDirectory;
using qfmt::io::Bytes;
using qfmt::io::Checkpoint;
using qfmt::io::Dtype;
using qfmt::io::SafetensorsWriter;
using qfmt::io::TensorInfo;
using qfmt::oneshot::Meter;
using qfmt::oneshot::Progress;
using qfmt::oneshot::Rewrite;
using qfmt::oneshot::rewrite_checkpoint;

namespace {

/// A model of the tensors "a", "b" and "c", eight bytes each.
void write_model(std::filesystem::path const& path) {
  auto directory = AtomicDirectory::create(path);
  REQUIRE(directory.ok());
  qfmt::io::SafetensorsPlan plan;
  for (char const* const name : {"a", "b", "c"}) plan.add(name, Dtype::U8, {2, 4});
  auto writer = SafetensorsWriter::create(*directory, "model.safetensors", plan);
  REQUIRE(writer.ok());
  for (char const* const name : {"a", "b", "c"})
    REQUIRE(writer->write(name, Bytes(8, static_cast<std::byte>(*name))).ok());
  REQUIRE(writer->finish().ok());
  REQUIRE(directory->write_file("tokenizer.json", "{}").ok());
  REQUIRE(directory->commit().ok());
}

/// "a" becomes two tensors, "b" none.
Rewrite rewrite() {
  Rewrite rewrite;
  rewrite.parts =
      [](TensorInfo const& tensor) -> std::optional<std::vector<qfmt::io::LayerTensor>> {
    if (tensor.name == "a")
      return std::vector<qfmt::io::LayerTensor>{{"a.1", Dtype::U8, {1}}, {"a.2", Dtype::U8, {2}}};
    if (tensor.name == "b")
      return std::vector<qfmt::io::LayerTensor>{};
    return {};
  };
  rewrite.write = [](TensorInfo const& tensor, SafetensorsWriter& writer) -> qfmt::Result<void> {
    if (auto done = writer.write(tensor.name + ".1", Bytes(1)); !done)
      return done;
    return writer.write(tensor.name + ".2", Bytes(2));
  };
  return rewrite;
}

}  // namespace

TEST_CASE("tensors are replaced, dropped or kept; the rest goes along") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in");
  auto const checkpoint = Checkpoint::open(folder / "in");
  REQUIRE(checkpoint.ok());
  auto directory = AtomicDirectory::create(folder / "out");
  REQUIRE(directory.ok());
  std::vector<uint64_t> done;
  std::function<void(Progress const&)> const progress = [&](Progress const& p) {
    CHECK(p.stage == "rewrite");
    CHECK(p.total == 24);
    done.push_back(p.done);
  };
  Meter meter{progress, "rewrite", 24};
  auto const bytes = rewrite_checkpoint(*checkpoint, *directory, rewrite(), json{{"x", 1}}, meter);
  REQUIRE(bytes.ok());
  CHECK(*bytes == 11);
  CHECK(done == std::vector<uint64_t>{8, 16, 24});
  REQUIRE(directory->commit().ok());
  auto const out = Checkpoint::open(folder / "out");
  REQUIRE(out.ok());
  CHECK(out->tensors().size() == 3);
  CHECK(out->find("a") == nullptr);
  CHECK(out->find("b") == nullptr);
  Bytes kept(8);
  REQUIRE(out->read(*out->find("c"), kept).ok());
  CHECK(kept == Bytes(8, std::byte{'c'}));
  CHECK(out->config() == json{{"x", 1}});
  CHECK(out->other_files().size() == 1);
}

TEST_CASE("an error of the function that writes is passed on") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in");
  auto const checkpoint = Checkpoint::open(folder / "in");
  auto directory = AtomicDirectory::create(folder / "out");
  Rewrite failing = rewrite();
  failing.write = [](TensorInfo const&, SafetensorsWriter&) -> qfmt::Result<void> {
    return qfmt::Error{Status::unsupported, "no"};
  };
  std::function<void(Progress const&)> const silent;
  Meter meter{silent, "rewrite", 24};
  CHECK(rewrite_checkpoint(*checkpoint, *directory, failing, json::object(), meter).status() ==
        Status::unsupported);
}
