// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A segment in vectors is quantize_value of each of its elements: the same steps in the same types,
// in every environment.

#include <doctest/doctest.h>
#include <limits>
#include <string>

#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Finite values, among them x * scale for every border x of the format.
template <class F, class T>
std::vector<float> values_for(float scale) {
  std::vector<float> out;
  for (float const x : hard_values<F>(1 << 10)) {
    for (float const value : {x, x * scale}) {
      float const rounded = round_to<T>(value);
      if (is_finite(rounded))
        out.push_back(rounded);
    }
  }
  return out;
}

constexpr float scales[] = {1.0f, 0.3f, 0x1p-20f, -1.7f, 0x1.FFFFFEp-3f, 2e-38f, 3e38f};

template <class F, class Policy, class N, class T>
std::string difference(float zero_point, float sabotage = 1.0f) {
  for (float const scale : scales) {
    auto const values = values_for<F, T>(scale);
    for (Isa const isa : vector_levels()) {
      for (Environment const& environment : environments()) {
        std::vector<Code<F>> got(values.size());
        std::vector<Code<F>> expected(values.size());
        {
          InEnvironment const in{environment};
          for (std::size_t i = 0; i < values.size(); ++i)
            expected[i] = quantize_value<F, Policy, N, T>(values[i], scale * sabotage, zero_point);
          if (!x86::quantize_segment<F, Policy, N, T>(isa, values, scale, zero_point, got.data()))
            return "no path";
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
          if (got[i] != expected[i])
            return std::string{F::name} + ", " + N::name + ", " + name(isa) + ", " +
                   environment.name + ", " + std::to_string(values[i]) + " / " +
                   std::to_string(scale) + ": " + std::to_string(got[i].bits) + " instead of " +
                   std::to_string(expected[i].bits);
        }
      }
    }
  }
  return {};
}

template <class F, class Policy, class T>
void check(float zero_point = 0.0f) {
  CHECK(difference<F, Policy, profile::Qfmt, T>(zero_point) == "");
  CHECK(difference<F, Policy, profile::CompressedTensors, T>(zero_point) == "");
}

}  // namespace

TEST_CASE("segments in vectors: quotients rounded to the type of the tensor") {
  check<E4M3, Symmetric, float>();
  check<E4M3, Symmetric, Code<BF16>>();
  check<E4M3, Symmetric, Code<FP16>>();
  check<INT8, Symmetric, float>();
  check<INT8, Symmetric, Code<BF16>>();
  check<INT4, Symmetric, Code<FP16>>();
  check<E5M2FNUZ, Symmetric, float>();
  check<NF4, Symmetric, Code<BF16>>();
  check<MXINT8, Symmetric, float>();
}

TEST_CASE("segments in vectors: zero points") {
  check<INT4, Asymmetric, float>(-3.0f);
  check<INT4, Asymmetric, Code<BF16>>(7.0f);
  check<UINT8, Asymmetric, Code<FP16>>(200.0f);
}

TEST_CASE("segments in vectors: divisors that can give NaN go the portable way") {
  for (Isa const isa : vector_levels()) {
    for (float const divisor : {0.0f, -0.0f, 1e-40f, std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> const values(20, 1.0f);
      std::vector<Code<E4M3>> codes(20);
      CHECK_FALSE(x86::quantize_segment<E4M3, Symmetric, profile::Qfmt, float>(isa, values, divisor,
                                                                               0.0f, codes.data()));
    }
  }
}

TEST_CASE("segments in vectors: profiles with other steps go the portable way") {
  struct Other : profile::Qfmt {};
  std::vector<float> const values(20, 1.0f);
  std::vector<Code<E4M3>> codes(20);
  CHECK_FALSE(x86::quantize_segment<E4M3, Symmetric, Other, float>(Isa::avx512, values, 1.0f, 0.0f,
                                                                   codes.data()));
}

TEST_CASE("a scale that is off by one ulp would be seen") {
  if (vector_levels().empty())
    return;
  CHECK(difference<E4M3, Symmetric, profile::Qfmt, float>(0.0f, 1.0f + 0x1p-23f) != "");
}
