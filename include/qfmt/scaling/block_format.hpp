// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/scaling/granularity.hpp>
#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>

namespace qfmt {

/// A block format is an element format, a scale policy and how many consecutive elements of a row share
/// a scale: three facts that were standardised under one name.
template <class B>
concept BlockFormat = requires {
  { B::name } -> convertible_to<char const*>;
  { B::block_size } -> convertible_to<index_t>;
} && ElementFormat<typename B::Element> && ScalePolicy<typename B::Policy, typename B::Element>;

/// NVIDIA's FP4: E2M1 in blocks of 16 with E4M3 scales under one binary32 tensor scale.
struct NVFP4 {
  static constexpr char const* name = "NVFP4";
  using Element = E2M1;
  using Policy = TwoLevel;
  static constexpr index_t block_size = 16;
};

/// OCP Microscaling Formats 1.0, section 5: E2M1 in blocks of 32 with power-of-two scales. Of the
/// non-clipping and clipping rules, Even has the smallest mean squared error on Gaussian data.
struct MXFP4 {
  static constexpr char const* name = "MXFP4";
  using Element = E2M1;
  using Policy = PowerOfTwo<mx::Even>;
  static constexpr index_t block_size = 32;
};

/// OCP Microscaling Formats 1.0, section 5: E4M3 in blocks of 32; RoundUp, so that nothing is clipped.
struct MXFP8_E4M3 {
  static constexpr char const* name = "MXFP8_E4M3";
  using Element = E4M3;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// OCP Microscaling Formats 1.0, section 5: E5M2 in blocks of 32; RoundUp, so that nothing is clipped.
struct MXFP8_E5M2 {
  static constexpr char const* name = "MXFP8_E5M2";
  using Element = E5M2;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

static_assert(BlockFormat<NVFP4> && BlockFormat<MXFP4> && BlockFormat<MXFP8_E4M3> && BlockFormat<MXFP8_E5M2>);

}  // namespace qfmt
