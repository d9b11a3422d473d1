// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cctype>
#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;

namespace {

template <class P, class F, class G, class Policy, class When, class X>
constexpr bool is = is_same_v<typename P::Weights, QuantScheme<F, G, Policy, When>>&&
    is_same_v<typename P::InputActivations, X>;

using Abs = Static<AbsMax>;
using Token8 = QuantScheme<INT8, PerToken, Symmetric, Dynamic>;
using Token4 = QuantScheme<INT4, PerToken, Symmetric, Dynamic>;
using TokenFp8 = QuantScheme<E4M3, PerToken, Symmetric, Dynamic>;

std::string found(char const* name) {
  std::string result = "none";
  bool const known = visit_preset(name, [&]<class P>() { result = P::name; });
  CHECK(known == (result != "none"));
  return result;
}

}  // namespace

TEST_CASE("presets: what the published names mean") {
  using namespace preset;
  static_assert(is<W2A16, qfmt::INT2, PerGroup<128>, Symmetric, Abs, void> &&
                is<W3A16, qfmt::INT3, PerGroup<128>, Symmetric, Abs, void>);
  static_assert(is<W4A16, qfmt::INT4, PerGroup<128>, Symmetric, Abs, void> &&
                is<W5A16, qfmt::INT5, PerGroup<128>, Symmetric, Abs, void>);
  static_assert(is<W6A16, qfmt::INT6, PerGroup<128>, Symmetric, Abs, void> &&
                is<W7A16, qfmt::INT7, PerGroup<128>, Symmetric, Abs, void>);
  static_assert(is<W8A16, qfmt::INT8, PerGroup<128>, Symmetric, Abs, void>);
  static_assert(is<W4A16_ASYM, qfmt::INT4, PerGroup<128>, Asymmetric, Static<MinMax>, void>);
  static_assert(is<W4A4, qfmt::INT4, PerGroup<128>, Symmetric, Abs, Token4> &&
                is<W4A8, qfmt::INT4, PerGroup<128>, Symmetric, Abs, Token8>);
  static_assert(is<W8A8, qfmt::INT8, PerChannel, Symmetric, Abs, Token8> &&
                is<preset::INT8, qfmt::INT8, PerChannel, Symmetric, Abs, Token8>);
  static_assert(is<FP8, E4M3, PerTensor, Symmetric, Abs, QuantScheme<E4M3, PerTensor>>);
  static_assert(is<FP8_DYNAMIC, E4M3, PerChannel, Symmetric, Abs, preset::TokenFp8>);
  static_assert(is<FP8_BLOCK, E4M3, PerBlock<128, 128>, Symmetric, Abs,
                   QuantScheme<E4M3, PerGroup<128>, Symmetric, Dynamic>>);
  static_assert(is<W4AFP8, qfmt::INT4, PerGroup<128>, Symmetric, Abs, preset::TokenFp8>);
  static_assert(is_same_v<preset::NVFP4A16::Weights, BlockScheme<qfmt::NVFP4>> &&
                is_same_v<preset::NVFP4A16::InputActivations, void>);
  static_assert(
      is_same_v<preset::NVFP4::InputActivations, BlockScheme<qfmt::NVFP4, Local<AbsMax>>>);
  static_assert(is_same_v<preset::MXFP4::InputActivations, BlockScheme<qfmt::MXFP4, Dynamic>>);
  static_assert(is_same_v<preset::MXFP8::Weights, BlockScheme<MXFP8_E4M3>> &&
                is_same_v<preset::MXFP8A16::InputActivations, void>);
  static_assert(is<W2A4, qfmt::INT2, PerGroup<128>, Symmetric, Abs, Token4> &&
                is<W3A4, qfmt::INT3, PerGroup<128>, Symmetric, Abs, Token4>);
  static_assert(is<W2A8, qfmt::INT2, PerGroup<128>, Symmetric, Abs, Token8> &&
                is<W3A8, qfmt::INT3, PerGroup<128>, Symmetric, Abs, Token8> &&
                is<W5A8, qfmt::INT5, PerGroup<128>, Symmetric, Abs, Token8>);
  static_assert(is<W6A8, qfmt::INT6, PerGroup<128>, Symmetric, Abs, Token8> &&
                is<W7A8, qfmt::INT7, PerGroup<128>, Symmetric, Abs, Token8>);
  static_assert(is_same_v<preset::MXFP6A16::Weights, BlockScheme<MXFP6_E2M3>> &&
                is_same_v<preset::MXFP6A8::InputActivations, BlockScheme<MXFP8_E4M3, Dynamic>>);
  static_assert(
      is_same_v<preset::MXFP4XFP8::Weights, BlockScheme<qfmt::MXFP4>> &&
      is_same_v<preset::MXFP4XFP8::InputActivations, preset::FP8_BLOCK::InputActivations>);
  static_assert(is<W4A16_CHANNEL, qfmt::INT4, PerChannel, Symmetric, Abs, void> &&
                is<W8A16_CHANNEL, qfmt::INT8, PerChannel, Symmetric, Abs, void>);
  static_assert(is_same_v<preset::NVFP4AFP8::Weights, preset::NVFP4::Weights> &&
                is_same_v<preset::NVFP4AFP8::InputActivations, preset::TokenFp8>);
  static_assert(is<FP8_E5M2A16, E5M2, PerChannel, Symmetric, Abs, void> &&
                is<FP8_E5M2_DYNAMIC, E5M2, PerChannel, Symmetric, Abs,
                   QuantScheme<E5M2, PerToken, Symmetric, Dynamic>>);
  static_assert(is_same_v<preset::MXFP6_E3M2A16::Weights, BlockScheme<MXFP6_E3M2>> &&
                is_same_v<preset::MXS1M3A16::Weights, BlockScheme<MXS1M3>>);
  CHECK(is_same_v<preset::TokenFp8, ::TokenFp8>);
  CHECK(preset::Published::size == 32);  // all of compressed-tensors 0.20 but UNQUANTIZED
  CHECK(preset::All::size ==
        preset::Published::size + preset::Unpublished::size + preset::InMemory::size);
}

TEST_CASE(
    "presets: every one of the list is found by its name, in any case, and is a layer scheme") {
  std::set<std::string> names;
  preset::All::for_each([&]<class P>() {
    static_assert(Scheme<typename P::Weights>);
    std::string const name = P::name;
    CHECK(names.insert(name).second);
    std::string lower = name;
    std::string mixed = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    for (std::size_t i = 0; i < mixed.size(); i += 2)
      mixed[i] = static_cast<char>(std::tolower(mixed[i]));
    CHECK(found(name.c_str()) == name);
    CHECK(found(lower.c_str()) == name);
    CHECK(found(mixed.c_str()) == name);
    CHECK(found((name + "_").c_str()) == "none");
  });
  for (char const* const name :
       {"W8A8", "INT8", "W4A16", "W4A16_ASYM", "W8A16", "W4A8", "W4AFP8", "FP8", "FP8_DYNAMIC",
        "FP8_BLOCK", "NVFP4", "NVFP4A16", "MXFP4", "MXFP4A16", "MXFP8", "MXFP8A16"}) {
    CHECK(names.count(name) == 1);
  }
}

TEST_CASE("presets: names that are none") {
  for (char const* const name : {"", "W", "W4", "W4A16 ", " W4A16", "W4A16_", "W4A166", "NVFP",
                                 "NVFP44", "fp8-dynamic", "UNKNOWN", "@"}) {
    CHECK(found(name) == "none");
  }
}

TEST_CASE("presets: a name is looked up in the list that is given") {
  auto const is_in = []<class List>(List, char const* name) {
    return visit_preset<List>(name, []<class P>() {});
  };
  CHECK(is_in(preset::Storable{}, "NVFP4AFP8"));
  CHECK_FALSE(is_in(preset::Published{}, "NVFP4AFP8"));
  CHECK(is_in(preset::InMemory{}, "mxs1m3a16"));
  CHECK_FALSE(is_in(preset::Storable{}, "mxs1m3a16"));
}

TEST_CASE("presets: a name selects one preset at compile time too") {
  constexpr int bits = [] {
    int result = 0;
    visit_preset("w4a16", [&]<class P>() { result = P::Weights::Format::bits; });
    return result;
  }();
  static_assert(bits == 4);
  CHECK(bits == 4);
}
