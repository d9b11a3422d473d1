// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What llm-compressor made of small matrices (tests/fixtures/calibration): GPTQ value by value with a
// given factor; SmoothQuant's and AWQ's scales to 1e-6, and AWQ's choice.

#include <cstdlib>
#include <scaling/profiles/recorded.hpp>
#include <support/samples.hpp>

#include <qfmt/calibration/awq.hpp>
#include <qfmt/calibration/gptq.hpp>
#include <qfmt/calibration/smoothquant.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr index_t columns = 128;
using BF = Code<BF16>;

Record const& recorded() {
  static Record const record{"llmcompressor-0.14.txt", "calibration"};
  return record;
}

/// bell() of record_calibration.py.
Matrix<float> bell(index_t rows, std::uint64_t seed) {
  std::uint64_t state = seed;
  Matrix<float> out{{rows, columns}};
  for (float& x : out.values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto const u = static_cast<std::uint32_t>(state >> 32);
    auto const sum = (u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24);
    x = (static_cast<float>(sum) - 510.0f) / 256.0f;
  }
  return out;
}

template <Real T>
Matrix<T> rounded(Matrix<float> const& from) {
  Matrix<T> out{from.shape};
  for (std::size_t i = 0; i < from.values.size(); ++i)
    out.values[i] = from_float<T>(from.values[i]);
  return out;
}

Matrix<float> factor() {
  auto u = bell(columns, 7);
  for (index_t r = 0; r < columns; ++r) {
    for (index_t c = 0; c < columns; ++c) u(r, c) = c > r ? u(r, c) / 8.0f : 0.0f;
    u(r, r) = 1.0f + static_cast<float>(r * 37 % 128) / 128.0f;
  }
  return u;
}

Matrix<float> inputs() {
  auto x = bell(64, 3);
  for (index_t t = 0; t < 64; ++t)
    for (index_t c = 0; c < columns; ++c) x(t, c) *= power_of_two(static_cast<int>(c * 5 % 9) - 4);
  return x;
}

double number(std::string const& word) {
  return std::strtod(word.c_str(), nullptr);
}

/// The largest relative difference to the words from `first` on.
double difference(std::vector<double> const& found, std::vector<std::string> const& words,
                  std::size_t first) {
  REQUIRE(words.size() == first + found.size());
  double most = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i)
    most = std::max(most, std::abs(found[i] / number(words[first + i]) - 1.0));
  return most;
}

template <class P>
using Package =
    with_stored_scale<with_profile<typename P::Weights, profile::CompressedTensors>, BF>;

template <class P>
std::string gptq_digest(bool ordered, Matrix<float> const& u) {
  using S = Package<P>;
  auto const weight = rounded<BF>(bell(64, 2));
  std::vector<index_t> order;
  for (index_t p = 0; p < columns; ++p) order.push_back(ordered ? p * 37 % columns : p);
  auto const feedback = ColumnFeedback::from_inverse_factor(u.view(), 48, order);
  auto const parameters = quantize<S, BF>(weight.view());
  REQUIRE(feedback);
  REQUIRE(parameters);
  auto const result = gptq_with_feedback<S, BF>(weight.view(), *feedback, *parameters);
  REQUIRE(result);
  Digest digest;
  for (index_t r = 0; r < 64; ++r)
    for (index_t c = 0; c < columns; ++c)
      digest.add(round_to<BF>(result->weight.view()(r, c)) + 0.0f);
  return digest.hex();
}

using GptqPresets = TypeList<preset::W4A16, preset::W4A16_ASYM, preset::W3A16, preset::W8A8,
                             preset::FP8, preset::FP8_DYNAMIC, preset::FP8_BLOCK, preset::NVFP4A16,
                             preset::MXFP4A16, preset::MXFP8A16>;
using AwqPresets = TypeList<preset::W4A16, preset::NVFP4A16, preset::FP8_DYNAMIC>;

template <Real T>
void check_smoothquant(std::string const& dtype) {
  auto const x = rounded<T>(inputs());
  ColumnRanges ranges{columns};
  REQUIRE(ranges.observe<T>(MatrixView<T const>{x.values.data(), {30, columns}}));
  REQUIRE(ranges.observe<T>(MatrixView<T const>{x.values.data() + 30 * columns, {34, columns}}));
  std::vector<float> amax(columns, 0.0f);
  raise_column_amax<T>(rounded<T>(bell(16, 5)).view(), amax);
  raise_column_amax<T>(rounded<T>(bell(24, 6)).view(), amax);
  for (std::string const option : {"0.5", "0.8", "log_equalization"}) {
    SmoothQuantOptions options;
    if (option == "log_equalization")
      options.algorithm = Smoothing::log_equalization;
    else
      options.strength = number(option);
    auto const scales = smoothing_scales<profile::CompressedTensors, T>(ranges, amax, options);
    REQUIRE(scales);
    auto const words = recorded().one("smoothquant " + dtype + " " + option);
    CHECK_MESSAGE(difference(*scales, words, 0) <= 1e-6, dtype, " ", option);
  }
}

/// The gated pair of layers of calibration_package.py.
std::vector<double> forward(Matrix<BF> const& x, Matrix<BF> const& gate, Matrix<BF> const& up) {
  std::vector<double> out;
  for (index_t t = 0; t < x.shape.rows; ++t) {
    for (index_t r = 0; r < gate.shape.rows; ++r) {
      double sums[2] = {};
      for (index_t c = 0; c < columns; ++c) {
        auto const value = static_cast<double>(to_float(x(t, c)));
        sums[0] += value * static_cast<double>(to_float(gate(r, c)));
        sums[1] += value * static_cast<double>(to_float(up(r, c)));
      }
      out.push_back(sums[0] * sums[1]);
    }
  }
  return out;
}

template <class P>
void check_awq(std::string const& duo_name, DuoScaling duo) {
  using S = Package<P>;
  auto const x = rounded<BF>(inputs());
  Matrix<BF> const layers[] = {rounded<BF>(bell(16, 5)), rounded<BF>(bell(16, 6))};
  InputMagnitude input{columns};
  WeightMagnitude magnitude{columns};
  REQUIRE(input.observe<BF>(x.view()));
  for (auto const& layer : layers) REQUIRE(magnitude.add<S, BF>(layer.view()));
  auto const expected = forward(x, layers[0], layers[1]);
  auto const choice =
      awq_search(input.means(), magnitude.means(), {duo, 20}, [&](std::span<double const> scales) {
        Matrix<BF> quantized[] = {layers[0], layers[1]};
        for (std::size_t i = 0; i < 2; ++i)
          REQUIRE(awq_weight<S, BF>(layers[i].view(), scales, quantized[i].view()));
        auto const found = forward(x, quantized[0], quantized[1]);
        double loss = 0.0;
        for (std::size_t i = 0; i < found.size(); ++i)
          loss += (found[i] - expected[i]) * (found[i] - expected[i]);
        return loss / static_cast<double>(found.size());
      });
  REQUIRE(choice);
  auto const words = recorded().one("awq " + std::string{P::name} + " " + duo_name);
  CHECK(choice->candidate.ratio == number(words[0]));
  CHECK(choice->candidate.duo == (words[1] == "1"));
  CHECK(choice->loss == doctest::Approx(number(words[2])).epsilon(1e-5));
  CHECK_MESSAGE(difference(choice->scales, words, 3) <= 1e-6, P::name, " ", duo_name);
}

}  // namespace

TEST_CASE("GPTQ with the package's factor stores the package's values, each of them") {
  GptqPresets::for_each([]<class P>() {
    auto const start = "gptq " + std::string{P::name};
    CHECK_MESSAGE(gptq_digest<P>(false, factor()) == recorded().one(start + " none")[0], P::name);
    CHECK_MESSAGE(gptq_digest<P>(true, factor()) == recorded().one(start + " static")[0], P::name);
  });
  // A control: one number of U is another.
  auto other = factor();
  other(3, 40) += 0.01f;
  CHECK(gptq_digest<preset::W8A8>(false, other) != recorded().one("gptq W8A8 none")[0]);
}

TEST_CASE("SmoothQuant's scales") {
  check_smoothquant<BF>("BF16");
  check_smoothquant<float>("F32");
}

TEST_CASE("AWQ's choice and its scales") {
  AwqPresets::for_each([]<class P>() {
    check_awq<P>("True", DuoScaling::yes);
    check_awq<P>("False", DuoScaling::no);
    check_awq<P>("both", DuoScaling::both);
  });
}
