// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <calibration/mlp_model.hpp>
#include <doctest/doctest.h>
#include <io/samples.hpp>

#include <qfmt/io/safetensors_writer.hpp>
#include <qfmt/oneshot/oneshot_scheme.hpp>

namespace qfmt::oneshot {
struct OneshotJob;
struct OneshotReport;
}  // namespace qfmt::oneshot

namespace qfmt::test {

/// Groups of 32, to fit the test model.
struct W4A16_G32 : preset::Layer<QuantScheme<INT4, PerGroup<32>>> {
  static constexpr char const* name = "W4A16_G32";
};

/// W4A16_G32, NVFP4, FP8, NVFP4 with a search, and W4A16_G32 with imatrix_mse. Compiled in oneshot_scheme.cpp and
/// nvfp4_schemes.cpp alone.
std::vector<oneshot::OneshotScheme> const& schemes();
std::vector<oneshot::OneshotScheme> nvfp4_schemes();
/// oneshot(), compiled in oneshot.cpp alone.
Result<oneshot::OneshotReport> run_oneshot(calibration::ModelRef model,
                                           oneshot::OneshotJob const& job,
                                           std::span<calibration::Batch const> batches,
                                           int threads = 1);

/// The test model as a checkpoint of F32 tensors.
inline void write_checkpoint(MlpModel& model, std::filesystem::path const& path) {
  auto directory = io::AtomicDirectory::create(path);
  REQUIRE(directory);
  io::SafetensorsPlan plan;
  auto const layers = model.layers();
  for (auto const& layer : layers)
    plan.add(layer.name + ".weight", io::Dtype::F32,
             {static_cast<uint64_t>(layer.shape.rows), static_cast<uint64_t>(layer.shape.cols)});
  auto writer = io::SafetensorsWriter::create(*directory, "model.safetensors", plan);
  REQUIRE(writer);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto const weight = *model.weight(i);
    REQUIRE(writer->write(layers[i].name + ".weight",
                          std::as_bytes(std::span{std::get<0>(weight.values)})));
  }
  REQUIRE(writer->finish());
  REQUIRE(directory->write_file("config.json", R"({"model_type": "mlp"})"));
  REQUIRE(directory->commit());
}

}  // namespace qfmt::test
