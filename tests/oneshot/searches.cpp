// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What the searches gain on the weights of a trained model, examples/llama/model: the mean signal to
// noise ratio of its layers, from both sides.

#include <cmath>
#include <doctest/doctest.h>
#include <support/environment.hpp>

#include <qfmt/io/checkpoint.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/observers/scale_sweep.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;

namespace {

struct Weight {
  std::vector<Code<BF16>> values;
  Shape shape;
};

std::vector<Weight> const& weights() {
  static std::vector<Weight> const all = [] {
    auto const model =
        io::Checkpoint::open(test::fixtures() / ".." / ".." / "examples" / "llama" / "model");
    REQUIRE(model.ok());
    std::vector<Weight> found;
    for (io::TensorInfo const& tensor : model->tensors()) {
      if (tensor.name.find("_proj.weight") == std::string::npos)
        continue;
      Weight weight{{},
                    {static_cast<index_t>(tensor.shape[0]), static_cast<index_t>(tensor.shape[1])}};
      weight.values.resize(static_cast<std::size_t>(weight.shape.size()));
      REQUIRE(model->read(tensor, std::as_writable_bytes(std::span{weight.values})).ok());
      found.push_back(weight);
    }
    REQUIRE(found.size() == 28);
    return found;
  }();
  return all;
}

/// Over the first `layers` weights; within 0.02 dB of what was measured.
template <Scheme S>
void check(double measured, std::size_t layers = 28) {
  double sum = 0.0;
  for (std::size_t i = 0; i < layers; ++i) {
    MatrixView<Code<BF16> const> const view{weights()[i].values.data(), weights()[i].shape};
    auto const quantized = quantize<S, Code<BF16>>(view);
    REQUIRE(quantized.ok());
    sum += error_metrics<S, Code<BF16>>(view, quantized->view()).sqnr_db();
  }
  double const found = sum / static_cast<double>(layers);
  INFO(S::Timing::Observer::name, ": ", found, " dB");
  CHECK(std::fabs(found - measured) < 0.02);
}

template <class Preset, Observer O>
using With = with_observer<typename Preset::Weights, O>;

}  // namespace

TEST_CASE("NVFP4 on a model") {
  check<preset::NVFP4A16::Weights>(20.43);
  check<With<preset::NVFP4A16, FourOverSix<>>>(21.22);
  check<With<preset::NVFP4A16, ScaleSweep<>>>(21.80);
  check<With<preset::NVFP4A16, MemorylessMse>>(21.02);
}

TEST_CASE("NVFP4 on the first layer of a model, where the long search goes as well") {
  check<preset::NVFP4A16::Weights>(20.43, 7);
  check<With<preset::NVFP4A16, NVFP4ExpandedMse>>(21.75, 7);
  check<With<preset::NVFP4A16, ScaleSweep<>>>(21.82, 7);
}

TEST_CASE("integers on a model") {
  check<preset::W4A16::Weights>(19.08);
  check<With<preset::W4A16, MemorylessMse>>(19.84);
  check<preset::W2A16::Weights>(5.18);
  check<With<preset::W2A16, MemorylessMse>>(6.76);
  check<With<preset::W2A16, MseSearch<MseOptions{.steps = 80, .norm = 2.0}>>>(8.36);
}
