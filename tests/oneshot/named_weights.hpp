// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <io/samples.hpp>

#include <qfmt/io/atomic_directory.hpp>
#include <qfmt/io/safetensors_writer.hpp>
#include <qfmt/oneshot/layer_search.hpp>

namespace qfmt::test {

using oneshot::LayerQuantizer;

/// A model of weights with these names, all 4 x 8, and of what has three dimensions.
class NamedWeights {
 public:
  explicit NamedWeights(std::vector<std::string> const& modules, std::string const& stack = {}) {
    auto directory = io::AtomicDirectory::create(folder_ / "in");
    io::SafetensorsPlan plan;
    for (std::string const& module : modules) plan.add(module + ".weight", io::Dtype::F32, {4, 8});
    if (!stack.empty())
      plan.add(stack, io::Dtype::F32, {2, 4, 8});
    auto writer = io::SafetensorsWriter::create(*directory, "model.safetensors", plan);
    for (std::string const& module : modules)
      REQUIRE(writer->write(module + ".weight", io::Bytes(128)).ok());
    if (!stack.empty())
      REQUIRE(writer->write(stack, io::Bytes(256)).ok());
    REQUIRE(writer->finish().ok());
    REQUIRE(directory->commit().ok());
    auto opened = io::Checkpoint::open(folder_ / "in");
    REQUIRE(opened.ok());
    checkpoint_.emplace(*std::move(opened));
  }
  [[nodiscard]] io::Checkpoint const& checkpoint() const { return *checkpoint_; }

 private:
  samples::TemporaryFolder folder_;
  std::optional<io::Checkpoint> checkpoint_;
};

/// A scheme that quantizes nothing.
inline LayerQuantizer<Serial> scheme(char const* name, io::ConfigGroup (*group)()) {
  LayerQuantizer<Serial> quantizer{};
  quantizer.name = name;
  quantizer.why_not = [](Shape) { return std::string{}; };
  quantizer.tensors = [](io::Dtype, Shape) {
    return std::vector<io::LayerTensor>{{"weight_scale", io::Dtype::F32, {1}}};
  };
  quantizer.group = group;
  return quantizer;
}
inline LayerQuantizer<Serial> fp8() {
  return scheme("FP8_DYNAMIC", [] { return io::config_group<preset::FP8_DYNAMIC>(); });
}
inline LayerQuantizer<Serial> int4() {
  return scheme("W4A16", [] { return io::config_group<preset::W4A16>(); });
}

}  // namespace qfmt::test
