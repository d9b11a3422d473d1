// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/compressed_tensors_reference.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/two_level.hpp>

using namespace qfmt;
namespace reference = qfmt::test::reference;
using profile::CompressedTensors;
using profile::Qfmt;

namespace {

template <class P, class T>
Code<UE4M3> block_scale(float amax, GlobalScale global) {
  return TwoLevel::fit<E2M1, P, T>({-amax, amax}, global).scale;
}

}  // namespace

TEST_CASE("two-level: the tensor scale maps the largest magnitude to 448 * 6") {
  CHECK(TwoLevel::fit_global<E2M1, Qfmt, float>(2688.0f).encode_scale == 1.0f);
  CHECK(TwoLevel::fit_global<E2M1, Qfmt, float>(1.0f).encode_scale == 2688.0f);
  CHECK(TwoLevel::fit_global<E2M1, Qfmt, float>(0.0f).encode_scale == 1.0f);
  // Capped, so that 448 / encode_scale stays a normal number.
  CHECK(TwoLevel::fit_global<E2M1, Qfmt, float>(0x1p-149f).encode_scale == 0x1p96f);
  CHECK(TwoLevel::fit_global<E2M1, Qfmt, float>(1e-30f).encode_scale == 0x1p96f);
  CHECK(std::isfinite(
      TwoLevel::fit_global<E2M1, Qfmt, float>(std::numeric_limits<float>::max()).encode_scale));
}

TEST_CASE("two-level: block scales by hand") {
  GlobalScale const one{1.0f};
  CHECK(block_scale<Qfmt, float>(2688.0f, one).bits == 0x7E);
  CHECK(block_scale<Qfmt, float>(6.0f, one).bits == 0x38);
  CHECK(block_scale<Qfmt, float>(1e30f, one).bits ==
        0x7E);  // saturates: the tensor scale was made for less
  CHECK(block_scale<Qfmt, float>(6 * 0x1p-9f, one).bits == 0x01);
  // Zero and what rounds to it: the profile's replacement.
  CHECK(block_scale<Qfmt, float>(0.0f, one).bits == 0x01);
  CHECK(block_scale<Qfmt, float>(1e-9f, one).bits == 0x01);
  CHECK(block_scale<CompressedTensors, float>(0.0f, one).bits == 0x20);
  CHECK(block_scale<CompressedTensors, float>(1e-9f, one).bits == 0x20);
}

TEST_CASE("two-level: values are code * block scale / encode scale") {
  static_assert(!TwoLevel::has_zero_point);
  CHECK(TwoLevel::effective(Code<UE4M3>{0x38}, GlobalScale{4.0f}) == 0.25f);
  CHECK(TwoLevel::effective(Code<UE4M3>{0x7E}, GlobalScale{80896.0f}) == 0.005537974648177624f);
  CHECK(TwoLevel::effective(Code<UE4M3>{0x64}, GlobalScale{80896.0f}) == 0.0005933544016443193f);
}

TEST_CASE("two-level: a block clips by no more than the rounding of its scale") {
  // E4M3 keeps a normal scale to within 1 / 17 of itself.
  test::Samples samples{44};
  GlobalScale const global = TwoLevel::fit_global<E2M1, Qfmt, float>(100.0f);
  double worst = 0.0;
  for (int i = 0; i < 20000; ++i) {
    auto const amax = static_cast<float>(std::ldexp(1 + samples.uniform(), samples.integer(-8, 5)));
    double const scaled =
        static_cast<double>(amax) /
        static_cast<double>(TwoLevel::effective(block_scale<Qfmt, float>(amax, global), global));
    worst = std::fmax(worst, scaled / 6);
  }
  CHECK(worst <= 17.0 / 16 + 1e-6);
  CHECK(worst > 17.0 / 16 - 1e-2);
}

namespace {

template <class T>
void check_against_package(reference::Type const& d) {
  int wrong_global = 0;
  for (std::uint32_t bits = 0; bits < 0x8000; ++bits) {
    float const amax = to_float(T{static_cast<std::uint16_t>(bits)});
    if (!is_finite(amax))
      continue;
    wrong_global += TwoLevel::fit_global<E2M1, CompressedTensors, T>(amax).encode_scale !=
                            reference::nvfp4_global_scale(d, amax)
                        ? 1
                        : 0;
  }
  CHECK(wrong_global == 0);

  int wrong_blocks = 0;
  int checked = 0;
  for (float const tensor : {0.033203125f, 1.0f, 3.5f, 1000.0f, 0.0f}) {
    float const global = reference::nvfp4_global_scale(d, tensor);
    for (std::uint32_t bits = 0; bits < 0x8000; bits += 3) {
      float const amax = to_float(T{static_cast<std::uint16_t>(bits)});
      if (!is_finite(amax))
        continue;
      auto const expected = reference::nvfp4_scale_code(d, amax, global);
      auto const code = block_scale<CompressedTensors, T>(amax, {global});
      wrong_blocks += code.bits != expected ? 1 : 0;
      wrong_blocks +=
          TwoLevel::effective(code, {global}) != reference::nvfp4_effective_scale(expected, global)
              ? 1
              : 0;
      ++checked;
    }
  }
  CHECK(wrong_blocks == 0);
  CHECK(checked > 50000);
}

}  // namespace

TEST_CASE("profile CompressedTensors: both scales as the package finds them") {
  check_against_package<Code<BF16>>(reference::Type::bf16());
  check_against_package<Code<FP16>>(reference::Type::fp16());

  auto const d = reference::Type::fp32();
  test::Samples samples{45};
  int wrong = 0;
  for (int i = 0; i < 50000; ++i) {
    float const amax = std::fabs(i % 2 == 0 ? samples.normal() : samples.any_finite());
    wrong += TwoLevel::fit_global<E2M1, CompressedTensors, float>(amax).encode_scale !=
                     reference::nvfp4_global_scale(d, amax)
                 ? 1
                 : 0;
    wrong += block_scale<CompressedTensors, float>(amax, {960.0f}).bits !=
                     reference::nvfp4_scale_code(d, amax, 960.0f)
                 ? 1
                 : 0;
  }
  CHECK(wrong == 0);
}
