// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <qfmt/io/checkpoint.hpp>
#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/safetensors_writer.hpp>

namespace qfmt::test {

using Floats = std::vector<float>;

/// A checkpoint of some tensors, removed at the end.
class Stored {
 public:
  void add(std::string const& name, io::Dtype dtype, std::vector<uint64_t> const& tensor_shape,
           io::Bytes bytes) {
    plan_.add(name, dtype, tensor_shape);
    data_.emplace_back(name, std::move(bytes));
  }
  void add(std::string const& name, std::vector<uint64_t> const& tensor_shape,
           Floats const& values) {
    auto const bytes = std::as_bytes(std::span{values});
    add(name, io::Dtype::F32, tensor_shape, {bytes.begin(), bytes.end()});
  }

  /// What was added, as a checkpoint with this config.json.
  io::Checkpoint open(nlohmann::json const& config = nlohmann::json::object()) {
    std::filesystem::remove_all(path_);
    auto directory = io::AtomicDirectory::create(path_);
    REQUIRE(directory);
    {
      auto writer = io::SafetensorsWriter::create(*directory, "model.safetensors", plan_);
      REQUIRE(writer);
      for (auto const& [name, bytes] : data_) REQUIRE(writer->write(name, bytes));
      REQUIRE(writer->finish());
    }
    REQUIRE(directory->commit());
    std::ofstream{path_ / "config.json"} << config;
    auto checkpoint = io::Checkpoint::open(path_);
    REQUIRE(checkpoint);
    return *std::move(checkpoint);
  }

  Stored() = default;
  Stored(Stored const&) = delete;
  Stored& operator=(Stored const&) = delete;
  ~Stored() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

 private:
  io::SafetensorsPlan plan_;
  std::vector<std::pair<std::string, io::Bytes>> data_;
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("qfmt_stored." + std::to_string(::getpid()));
};

}  // namespace qfmt::test
