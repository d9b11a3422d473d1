// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/compressed_tensors_reference.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/asymmetric.hpp>

using namespace qfmt;
namespace reference = qfmt::test::reference;
using profile::CompressedTensors;
using profile::Qfmt;

namespace {

template <class F, class P = Qfmt>
TileParams<float> fit(float min, float max) {
  return Asymmetric::fit<F, P, float>({min, max});
}

}  // namespace

TEST_CASE("asymmetric: scale and zero point by hand") {
  CHECK(fit<UINT8>(-1.0f, 254.0f).scale == 1.0f);
  CHECK(fit<UINT8>(-1.0f, 254.0f).zero_point == 1);
  CHECK(fit<INT8>(-1.0f, 254.0f).zero_point == -127);
  CHECK(fit<UINT4>(-7.5f, 7.5f).scale == 1.0f);
  CHECK(fit<UINT4>(-7.5f, 7.5f).zero_point == 8);  // 7.5, a tie
  CHECK(fit<INT4>(-7.5f, 7.5f).zero_point == 0);   // -0.5, a tie
  CHECK(fit<INT4>(-15.0f, 0.0f).zero_point == 7);
  CHECK(fit<INT4>(0.0f, 15.0f).zero_point == -8);
}

TEST_CASE("asymmetric: the range is widened to hold zero, and zero is exact") {
  CHECK(fit<INT8>(1.0f, 2.0f).scale == fit<INT8>(0.0f, 2.0f).scale);
  CHECK(fit<INT8>(1.0f, 2.0f).zero_point == -128);
  CHECK(fit<INT8>(-2.0f, -1.0f).zero_point == 127);
  qfmt::test::Samples samples{42};
  for (int i = 0; i < 2000; ++i) {
    float const a = samples.normal();
    float const b = samples.normal();
    auto const params = fit<INT4>(std::fmin(a, b), std::fmax(a, b));
    auto const zero = static_cast<float>(params.zero_point);
    if (decode(encode<INT4>(0.0f / params.scale + zero)) != zero)
      FAIL(i);
  }
}

TEST_CASE("asymmetric: a constant tile keeps its value within half a step") {
  for (float const x : {5.0f, -0.3f, 1e-30f, -1e30f}) {
    auto const params = fit<UINT4>(x, x);
    auto const zero = static_cast<float>(params.zero_point);
    float const back = (decode(encode<UINT4>(x / params.scale + zero)) - zero) * params.scale;
    CHECK(std::fabs(back - x) <= params.scale * 0.5001f);
  }
}

TEST_CASE("asymmetric: tiles of zeros, of almost nothing, and of almost everything") {
  auto const zeros = fit<INT8>(0.0f, 0.0f);
  CHECK(zeros.scale == 1.0f);
  CHECK(zeros.zero_point == 0);
  CHECK(fit<INT8>(-0.0f, 0.0f).zero_point == 0);

  auto const tiny = fit<INT8>(-0x1p-149f, 0x1p-149f);
  CHECK(tiny.scale > 0.0f);
  CHECK(tiny.zero_point >= -128);
  CHECK(tiny.zero_point <= 127);

  constexpr float largest = std::numeric_limits<float>::max();
  auto const huge = fit<INT8>(-largest, largest);  // the difference of the two is beyond binary32
  CHECK(std::isfinite(huge.scale));
  CHECK(huge.scale > largest / 128.0f);
  CHECK(std::abs(huge.zero_point) <= 1);
}

namespace {

/// Pairs of values of a 16-bit type, through the steps of the package.
template <class T>
void check_against_package(reference::Type const& d) {
  using Policy = AsymmetricScale<T>;
  qfmt::test::Samples samples{43};
  int wrong = 0;
  int checked = 0;
  for (int i = 0; i < 60000; ++i) {
    auto const draw = [&] {
      if (i % 3 == 0)
        return round_to<T>(samples.normal());
      if (i % 3 == 1)
        return round_to<T>(samples.normal() * 0x1p-20f);
      for (;;) {
        float const x = to_float(T{static_cast<std::uint16_t>(samples.bits())});
        if (is_finite(x))
          return x;
      }
    };
    float const a = draw();
    float const b = i % 5 == 0 ? 0.0f : draw();
    reference::Extremes const e = reference::extremes({a, b});
    if (!is_finite(d.round(e.high - e.low)))
      continue;  // there the package's scale is infinite
    auto const expected = reference::asymmetric(d, e, -8.0f, 7.0f);
    auto const params =
        Policy::template fit<INT4, CompressedTensors, T>({std::fmin(a, b), std::fmax(a, b)});
    wrong += to_float(params.scale) != expected.scale ||
                     static_cast<float>(params.zero_point) != expected.zero_point
                 ? 1
                 : 0;
    ++checked;
  }
  CHECK(wrong == 0);
  CHECK(checked > 55000);
}

}  // namespace

TEST_CASE("profile CompressedTensors: scale and zero point as the package finds them") {
  check_against_package<Code<BF16>>(reference::Type::bf16());
  check_against_package<Code<FP16>>(reference::Type::fp16());
}

TEST_CASE("asymmetric: the vectors of compressed-tensors") {
  using Policy = AsymmetricScale<Code<BF16>>;
  auto const params =
      Policy::fit<INT4, CompressedTensors, Code<BF16>>({-0.51953125f, 0.400390625f});
  CHECK(to_float(params.scale) == 0.0615234375f);
  CHECK(params.zero_point == 0);
  auto const zeros = Policy::fit<INT4, CompressedTensors, Code<BF16>>({0.0f, 0.0f});
  CHECK(to_float(zeros.scale) == 0.0078125f);
  CHECK(zeros.zero_point == 0);
}
