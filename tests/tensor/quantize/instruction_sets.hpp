// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <support/samples.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

// quantize() and dequantize() give the same bytes with every instruction set, in both profiles of the
// tool, from and to all three types of tensors. What does not depend on a scheme is compiled once, in
// instruction_sets.cpp.

namespace qfmt::test {

inline constexpr Shape shapes[] = {{3, 300},   {5, 16},  {1, 1}, {2, 33},
                                   {130, 129}, {7, 513}, {0, 7}};

/// What is stored of a matrix, and what is read back, or why there is none.
struct Outcome {
  std::string error;
  std::vector<std::uint8_t> codes;
  std::vector<std::uint8_t> scales;
  std::vector<std::int16_t> zero_points;
  std::vector<std::uint8_t> global;
  std::vector<std::uint8_t> values;

  friend bool operator==(Outcome const&, Outcome const&) = default;
};

/// A scheme and a type of tensors, forgotten.
struct Subject {
  std::string name;
  /// Of a matrix of shapes[i], with a NaN in its last row or without.
  Outcome (*run)(std::size_t i, bool with_nan, Isa isa);
};

/// Where an instruction set that is here gives anything else than the portable way; empty if nowhere.
std::string difference(Subject const& subject);

/// Gaussian, with rows of zeros, of huge and of small numbers.
template <Real T>
Matrix<T> uneven_matrix(Shape shape, bool with_nan) {
  constexpr float factors[] = {1.0f, 0.0f, 0x1p12f, 0x1p-20f};
  Samples samples{static_cast<std::uint64_t>(shape.cols)};
  Matrix<T> matrix{shape};
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c)
      matrix(r, c) = from_float<T>(factors[r % 4] * samples.normal());
  }
  if (with_nan && shape.size() != 0)
    matrix(shape.rows - 1, shape.cols / 2) = from_float<T>(std::numeric_limits<float>::quiet_NaN());
  return matrix;
}

template <Real T>
Matrix<T> const& uneven_matrix(std::size_t i, bool with_nan) {
  static std::vector<Matrix<T>> const all = [] {
    std::vector<Matrix<T>> out;
    for (Shape const shape : shapes) {
      out.push_back(uneven_matrix<T>(shape, false));
      out.push_back(uneven_matrix<T>(shape, true));
    }
    return out;
  }();
  return all[2 * i + (with_nan ? 1 : 0)];
}

template <class T>
std::vector<std::uint8_t> bytes_of(T const* values, std::size_t count) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::vector<std::uint8_t> bytes(count * sizeof(T));
  if (count != 0)
    std::memcpy(bytes.data(), values, bytes.size());
  return bytes;
}

/// Rows read back.
template <class S, class T>
std::vector<std::uint8_t> values_of(QuantTensorView<S> w, Isa isa) {
  Matrix<T> values{w.shape};
  if (dequantize(w, values.view(), Serial{}, isa) != Status::ok)
    return {};
  return bytes_of(values.values.data(), values.values.size());
}

template <class S, class T>
Outcome outcome(std::size_t i, bool with_nan, Isa isa) {
  MatrixView<T const> const matrix = uneven_matrix<T>(i, with_nan).view();
  auto const quantized = [&] {
    if constexpr (LocalScheme<S>) {
      return quantize_with<S, T>(matrix, fit_global<S, T>(matrix, Serial{}, {}, isa), Serial{}, {},
                                 isa);
    } else {
      return quantize<S, T>(matrix, Serial{}, {}, isa);
    }
  }();
  if (!quantized)
    return {quantized.error().to_string(), {}, {}, {}, {}, {}};
  // Read back as the scheme's twin in one profile: what codes mean does not depend on it.
  return {{},
          quantized->codes,
          bytes_of(quantized->scales.data(), quantized->scales.size()),
          quantized->zero_points,
          bytes_of(&quantized->global, S::has_global ? 1 : 0),
          values_of<with_profile<S, profile::Qfmt>, T>(
              view_as<with_profile<S, profile::Qfmt>>(quantized->view()), isa)};
}

template <class S, class T, class N>
void add(std::vector<Subject>& subjects, char const* preset) {
  using Here = with_profile<S, N>;
  for (Subject const& known : subjects) {
    if (known.run == &outcome<Here, T>)
      return;
  }
  subjects.push_back({std::string{preset} + ", " + N::name, &outcome<Here, T>});
}

/// One preset for each kind of elements and each policy.
using EachKind = TypeList<preset::W8A8, preset::W3A16, preset::W4A16_ASYM, preset::FP8_BLOCK,
                          preset::FP8_E5M2A16, preset::NVFP4A16, preset::MXFP4A16, preset::MXFP6A16,
                          preset::MXFP8A16, preset::MXS1M3A16>;

/// The weights of the presets under profile N, each scheme once.
template <class T, class N, class Presets = preset::All>
std::vector<Subject> weights() {
  std::vector<Subject> subjects;
  Presets::for_each([&]<class P>() { add<typename P::Weights, T, N>(subjects, P::name); });
  return subjects;
}

/// The inputs.
template <class T, class N>
std::vector<Subject> inputs() {
  std::vector<Subject> subjects;
  preset::All::for_each([&]<class P>() {
    if constexpr (!same_as<typename P::InputActivations, void>)
      add<typename P::InputActivations, T, N>(subjects, P::name);
  });
  return subjects;
}

inline void expect_same_bytes(std::vector<Subject> const& subjects) {
  for (Subject const& subject : subjects) CHECK(difference(subject) == "");
}

}  // namespace qfmt::test
