// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/compressed_tensors_reference.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/symmetric.hpp>

using namespace qfmt;
namespace reference = qfmt::test::reference;
using profile::CompressedTensors;
using profile::Qfmt;

namespace {

template <class F, class Stored = float, class P = Qfmt, class T = float>
float scale_of(float amax) {
  return to_float(SymmetricScale<Stored>::template fit<F, P, T>({-amax, 0.0f}).scale);
}

/// |scale * half - amax| is at most half a unit in the last place of the scale: the quotient was
/// rounded once, to nearest. In extended precision the product is exact.
bool is_nearest(float scale, float amax, double half) {
  long double const error =
      std::fabs(static_cast<long double>(scale) * static_cast<long double>(half) -
                static_cast<long double>(amax));
  float const ulp = std::nextafter(scale, std::numeric_limits<float>::infinity()) - scale;
  return error <= static_cast<long double>(ulp) / 2 * static_cast<long double>(half);
}

}  // namespace

TEST_CASE("symmetric: the scale is amax over the half range, rounded once") {
  qfmt::test::Samples samples{41};
  int wrong = 0;
  for (int i = 0; i < 50000; ++i) {
    float const amax = std::fabs(i % 2 == 0 ? samples.normal() : samples.any_finite());
    if (amax < 0x1p-110f)
      continue;
    wrong += is_nearest(scale_of<INT8>(amax), amax, 127.5) ? 0 : 1;
    wrong += is_nearest(scale_of<INT4>(amax), amax, 7.5) ? 0 : 1;
    wrong += is_nearest(scale_of<E4M3>(amax), amax, 448) ? 0 : 1;
    wrong += is_nearest(scale_of<E2M1>(amax), amax, 6) ? 0 : 1;
  }
  CHECK(wrong == 0);
  // Negative control: multiplying by the reciprocal is another policy, and not this one.
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    float const amax = std::fabs(samples.normal());
    differs = differs || amax * (1.0f / 127.5f) != scale_of<INT8>(amax);
  }
  CHECK(differs);
}

TEST_CASE("symmetric: the sign of the extreme does not matter") {
  using Policy = Symmetric;
  CHECK(Policy::fit<INT8, Qfmt, float>({-3.0f, 2.0f}).scale == 3.0f / 127.5f);
  CHECK(Policy::fit<INT8, Qfmt, float>({-2.0f, 3.0f}).scale == 3.0f / 127.5f);
  CHECK(Policy::fit<E4M3, Qfmt, float>({1.0f, 3.0f}).scale == 3.0f / 448.0f);
  CHECK(Policy::fit<INT8, Qfmt, float>({1.0f, 3.0f}).zero_point == 0);
}

TEST_CASE("symmetric: a scale is never zero") {
  CHECK(scale_of<INT8>(0.0f) == 1.0f);
  CHECK(scale_of<INT8, Code<BF16>>(0.0f) == 1.0f);
  CHECK(scale_of<INT8, Code<FP16>>(0.0f) == 1.0f);
  // Too small for the type of the scale: the smallest there is, so that the largest values survive.
  CHECK(scale_of<INT8, Code<FP16>>(1e-9f) == 0x1p-24f);
  CHECK(scale_of<INT8, Code<BF16>>(0x1p-149f) == 0x1p-133f);
  CHECK(scale_of<INT8>(0x1p-149f) > 0.0f);
  // The reference takes a number that depends on the type alone.
  CHECK(scale_of<INT8, float, CompressedTensors, float>(0.0f) == 0x1p-23f);
  CHECK(scale_of<INT8, Code<BF16>, CompressedTensors, Code<BF16>>(0.0f) == 0.0078125f);
  CHECK(scale_of<INT8, Code<FP16>, CompressedTensors, Code<FP16>>(0.0f) == 0x1p-10f);
}

TEST_CASE("symmetric: the largest range") {
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(std::isfinite(scale_of<INT8>(largest)));
  CHECK(std::isfinite(scale_of<E4M3>(largest)));
  CHECK(std::isfinite(scale_of<INT8, Code<BF16>>(largest)));
}

namespace {

/// Every amax of a 16-bit type, through the steps of the package.
template <class F, class T>
int disagreements(reference::Type const& d, float half_range) {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x8000; ++bits) {
    float const amax = to_float(T{static_cast<std::uint16_t>(bits)});
    if (!is_finite(amax))
      continue;
    wrong += scale_of<F, T, CompressedTensors, T>(amax) !=
                     reference::symmetric_scale(d, amax, half_range)
                 ? 1
                 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("profile CompressedTensors: the scale of every 16-bit amax") {
  auto const bf16 = reference::Type::bf16();
  auto const fp16 = reference::Type::fp16();
  CHECK(disagreements<INT8, Code<BF16>>(bf16, 127.5f) == 0);
  CHECK(disagreements<INT4, Code<BF16>>(bf16, 7.5f) == 0);
  CHECK(disagreements<E4M3, Code<BF16>>(bf16, 448.0f) == 0);
  CHECK(disagreements<INT8, Code<FP16>>(fp16, 127.5f) == 0);
  CHECK(disagreements<INT4, Code<FP16>>(fp16, 7.5f) == 0);
  CHECK(disagreements<E4M3, Code<FP16>>(fp16, 448.0f) == 0);
  CHECK(disagreements<INT8, Code<BF16>>(bf16, 127.0f) > 0);  // negative control
}

TEST_CASE("symmetric: the vectors of compressed-tensors") {
  CHECK(scale_of<INT4, Code<BF16>, CompressedTensors, Code<BF16>>(0.51953125f) == 0.0693359375f);
  CHECK(scale_of<INT8, Code<BF16>, CompressedTensors, Code<BF16>>(0.51953125f) ==
        0.00408935546875f);
  CHECK(scale_of<E4M3, Code<BF16>, CompressedTensors, Code<BF16>>(0.033203125f) ==
        7.390975952148438e-05f);
}
