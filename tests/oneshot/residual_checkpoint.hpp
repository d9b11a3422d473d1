// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <calibration/residual_model.hpp>

#include "oneshot/oneshot_models.hpp"

namespace qfmt::test {

/// The transformable test model as a checkpoint of F32 tensors with a tied head.
inline void write_checkpoint(ResidualModel& model, std::filesystem::path const& path) {
  auto directory = io::AtomicDirectory::create(path);
  REQUIRE(directory);
  std::map<std::string, calibration::Weight> tensors;
  for (std::size_t i = 0; i < 5; ++i)
    tensors[model.layers()[i].name + ".weight"] = *model.weight(i);
  for (char const* const name :
       {"embedding.weight", "norm_1.weight", "norm_2.weight", "norm.weight"})
    tensors[name] = *model.tensor(name);
  io::SafetensorsPlan plan;
  for (auto const& [name, values] : tensors) {
    std::vector<uint64_t> shape{static_cast<uint64_t>(values.shape.rows)};
    if (values.shape.cols != 1)
      shape.push_back(static_cast<uint64_t>(values.shape.cols));
    plan.add(name, io::Dtype::F32, shape);
  }
  auto writer = io::SafetensorsWriter::create(*directory, "model.safetensors", plan);
  REQUIRE(writer);
  for (auto const& [name, values] : tensors)
    REQUIRE(writer->write(name, std::as_bytes(std::span{std::get<0>(values.values)})));
  REQUIRE(writer->finish());
  REQUIRE(directory->write_file("config.json",
                                R"({"model_type": "residual", "tie_word_embeddings": true})"));
  REQUIRE(directory->commit());
}

}  // namespace qfmt::test
