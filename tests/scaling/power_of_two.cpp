// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <bit>
#include <doctest/doctest.h>
#include <initializer_list>
#include <string>
#include <support/compressed_tensors_reference.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/power_of_two.hpp>

// The policy around the rules, which scaling/mx_rule.cpp tests.

using namespace qfmt;
namespace reference = qfmt::test::reference;

TEST_CASE("the rule decides on the larger of the two extremes") {
  using Policy = PowerOfTwo<mx::RoundUp>;
  CHECK(Policy::fit<E2M1, profile::Qfmt, float>({-6.5f, 1.0f}).scale.bits == 128);
  CHECK(Policy::fit<E2M1, profile::Qfmt, float>({-1.0f, 6.0f}).scale.bits == 127);
  CHECK(PowerOfTwo<mx::Floor>::fit<E2M1, profile::Qfmt, float>({-6.5f, 1.0f}).scale.bits == 127);
  CHECK(Policy::fit<E2M1, profile::Qfmt, float>({0.0f, 0.0f}).scale.bits == 0);
}

TEST_CASE("the vectors of compressed-tensors: amax to scale byte") {
  struct Row {
    float amax;
    unsigned fp4, fp8;
  };
  using Policy = PowerOfTwo<mx::Floor>;  // the profile brings its own rule
  for (auto const& row :
       {Row{0.0f, 0, 0}, Row{0.08251953125f, 121, 115}, Row{1.0f, 125, 119},
        Row{1.7421875f, 125, 119}, Row{1.75f, 126, 120}, Row{3.0f, 126, 120}, Row{6.0f, 127, 121},
        Row{6.9375f, 127, 121}, Row{7.0f, 128, 122}, Row{448.0f, 134, 128}, Row{1e-38f, 0, 0}}) {
    INFO(row.amax);
    CHECK(Policy::fit<E2M1, profile::CompressedTensors, Code<BF16>>({-row.amax, row.amax})
              .scale.bits == row.fp4);
    CHECK(Policy::fit<E4M3, profile::CompressedTensors, Code<BF16>>({-row.amax, row.amax})
              .scale.bits == row.fp8);
  }
  // There the package leaves E8M0 (byte 255, then undefined); here the rule goes on.
  CHECK(Policy::fit<E2M1, profile::CompressedTensors, Code<BF16>>({0.0f, 3.2965e38f}).scale.bits ==
        253);
}

namespace {

/// Every non-negative value of a 16-bit type, through the package's steps.
template <class F, class T>
void check_against_package(reference::Type const& d, int offset) {
  using Policy = PowerOfTwo<mx::Even>;
  int wrong = 0;
  int undefined = 0;
  int checked = 0;
  for (std::uint32_t bits = 0; bits < 0x8000; ++bits) {
    float const amax = to_float(T{static_cast<std::uint16_t>(bits)});
    if (!is_finite(amax))
      continue;
    int const expected = reference::mx_scale_code(d, amax, offset);
    ++checked;
    if (expected < 0) {
      ++undefined;
      continue;
    }
    unsigned const code =
        Policy::template fit<F, profile::CompressedTensors, T>({-amax, 0.0f}).scale.bits;
    if (code != static_cast<unsigned>(expected) && wrong++ == 0)
      INFO("first: amax " << amax << ": " << code << " instead of " << expected);
  }
  CHECK_MESSAGE(wrong == 0, std::string{F::name});
  CHECK(checked > 31000);
  CHECK(undefined < checked / 100);
}

}  // namespace

TEST_CASE("profile CompressedTensors: the scale byte of every 16-bit amax") {
  check_against_package<E2M1, Code<BF16>>(reference::Type::bf16(), 2);
  check_against_package<E4M3, Code<BF16>>(reference::Type::bf16(), 8);
  check_against_package<E2M1, Code<FP16>>(reference::Type::fp16(), 2);
  check_against_package<E4M3, Code<FP16>>(reference::Type::fp16(), 8);
}

TEST_CASE("profile CompressedTensors: the scale byte of binary32 amax") {
  auto const d = reference::Type::fp32();
  using Policy = PowerOfTwo<mx::Even>;
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x7F600000u; bits += 4099) {
    float const amax = std::bit_cast<float>(bits);
    wrong += Policy::fit<E2M1, profile::CompressedTensors, float>({0.0f, amax}).scale.bits !=
                     static_cast<unsigned>(reference::mx_scale_code(d, amax, 2))
                 ? 1
                 : 0;
    wrong += Policy::fit<E4M3, profile::CompressedTensors, float>({0.0f, amax}).scale.bits !=
                     static_cast<unsigned>(reference::mx_scale_code(d, amax, 8))
                 ? 1
                 : 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the scale is the decoded code, and nothing is kept for the tensor") {
  static_assert(!PowerOfTwo<mx::Floor>::has_zero_point);
  CHECK(PowerOfTwo<mx::Floor>::effective(Code<E8M0>{130}) == 8.0f);
  CHECK(PowerOfTwo<mx::Floor>::fit_global<E2M1, profile::Qfmt, float>(5.0f) == NoGlobal{});
}
