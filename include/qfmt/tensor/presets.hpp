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

// Presets by name. A preset is a LayerScheme: weights, and input activations where they are
// quantized. Those that compressed-tensors 0.20 publishes have its names; where it has none, the
// names are this library's. docs/presets.md is the table.

namespace qfmt::preset {

namespace detail {
template <class A, class B>
struct JoinedLists;
template <class... As, class... Bs>
struct JoinedLists<TypeList<As...>, TypeList<Bs...>> {
  using type = TypeList<As..., Bs...>;
};
}  // namespace detail

template <class A, class B>
using Joined = typename detail::JoinedLists<A, B>::type;

/// The base of every preset: the scheme of its weights, and that of its inputs (void: none).
template <class W, class X = void>
using Layer = LayerScheme<W, X>;

template <IntegerFormat F>
using GroupedInt = QuantScheme<F, PerGroup<128>>;
template <ElementFormat F>
using Token = QuantScheme<F, PerToken, Symmetric, Dynamic>;
using TokenInt8 = Token<qfmt::INT8>;
using TokenInt4 = Token<qfmt::INT4>;
using TokenFp8 = Token<E4M3>;

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
struct W2A4 : Layer<GroupedInt<qfmt::INT2>, TokenInt4> { static constexpr char const* name = "W2A4"; };
struct W3A4 : Layer<GroupedInt<qfmt::INT3>, TokenInt4> { static constexpr char const* name = "W3A4"; };
struct W4A4 : Layer<GroupedInt<qfmt::INT4>, TokenInt4> { static constexpr char const* name = "W4A4"; };
struct W2A8 : Layer<GroupedInt<qfmt::INT2>, TokenInt8> { static constexpr char const* name = "W2A8"; };
struct W3A8 : Layer<GroupedInt<qfmt::INT3>, TokenInt8> { static constexpr char const* name = "W3A8"; };
struct W4A8 : Layer<GroupedInt<qfmt::INT4>, TokenInt8> { static constexpr char const* name = "W4A8"; };
struct W5A8 : Layer<GroupedInt<qfmt::INT5>, TokenInt8> { static constexpr char const* name = "W5A8"; };
struct W6A8 : Layer<GroupedInt<qfmt::INT6>, TokenInt8> { static constexpr char const* name = "W6A8"; };
struct W7A8 : Layer<GroupedInt<qfmt::INT7>, TokenInt8> { static constexpr char const* name = "W7A8"; };
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
struct MXFP4XFP8 : Layer<BlockScheme<qfmt::MXFP4>, QuantScheme<E4M3, PerGroup<128>, Symmetric, Dynamic>> { static constexpr char const* name = "MXFP4XFP8"; };
struct MXFP6A16 : Layer<BlockScheme<MXFP6_E2M3>> { static constexpr char const* name = "MXFP6A16"; };
struct MXFP6A8 : Layer<BlockScheme<MXFP6_E2M3>, BlockScheme<MXFP8_E4M3, Dynamic>> { static constexpr char const* name = "MXFP6A8"; };
struct MXFP8A16 : Layer<BlockScheme<MXFP8_E4M3>> { static constexpr char const* name = "MXFP8A16"; };
struct MXFP8 : Layer<BlockScheme<MXFP8_E4M3>, BlockScheme<MXFP8_E4M3, Dynamic>> { static constexpr char const* name = "MXFP8"; };

// Not published: what compressed-tensors can describe, but has no name for.
struct W4A16_CHANNEL : Layer<QuantScheme<qfmt::INT4, PerChannel>> { static constexpr char const* name = "W4A16_CHANNEL"; };
struct W8A16_CHANNEL : Layer<QuantScheme<qfmt::INT8, PerChannel>> { static constexpr char const* name = "W8A16_CHANNEL"; };
struct NVFP4AFP8 : Layer<BlockScheme<qfmt::NVFP4>, TokenFp8> { static constexpr char const* name = "NVFP4AFP8"; };

// Not published, and for tensors in memory: compressed-tensors has no word for these elements.
struct FP8_E5M2A16 : Layer<QuantScheme<E5M2, PerChannel>> { static constexpr char const* name = "FP8_E5M2A16"; };
struct FP8_E5M2_DYNAMIC : Layer<QuantScheme<E5M2, PerChannel>, Token<E5M2>> { static constexpr char const* name = "FP8_E5M2_DYNAMIC"; };
struct MXFP6_E3M2A16 : Layer<BlockScheme<qfmt::MXFP6_E3M2>> { static constexpr char const* name = "MXFP6_E3M2A16"; };
struct MXS1M3A16 : Layer<BlockScheme<qfmt::MXS1M3>> { static constexpr char const* name = "MXS1M3A16"; };

// clang-format on

/// Those that compressed-tensors 0.20 publishes.
using Published =
    TypeList<W2A16, W3A16, W4A16, W5A16, W6A16, W7A16, W8A16, W4A16_ASYM, W2A4, W3A4, W4A4, W2A8,
             W3A8, W4A8, W5A8, W6A8, W7A8, W8A8, INT8, FP8, FP8_DYNAMIC, FP8_BLOCK, W4AFP8,
             NVFP4A16, NVFP4, MXFP4A16, MXFP4, MXFP4XFP8, MXFP6A16, MXFP6A8, MXFP8A16, MXFP8>;

/// Those of this library that have a form in a compressed-tensors checkpoint.
using Unpublished = TypeList<W4A16_CHANNEL, W8A16_CHANNEL, NVFP4AFP8>;

/// Those without one.
using InMemory = TypeList<FP8_E5M2A16, FP8_E5M2_DYNAMIC, MXFP6_E3M2A16, MXS1M3A16>;

/// Every preset that a checkpoint can hold.
using Storable = Joined<Published, Unpublished>;

/// Every preset.
using All = Joined<Storable, InMemory>;

}  // namespace qfmt::preset

namespace qfmt {

/// Calls `visit.template operator()<Preset>()` for the preset of that name, letters in either case,
/// and returns true; false when there is none. `Presets` are those to look among.
template <class Presets = preset::All, class Visitor>
constexpr bool visit_preset(char const* name, Visitor&& visit) {
  constexpr auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  bool found = false;
  Presets::for_each([&]<class P>() {
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
