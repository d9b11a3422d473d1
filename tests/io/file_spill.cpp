// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/io/file_spill.hpp>

#include "calibration/mlp_model.hpp"
#include "child_process.hpp"
#include "samples.hpp"

using namespace qfmt;
using namespace qfmt::io;

namespace {

std::vector<std::byte> bytes(std::size_t count, int first) {
  std::vector<std::byte> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<std::byte>(static_cast<unsigned>(first) + i));
  return out;
}

/// Keeps the input that it has seen last.
struct Last {
  static constexpr char const* name = "last";
  Result<void> on_input(calibration::Context const&, calibration::InputBatch const& x) {
    values.assign(x.values.data, x.values.data + x.values.shape.size());
    return {};
  }
  std::vector<float> values;
};

/// Runs the test model with a budget too small for its activations. Its batches have 20 and 15 tokens.
Result<void> calibrate(calibration::Spill& spill, std::vector<float>* last = nullptr) {
  test::MlpModel model{4};
  auto const watcher = std::make_shared<Last>();
  calibration::Session session;
  if (auto done =
          session.initialize(calibration::ModelRef{model}, {calibration::AnyModifier{watcher}});
      !done)
    return done;
  std::vector<calibration::Batch> const batches{test::MlpModel::batch(20, 1),
                                                test::MlpModel::batch(15, 2)};
  calibration::PipelineOptions options;
  options.cache_budget = 16;
  options.spill = &spill;
  auto const done = calibration::run_sequential(session, batches, options);
  if (last != nullptr)
    *last = watcher->values;
  return done;
}

}  // namespace

TEST_CASE("what is written is read, and the file has no name") {
  samples::TemporaryFolder const folder;
  auto spill = FileSpill::create(folder.path());
  REQUIRE(spill);
  CHECK(folder.names().empty());
  auto const a = spill->write(bytes(100, 1));
  auto const b = spill->write(bytes(50, 9));
  REQUIRE(a);
  REQUIRE(b);
  std::vector<std::byte> read(100);
  REQUIRE(spill->read(*a, read));
  CHECK(read == bytes(100, 1));
  read.resize(50);
  REQUIRE(spill->read(*b, read));
  CHECK(read == bytes(50, 9));
  CHECK(spill->read(*a, read).status() == Status::invalid_argument);
  CHECK(spill->read(77, read).status() == Status::invalid_argument);
  CHECK(spill->size() == 150);
}

TEST_CASE("room is used again") {
  samples::TemporaryFolder const folder;
  auto spill = FileSpill::create(folder.path());
  REQUIRE(spill);
  auto const kept = spill->write(bytes(10, 0));
  for (int i = 0; i < 5; ++i) {
    auto const number = spill->write(bytes(100, i));
    REQUIRE(number);
    std::vector<std::byte> read(100);
    REQUIRE(spill->read(*number, read));
    CHECK(read == bytes(100, i));
    spill->drop(*number);
    spill->drop(*number);  // a number that is gone
  }
  CHECK(spill->size() == 110);
  std::vector<std::byte> read(10);
  REQUIRE(spill->read(*kept, read));
  CHECK(read == bytes(10, 0));
}

TEST_CASE("a calibration whose activations are in a file sees what one in memory sees") {
  samples::TemporaryFolder const folder;
  auto spill = FileSpill::create(folder.path());
  REQUIRE(spill);
  std::vector<float> spilled, resident;
  REQUIRE(calibrate(*spill, &spilled));
  // Inputs and outputs of two batches at a time, (20 + 15) x 64 floats, whatever the number of blocks.
  CHECK(spill->size() == 35 * 64 * 4);
  struct InMemory final : calibration::Spill {
    Result<uint64_t> write(std::span<std::byte const> b) override {
      kept.emplace_back(b.begin(), b.end());
      return kept.size() - 1;
    }
    Result<void> read(uint64_t n, std::span<std::byte> into) override {
      std::copy(kept[n].begin(), kept[n].end(), into.begin());
      return {};
    }
    void drop(uint64_t) override {}
    std::vector<std::vector<std::byte>> kept;
  } memory;
  REQUIRE(calibrate(memory, &resident));
  CHECK(spilled == resident);
}

TEST_CASE("a full disk in mid-calibration is named, with batch and activation") {
  samples::TemporaryFolder const folder;
  int const code = samples::in_child([&] {
    samples::limit_file_size(6000);  // 20 tokens of 64 floats fit, 15 more do not
    auto spill = FileSpill::create(folder.path());
    if (!spill)
      return 1;
    auto const done = calibrate(*spill);
    if (done.status() != Status::io_no_space)
      return 2;
    return done.error().message.find("batch 1: activation 'x': ") == 0 ? 0 : 3;
  });
  CHECK(code == 0);
  CHECK(folder.names().empty());
  int const full = samples::in_child([&] {
    if (!samples::mount_small_disk(folder.path(), "4k"))
      return 77;
    auto spill = FileSpill::create(folder.path());
    if (!spill)
      return 1;
    return calibrate(*spill).status() == Status::io_no_space ? 0 : 2;
  });
  if (full == 77) {
    MESSAGE("not tested: mounting is not permitted");
  } else {
    CHECK(full == 0);
  }
}

TEST_CASE("a directory that is not there") {
  CHECK(FileSpill::create("/nonexistent/folder").status() == Status::io_open);
}
