// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What computing in binary32 is worth: profile::Qfmt against profile::CompressedTensors, which
// rounds every step to the type of the weights. BF16 weights and scales, as in a checkpoint: the
// linear layers of the bundled model, and matrices of heavy-tailed numbers.
//
//     test_oneshot -tc='profiles: accuracy' -s     prints the table of docs/compatibility.md

#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/io/safetensors.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Weights = Matrix<Code<BF16>>;

std::vector<Weights> layers_of_the_bundled_model() {
  std::filesystem::path const model =
      std::filesystem::path{QFMT_TEST_FIXTURES} / "../../examples/llama/model/model.safetensors";
  auto const file = io::SafetensorsFile::open(model);
  REQUIRE(file);
  std::vector<Weights> layers;
  for (auto const& tensor : file->tensors()) {
    if (!tensor.name.ends_with("_proj.weight"))
      continue;
    Weights layer{{static_cast<index_t>(tensor.shape[0]), static_cast<index_t>(tensor.shape[1])}};
    REQUIRE(file->read(tensor, std::as_writable_bytes(std::span{layer.values})));
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// Student's t with two degrees of freedom, whose variance is infinite, and normal numbers.
std::vector<Weights> heavy_tailed_matrices() {
  std::vector<Weights> matrices;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    Philox const random{seed};
    Weights matrix{{128, 512}};
    for (std::size_t i = 0; i < matrix.values.size(); ++i) {
      double const u = (static_cast<double>(random(i)) + 0.5) * 0x1p-32;
      double const t = (2.0 * u - 1.0) / std::sqrt(2.0 * u * (1.0 - u));
      // Raising to a power below 1 lightens the tails, down to nearly none.
      double const lighter =
          std::copysign(std::pow(std::fabs(t), 1.0 - static_cast<double>(seed % 4) / 4.0), t);
      matrix.values[i] = encode<BF16>(static_cast<float>(0.02 * lighter));
    }
    matrices.push_back(std::move(matrix));
  }
  return matrices;
}

template <Scheme S>
double sqnr(Weights const& weights) {
  auto const view = weights.view();
  auto const quantized = quantize<with_stored_scale<S, Code<BF16>>, Code<BF16>>(view);
  REQUIRE(quantized);
  return error_metrics<with_stored_scale<S, Code<BF16>>, Code<BF16>>(view, quantized->view())
      .sqnr_db();
}

/// The gains of a way to quantize over the package's, for all matrices; `worst` is what the worst
/// may lose, in dB.
template <class P, class Sqnr>
void compare(char const* name, std::vector<Weights> const& all, double worst, Sqnr const& ours) {
  double sum = 0.0;
  double least = 1e9;
  for (auto const& weights : all) {
    double const gain =
        ours(weights) -
        sqnr<with_profile<typename P::Weights, profile::CompressedTensors>>(weights);
    sum += gain;
    least = std::min(least, gain);
  }
  double const mean = sum / static_cast<double>(all.size());
  if (doctest::getContextOptions()->success)
    std::printf("| %s | %+.4f | %+.4f |\n", name, mean, least);
  CHECK(mean >= 0.0);
  CHECK(least >= -worst);
}

template <class P>
void compare(std::vector<Weights> const& all, double worst) {
  compare<P>(P::name, all, worst, &sqnr<with_profile<typename P::Weights, profile::Qfmt>>);
}

/// NVFP4 under profile::Qfmt with this tensor scale.
double sqnr_under(Weights const& weights, GlobalScale global) {
  using S = preset::NVFP4::Weights;
  auto const view = weights.view();
  auto const quantized = quantize_with<S, Code<BF16>>(view, global);
  REQUIRE(quantized);
  return error_metrics<S, Code<BF16>>(view, quantized->view()).sqnr_db();
}

double sqnr_under_their_scale(Weights const& weights) {
  using Theirs = with_profile<preset::NVFP4::Weights, profile::CompressedTensors>;
  return sqnr_under(weights, fit_global<Theirs, Code<BF16>>(weights.view()));
}

/// The best of the places that the tensor scale can give block scales between two powers of two, an
/// eighth of a binade apart.
double best_of_eight(Weights const& weights) {
  auto const own = fit_global<preset::NVFP4::Weights, Code<BF16>>(weights.view());
  double best = 0.0;
  for (int k = 0; k < 8; ++k)
    best = std::max(
        best, sqnr_under(weights, {own.encode_scale * static_cast<float>(std::exp2(-k / 8.0))}));
  return best;
}

}  // namespace

TEST_CASE("profiles: accuracy") {
  std::vector<Weights> all = layers_of_the_bundled_model();
  REQUIRE(all.size() == 28);
  for (auto& matrix : heavy_tailed_matrices()) all.push_back(std::move(matrix));
  compare<preset::W2A16>(all, 0.02);
  compare<preset::W3A16>(all, 0.02);
  compare<preset::W4A16>(all, 0.02);
  compare<preset::W8A16>(all, 0.02);
  compare<preset::W4A16_ASYM>(all, 0.02);
  compare<preset::W8A8>(all, 0.02);
  compare<preset::FP8>(all, 0.02);
  compare<preset::FP8_DYNAMIC>(all, 0.02);
  compare<preset::FP8_BLOCK>(all, 0.02);
  compare<preset::MXFP4>(all, 0.02);
  compare<preset::MXFP8>(all, 0.02);
  // Three bits of mantissa in a block scale: which way amax / 6 rounds is chance under either
  // profile, and one layer has less of it.
  compare<preset::NVFP4>(all, 0.025);
  compare<preset::NVFP4>("NVFP4, their tensor scale", all, 0.02, &sqnr_under_their_scale);
  compare<preset::NVFP4>("NVFP4, best of eight tensor scales", all, 0.02, &best_of_eight);
}
