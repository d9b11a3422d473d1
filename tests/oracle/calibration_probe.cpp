// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What compare_calibration.py compares: reads numbers from files, and writes what the headers of
// calibration/ make of them. Compiled and run by that script.

#include <cstdio>
#include <cstring>
#include <string>

#include <qfmt/calibration/gptq.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;

namespace {

using T = Code<BF16>;

template <class V>
std::vector<V> read(std::string const& path) {
  std::vector<V> out;
  if (std::FILE* const file = std::fopen(path.c_str(), "rb")) {
    V buffer[1024];
    while (std::size_t const count = std::fread(buffer, sizeof(V), 1024, file))
      out.insert(out.end(), buffer, buffer + count);
    std::fclose(file);
  }
  return out;
}

template <class V>
void write(std::string const& path, std::vector<V> const& values) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  std::fwrite(values.data(), sizeof(V), values.size(), file);
  std::fclose(file);
}

/// Quantizes `weight` with the package's U and order if there is a file `u`, else from `hessian`.
template <Scheme Weights>
bool gptq_from(std::string const& directory, index_t block_size, bool ordered) {
  using S = with_stored_scale<with_profile<Weights, profile::CompressedTensors>, T>;
  auto const values = read<T>(directory + "/weight");
  auto const h = read<float>(directory + "/hessian");
  auto const u = read<float>(directory + "/u");
  auto const order = read<std::int64_t>(directory + "/order");
  auto const dead = read<std::uint8_t>(directory + "/dead");
  auto cols = index_t{1};
  while (cols * cols < static_cast<index_t>(h.size())) ++cols;
  Shape const shape{static_cast<index_t>(values.size()) / cols, cols};
  MatrixView<T const> const weight{values.data(), shape};

  FeedbackOptions options;
  options.block_size = block_size;
  options.order = ordered ? ActivationOrder::weight : ActivationOrder::none;
  auto const feedback =
      u.empty() ? ColumnFeedback::from(
                      Hessian::from(MatrixView<float const>{h.data(), {cols, cols}}, 1), options,
                      FeedbackForm::inverse)
                : ColumnFeedback::from_inverse_factor(
                      MatrixView<float const>{u.data(), {cols, cols}}, block_size,
                      std::vector<index_t>(order.begin(), order.end()), dead);
  auto const parameters = quantize<S, T>(weight);
  if (!feedback || !parameters)
    return false;
  auto const result = gptq_with_feedback<S, T>(weight, *feedback, *parameters);
  if (!result)
    return false;
  std::vector<T> out(values.size());
  if (dequantize<S, T>(result->weight.view(), MatrixView<T>{out.data(), shape}) != Status::ok)
    return false;
  write(directory + "/values", out);
  std::printf("%.9g %d\n", result->report.loss, result->report.identity ? 1 : 0);
  return true;
}

using Presets = TypeList<preset::W4A16, preset::W4A16_ASYM, preset::W3A16, preset::W8A8, preset::FP8,
                         preset::FP8_DYNAMIC, preset::FP8_BLOCK, preset::NVFP4A16, preset::MXFP4A16,
                         preset::MXFP8A16>;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 || std::strcmp(argv[1], "gptq") != 0)
    return 2;
  bool done = false;
  Presets::for_each([&]<class P>() {
    if (std::strcmp(argv[2], P::name) == 0)
      done = gptq_from<typename P::Weights>(argv[5], std::atoi(argv[3]),
                                            std::strcmp(argv[4], "static") == 0);
  });
  return done ? 0 : 1;
}
