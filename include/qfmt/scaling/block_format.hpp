// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e2m3.hpp>
#include <qfmt/formats/e3m2.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/formats/mxint8.hpp>
#include <qfmt/formats/s1m3.hpp>
#include <qfmt/scaling/granularity.hpp>
#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>

namespace qfmt {

/// A block format is an element format, a scale policy and how many consecutive elements of a row
/// share a scale: three facts that were standardised under one name.
template <class B>
concept BlockFormat = requires {
  { B::name } -> convertible_to<char const*>;
  { B::block_size } -> convertible_to<index_t>;
}
&&ElementFormat<typename B::Element>&& ScalePolicy<typename B::Policy, typename B::Element>;

/// NVIDIA's FP4: E2M1 in blocks of 16 with E4M3 scales under one binary32 tensor scale.
struct NVFP4 {
  static constexpr char const* name = "NVFP4";
  using Element = E2M1;
  using Policy = TwoLevel;
  static constexpr index_t block_size = 16;
};

// OCP Microscaling Formats 1.0, section 5: blocks of 32 with power-of-two scales. The specification
// leaves the rule for the scale open. For elements with one mantissa bit Even has the smallest mean
// squared error on Gaussian data; with more of them RoundUp, which clips nothing.

/// OCP's MXFP4: FP4 elements.
struct MXFP4 {
  static constexpr char const* name = "MXFP4";
  using Element = E2M1;
  using Policy = PowerOfTwo<mx::Even>;
  static constexpr index_t block_size = 32;
};

/// OCP's MXFP6 with three mantissa bits.
struct MXFP6_E2M3 {
  static constexpr char const* name = "MXFP6_E2M3";
  using Element = E2M3;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// OCP's MXFP6 with two mantissa bits.
struct MXFP6_E3M2 {
  static constexpr char const* name = "MXFP6_E3M2";
  using Element = E3M2;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// OCP's MXFP8 with three mantissa bits.
struct MXFP8_E4M3 {
  static constexpr char const* name = "MXFP8_E4M3";
  using Element = E4M3;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// OCP's MXFP8 with two mantissa bits.
struct MXFP8_E5M2 {
  static constexpr char const* name = "MXFP8_E5M2";
  using Element = E5M2;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// MXINT8 as a block format; the element has the same name in namespace qfmt.
struct MXINT8Block {
  static constexpr char const* name = "MXINT8";
  using Element = MXINT8;
  using Policy = PowerOfTwo<mx::RoundUp>;
  static constexpr index_t block_size = 32;
};

/// The codebook S1M3 as a block format, beside MXFP4 for comparison; not an OCP format. Floor,
/// since its values are dense at the upper end.
struct MXS1M3 {
  static constexpr char const* name = "MXS1M3";
  using Element = S1M3;
  using Policy = PowerOfTwo<mx::Floor>;
  static constexpr index_t block_size = 32;
};

/// Every block format.
using BlockFormats =
    TypeList<NVFP4, MXFP4, MXFP6_E2M3, MXFP6_E3M2, MXFP8_E4M3, MXFP8_E5M2, MXINT8Block, MXS1M3>;

static_assert(BlockFormat<NVFP4> && BlockFormat<MXFP4> && BlockFormat<MXFP6_E2M3> &&
              BlockFormat<MXFP6_E3M2>);
static_assert(BlockFormat<MXFP8_E4M3> && BlockFormat<MXFP8_E5M2> && BlockFormat<MXINT8Block>);
static_assert(BlockFormat<MXS1M3>);

}  // namespace qfmt
