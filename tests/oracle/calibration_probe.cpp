// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What compare_calibration.py compares: reads numbers from files, and writes what the headers of
// calibration/ make of them. Compiled and run by that script.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <qfmt/calibration/awq.hpp>
#include <qfmt/calibration/gptq.hpp>
#include <qfmt/calibration/smoothquant.hpp>
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

/// U as a square matrix.
std::vector<float> inverse_factor(ColumnFeedback const& feedback) {
  index_t const n = feedback.columns();
  std::vector<float> out(static_cast<std::size_t>(n * n));
  for (index_t i = 0; i < n; ++i) {
    out[static_cast<std::size_t>(i * n + i)] = feedback.diagonal(i);
    for (index_t j = i + 1; j < n; ++j) {
      index_t const from = i / feedback.block_size();
      index_t const to = j / feedback.block_size();
      index_t const column = j - feedback.block_begin(to);
      auto const panel = feedback.panel(from, to, column / product_rows);
      out[static_cast<std::size_t>(i * n + j)] =
          panel.numbers[(i - feedback.block_begin(from)) * panel.width + column % product_rows];
    }
  }
  return out;
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
      u.empty()
          ? ColumnFeedback::from(Hessian::from(MatrixView<float const>{h.data(), {cols, cols}}, 1),
                                 options, FeedbackForm::inverse)
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
  if (u.empty())
    write(directory + "/factor", inverse_factor(*feedback));
  std::printf("%.9g\n", result->report.loss);
  return true;
}

template <Real V>
bool smoothquant_from(std::string const& directory, index_t cols, float strength,
                      bool logarithmic) {
  ColumnRanges ranges{cols};
  for (char const* name : {"/x0", "/x1"}) {
    auto const x = read<V>(directory + name);
    if (!ranges.observe<V>(
            MatrixView<V const>{x.data(), {static_cast<index_t>(x.size()) / cols, cols}}))
      return false;
  }
  std::vector<float> amax(static_cast<std::size_t>(cols));
  for (char const* name : {"/w0", "/w1"}) {
    auto const w = read<V>(directory + name);
    raise_column_amax<V>(
        MatrixView<V const>{w.data(), {static_cast<index_t>(w.size()) / cols, cols}}, amax);
  }
  auto const scales = smoothing_scales<profile::CompressedTensors, V>(
      ranges, amax, {strength, logarithmic ? Smoothing::log_equalization : Smoothing::smoothquant});
  if (!scales)
    return false;
  write(directory + "/scales", *scales);
  return true;
}

/// The parent of calibration_package.py: a gated pair of layers, in binary64.
template <Scheme Weights>
bool awq_from(std::string const& directory, index_t cols, DuoScaling duo) {
  using S = with_stored_scale<with_profile<Weights, profile::CompressedTensors>, T>;
  auto const x = read<T>(directory + "/x");
  std::vector<T> const layers[] = {read<T>(directory + "/w0"), read<T>(directory + "/w1")};
  Shape const shape{static_cast<index_t>(layers[0].size()) / cols, cols};
  index_t const tokens = static_cast<index_t>(x.size()) / cols;
  InputMagnitude input{cols};
  WeightMagnitude magnitude{cols};
  if (!input.observe<T>(MatrixView<T const>{x.data(), {tokens, cols}}))
    return false;
  for (auto const& layer : layers) {
    if (!magnitude.add<S, T>(MatrixView<T const>{layer.data(), shape}))
      return false;
  }
  auto const forward = [&](std::vector<T> const& gate, std::vector<T> const& up) {
    std::vector<double> out;
    for (index_t t = 0; t < tokens; ++t) {
      for (index_t r = 0; r < shape.rows; ++r) {
        double sums[2] = {};
        for (index_t c = 0; c < cols; ++c) {
          auto const value =
              static_cast<double>(to_float(x[static_cast<std::size_t>(t * cols + c)]));
          auto const at = static_cast<std::size_t>(r * cols + c);
          sums[0] += value * static_cast<double>(to_float(gate[at]));
          sums[1] += value * static_cast<double>(to_float(up[at]));
        }
        out.push_back(sums[0] * sums[1]);
      }
    }
    return out;
  };
  auto const expected = forward(layers[0], layers[1]);
  std::vector<double> losses;
  auto const choice =
      awq_search(input.means(), magnitude.means(), {duo, 20}, [&](std::span<double const> scales) {
        std::vector<T> quantized[2] = {layers[0], layers[1]};
        for (std::size_t i = 0; i < 2; ++i) {
          if (!awq_weight<S, T>(MatrixView<T const>{layers[i].data(), shape}, scales,
                                MatrixView<T>{quantized[i].data(), shape}))
            return -1.0;
        }
        auto const found = forward(quantized[0], quantized[1]);
        double loss = 0.0;
        for (std::size_t i = 0; i < found.size(); ++i)
          loss += (found[i] - expected[i]) * (found[i] - expected[i]);
        losses.push_back(loss / static_cast<double>(found.size()));
        return losses.back();
      });
  if (!choice)
    return false;
  write(directory + "/scales", choice->scales);
  write(directory + "/losses", losses);
  std::printf("%.17g %d\n", choice->candidate.ratio, choice->candidate.duo ? 1 : 0);
  return true;
}

using Presets = TypeList<preset::W4A16, preset::W4A16_ASYM, preset::W3A16, preset::W8A8,
                         preset::FP8, preset::FP8_DYNAMIC, preset::FP8_BLOCK, preset::NVFP4A16,
                         preset::MXFP4A16, preset::MXFP8A16>;

bool run(std::string const& what, std::string const& name, int number, std::string const& option,
         std::string const& directory) {
  if (what == "smoothquant") {
    auto const strength = std::strtod(option.c_str(), nullptr);
    bool const logarithmic = option == "log_equalization";
    return name == "BF16"
               ? smoothquant_from<T>(directory, number, logarithmic ? 0.5 : strength, logarithmic)
               : smoothquant_from<float>(directory, number, logarithmic ? 0.5 : strength,
                                         logarithmic);
  }
  bool done = false;
  Presets::for_each([&]<class P>() {
    using Weights = typename P::Weights;
    if (name != P::name)
      return;
    if (what == "gptq")
      done = gptq_from<Weights>(directory, number, option == "static");
    if (what == "awq")
      done = awq_from<Weights>(directory, number,
                               option == "both"   ? DuoScaling::both
                               : option == "True" ? DuoScaling::yes
                                                  : DuoScaling::no);
  });
  return done;
}

}  // namespace

/// probe gptq PRESET BLOCK_SIZE ORDER DIRECTORY
/// probe smoothquant DTYPE COLUMNS STRENGTH DIRECTORY
/// probe awq PRESET COLUMNS DUO DIRECTORY
int main(int argc, char** argv) {
  return argc == 6 && run(argv[1], argv[2], std::atoi(argv[3]), argv[4], argv[5]) ? 0 : 1;
}
