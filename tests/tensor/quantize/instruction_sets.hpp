// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <support/environment.hpp>
#include <support/samples.hpp>

#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

// quantize() and dequantize() of tensors of T give the same bytes with every instruction set, for the
// weights and the activations of all presets, in both profiles of the tool.

namespace qfmt::test {

inline constexpr Isa instruction_sets[] = {Isa::avx2, Isa::avx512};
inline constexpr Shape shapes[] = {{3, 300},   {5, 16}, {1, 1},  {2, 33},
                                   {130, 129}, {0, 7},  {7, 513}};

/// Gaussian, with rows of zeros, of huge and of small numbers.
template <Real T>
Matrix<T> uneven_matrix(Shape shape) {
  Samples samples{static_cast<std::uint64_t>(shape.cols)};
  Matrix<T> matrix{shape};
  for (index_t r = 0; r < shape.rows; ++r) {
    float const factor = r % 4 == 1 ? 0.0f
                                    : std::ldexp(1.0f, r % 4 == 2   ? 12
                                                       : r % 4 == 3 ? -20
                                                                    : 0);
    for (index_t c = 0; c < shape.cols; ++c)
      matrix(r, c) = from_float<T>(factor * samples.normal());
  }
  return matrix;
}

template <class S>
bool same_tensor(QuantTensor<S> const& a, QuantTensor<S> const& b) {
  bool same = a.shape == b.shape && a.codes == b.codes && a.scales == b.scales &&
              a.zero_points == b.zero_points;
  if constexpr (S::has_global)
    same = same && a.global == b.global;
  return same;
}

template <class S, class T>
void expect_same_bytes(std::string const& preset) {
  for (Shape const shape : shapes) {
    auto matrix = uneven_matrix<T>(shape);
    auto const view = std::as_const(matrix).view();
    auto const expected = quantize<S, T>(view, Serial{}, {}, Isa::portable);
    REQUIRE(expected.ok());
    Matrix<T> values{shape};
    REQUIRE(dequantize(expected->view(), values.view(), Serial{}, Isa::portable) == Status::ok);
    for (Isa const isa : instruction_sets) {
      if (isa > detected_isa())
        continue;
      std::string const what = preset + ", " + S::Profile::name + ", " + name(isa) + ", " +
                               std::to_string(shape.rows) + " x " + std::to_string(shape.cols);
      auto const got = quantize<S, T>(view, Serial{}, {}, isa);
      REQUIRE(got.ok());
      CHECK_MESSAGE(same_tensor(*got, *expected), what);
      Matrix<T> got_values{shape};
      REQUIRE(dequantize(got->view(), got_values.view(), Serial{}, isa) == Status::ok);
      CHECK_MESSAGE(std::memcmp(got_values.values.data(), values.values.data(),
                                values.values.size() * sizeof(T)) == 0,
                    what);
    }
    if (shape.size() == 0)
      continue;
    matrix(shape.rows - 1, shape.cols / 2) = from_float<T>(std::numeric_limits<float>::quiet_NaN());
    auto const refused = quantize<S, T>(view, Serial{}, {}, Isa::portable);
    REQUIRE(!refused.ok());
    for (Isa const isa : instruction_sets) {
      if (isa > detected_isa())
        continue;
      auto const got = quantize<S, T>(view, Serial{}, {}, isa);
      REQUIRE(!got.ok());
      CHECK(got.error().message == refused.error().message);
    }
  }
}

template <class S, class T>
void expect_same_bytes_in_both_profiles(std::string const& preset) {
  expect_same_bytes<S, T>(preset);
  expect_same_bytes<with_profile<S, profile::CompressedTensors>, T>(preset);
}

template <class T>
void check_presets() {
  if (detected_isa() < Isa::avx512)
    skip("not every instruction set is here");
  preset::All::for_each([]<class P>() {
    expect_same_bytes_in_both_profiles<typename P::Weights, T>(P::name);
    if constexpr (!same_as<typename P::InputActivations, void>)
      expect_same_bytes_in_both_profiles<typename P::InputActivations, T>(P::name);
  });
}

}  // namespace qfmt::test
