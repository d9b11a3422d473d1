// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int2.hpp>
#include <qfmt/formats/int3.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int5.hpp>
#include <qfmt/formats/int6.hpp>
#include <qfmt/formats/int7.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/tensor/scheme.hpp>

// The published presets of compressed-tensors, by their names. A preset
// is a LayerScheme: weights, and input activations where they are quantized.

namespace qfmt::preset {

/// The base of every preset: its name, and what it does.
template <class W, class X = void>
using Layer = LayerScheme<W, X>;

template <IntegerFormat F>
using GroupedInt = QuantScheme<F, PerGroup<128>>;
using TokenInt8 = QuantScheme<qfmt::INT8, PerToken, Symmetric, Dynamic>;
using TokenInt4 = QuantScheme<qfmt::INT4, PerToken, Symmetric, Dynamic>;
using TokenFp8 = QuantScheme<E4M3, PerToken, Symmetric, Dynamic>;

// clang-format off

// Integer weights in groups of 128; activations stay.
struct W2A16 : Layer<GroupedInt<qfmt::INT2>> { static constexpr char const* name = "W2A16"; };
struct W3A16 : Layer<GroupedInt<qfmt::INT3>> { static constexpr char const* name = "W3A16"; };
struct W4A16 : Layer<GroupedInt<qfmt::INT4>> { static constexpr char const* name = "W4A16"; };
struct W5A16 : Layer<GroupedInt<qfmt::INT5>> { static constexpr char const* name = "W5A16"; };
struct W6A16 : Layer<GroupedInt<qfmt::INT6>> { static constexpr char const* name = "W6A16"; };
struct W7A16 : Layer<GroupedInt<qfmt::INT7>> { static constexpr char const* name = "W7A16"; };
struct W8A16 : Layer<GroupedInt<qfmt::INT8>> { static constexpr char const* name = "W8A16"; };
struct W4A16_ASYM : Layer<QuantScheme<qfmt::INT4, PerGroup<128>, Asymmetric, Static<MinMax>>> { static constexpr char const* name = "W4A16_ASYM"; };

// Integer weights; integer activations, token by token.
struct W4A4 : Layer<GroupedInt<qfmt::INT4>, TokenInt4> { static constexpr char const* name = "W4A4"; };
struct W4A8 : Layer<GroupedInt<qfmt::INT4>, TokenInt8> { static constexpr char const* name = "W4A8"; };
struct W8A8 : Layer<QuantScheme<qfmt::INT8, PerChannel>, TokenInt8> { static constexpr char const* name = "W8A8"; };
struct INT8 : W8A8 { static constexpr char const* name = "INT8"; };

// FP8 (E4M3) weights and activations.
struct FP8 : Layer<QuantScheme<E4M3, PerTensor>, QuantScheme<E4M3, PerTensor>> { static constexpr char const* name = "FP8"; };
struct FP8_DYNAMIC : Layer<QuantScheme<E4M3, PerChannel>, TokenFp8> { static constexpr char const* name = "FP8_DYNAMIC"; };
struct FP8_BLOCK : Layer<QuantScheme<E4M3, PerBlock<128, 128>>, QuantScheme<E4M3, PerGroup<128>, Symmetric, Dynamic>> {
  static constexpr char const* name = "FP8_BLOCK";
};
struct W4AFP8 : Layer<GroupedInt<qfmt::INT4>, TokenFp8> { static constexpr char const* name = "W4AFP8"; };

// Block formats.
struct NVFP4A16 : Layer<BlockScheme<qfmt::NVFP4>> { static constexpr char const* name = "NVFP4A16"; };
struct NVFP4 : Layer<BlockScheme<qfmt::NVFP4>, BlockScheme<qfmt::NVFP4, Local<AbsMax>>> { static constexpr char const* name = "NVFP4"; };
struct MXFP4A16 : Layer<BlockScheme<qfmt::MXFP4>> { static constexpr char const* name = "MXFP4A16"; };
struct MXFP4 : Layer<BlockScheme<qfmt::MXFP4>, BlockScheme<qfmt::MXFP4, Dynamic>> { static constexpr char const* name = "MXFP4"; };
struct MXFP8A16 : Layer<BlockScheme<MXFP8_E4M3>> { static constexpr char const* name = "MXFP8A16"; };
struct MXFP8 : Layer<BlockScheme<MXFP8_E4M3>, BlockScheme<MXFP8_E4M3, Dynamic>> { static constexpr char const* name = "MXFP8"; };

// clang-format on

/// Every preset.
using All = TypeList<W2A16, W3A16, W4A16, W5A16, W6A16, W7A16, W8A16, W4A16_ASYM, W4A4, W4A8, W8A8,
                     INT8, FP8, FP8_DYNAMIC, FP8_BLOCK, W4AFP8, NVFP4A16, NVFP4, MXFP4A16, MXFP4,
                     MXFP8A16, MXFP8>;

}  // namespace qfmt::preset

namespace qfmt {

/// Calls `visit.template operator()<Preset>()` for the preset of that name, letters in either case,
/// and returns true; false when there is none.
template <class Visitor>
constexpr bool visit_preset(char const* name, Visitor&& visit) {
  constexpr auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  bool found = false;
  preset::All::for_each([&]<class P>() {
    char const* a = P::name;
    char const* b = name;
    while (*a != '\0' && *a == upper(*b)) ++a, ++b;
    if (*a != '\0' || *b != '\0')
      return;
    found = true;
    visit.template operator()<P>();
  });
  return found;
}

}  // namespace qfmt
