// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Prints the pages of docs/ that are drawn from the types, so that no fact is typed twice:
//
//   format_table formats > docs/formats.md
//   format_table presets > docs/presets.md
//   format_table layouts > docs/layouts.md
//   format_table profiles > docs/profiles.md
//
// A test compares the pages with what this prints.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/formats/limits.hpp>
#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/packing/nibble_order.hpp>
#include <qfmt/packing/pack.hpp>
#include <qfmt/packing/scale_layout.hpp>
#include <qfmt/packing/word_order.hpp>
#include <qfmt/scaling/profiles/all.hpp>

namespace {

using namespace qfmt;

/// A power of two as 2^n, anything else in decimal.
std::string number(float x) {
  char text[32];
  int exponent = 0;
  if (std::frexp(x, &exponent) == 0.5f && (exponent > 10 || exponent < -3)) {
    std::snprintf(text, sizeof text, "2^%d", exponent - 1);
  } else {
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(x));
  }
  return text;
}

std::string hex(uint32_t code, int bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*X", (bits + 3) / 4, static_cast<unsigned>(code));
  return text;
}

template <FloatFormat F>
void float_row() {
  using L = std::numeric_limits<Code<F>>;
  std::string const infinity = F::has_infinity ? hex(F::overflow_code, F::bits) : "–";
  std::string const nan = F::has_nan ? hex(F::nan_code, F::bits) : "–";
  std::printf("| %s | %d | %d / %d | %d | %s | %s | %s | %s | %s | %s | %s |\n", F::name, F::bits,
              F::exponent_bits, F::mantissa_bits, F::bias, number(max_value<F>()).c_str(),
              number(decode(L::min())).c_str(),
              F::has_zero ? number(decode(L::denorm_min())).c_str() : "–",
              number(decode(L::epsilon())).c_str(), infinity.c_str(), nan.c_str(),
              F::has_negative_zero ? "yes" : "no");
}

template <ElementFormat F>
void code_table() {
  std::printf("\n### %s\n\n| code |", F::name);
  for (int low = 0; low < 8; ++low) std::printf(" +%d |", low);
  std::printf("\n|---|---|---|---|---|---|---|---|---|\n");
  for (int code = 0; code < 1 << F::bits; code += 8) {
    std::printf("| %s |", hex(static_cast<uint32_t>(code), F::bits).c_str());
    for (int low = 0; low < 8; ++low) {
      std::printf(" %s |", number(decode(Code<F>{static_cast<uint8_t>(code + low)})).c_str());
    }
    std::printf("\n");
  }
}

void formats() {
  std::printf(
      "# Element formats\n\nDrawn from the types by `format_table formats`; `tests` compares.\n\n"
      "## Floats\n\n"
      "E / M: exponent and mantissa bits. NaN: the code that conversions give.\n\n"
      "| format | bits | E / M | bias | largest | smallest normal | smallest | step at 1 | "
      "infinity | NaN | -0 |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n");
  FloatFormats::for_each([]<class F>() { float_row<F>(); });
  ScaleOnlyFormats::for_each([]<class F>() { float_row<F>(); });
  std::printf(
      "\n## Integers\n\n| format | bits | codes mean | lowest | largest "
      "|\n|---|---|---|---|---|\n");
  IntegerFormats::for_each([]<class F>() {
    std::printf("| %s | %d | %s | %s | %s |\n", F::name, F::bits,
                F::spec.fraction_bits == 0 ? "integers" : "integer / 64",
                number(min_value<F>()).c_str(), number(max_value<F>()).c_str());
  });
  std::printf(
      "\n## Codebooks\n\nSixteen values each, below. S1M3 is sometimes called MXFP4: compare it "
      "with E2M1,\n"
      "which is the OCP format of that name.\n"
      "\n## Values by code\n");
  TypeList<E2M1, S1M3, NF4, E2M3, E3M2>::for_each([]<class F>() { code_table<F>(); });
}

template <Scheme S>
std::string describe_side(io::Role role) {
  io::QuantizationArgs const args = io::describe<S>(role);
  std::string text = std::string{S::Format::name} + ", " + args.strategy;
  if (args.group_size)
    text += " " + std::to_string(*args.group_size);
  if (args.block_structure) {
    text += " " + std::to_string((*args.block_structure)[0]) + "x" +
            std::to_string((*args.block_structure)[1]);
  }
  if (!args.symmetric)
    text += ", asymmetric";
  if (args.dynamic != "false")
    text += args.dynamic == "true" ? ", dynamic" : ", local";
  return text;
}

template <class P>
void preset_row() {
  using W = typename P::Weights;
  std::string weights = describe_side<W>(io::Role::weights);
  std::string activations = "–";
  if constexpr (!same_as<typename P::InputActivations, void>)
    activations = describe_side<typename P::InputActivations>(io::Role::input_activations);
  std::string format;
  if constexpr (io::why_not_described<W>() == nullptr) {
    format = io::name(io::compressed_format<P>());
  } else {
    format = std::string{"none: "} + io::why_not_described<W>();
  }
  std::printf("| %s | %s | %s | %s | %s |\n", P::name, weights.c_str(), W::Policy::name,
              activations.c_str(), format.c_str());
}

void presets() {
  std::printf(
      "# Presets\n\nDrawn from the types by `format_table presets`; `tests` compares. Weights are "
      "static.\n"
      "`local`: the tensor's scale is calibrated, block scales are found at run time.\n"
      "\n## Published by compressed-tensors\n\n"
      "| preset | weights | scale policy | input activations | format on disk "
      "|\n|---|---|---|---|---|\n");
  preset::Published::for_each([]<class P>() { preset_row<P>(); });
  std::printf(
      "\n## Not published\n\ncompressed-tensors has no names for these; the first ones it can "
      "describe, so that it reads them.\n\n"
      "| preset | weights | scale policy | input activations | format on disk "
      "|\n|---|---|---|---|---|\n");
  preset::Unpublished::for_each([]<class P>() { preset_row<P>(); });
  preset::InMemory::for_each([]<class P>() { preset_row<P>(); });
}

template <NibbleOrder O>
void nibble_row(char const* label) {
  std::printf("| %s |", label);
  for (index_t byte = 0; byte < 16; ++byte) {
    int low = -1;
    int high = -1;
    for (int i = 0; i < 32; ++i) {
      if (O::place(i) == NibblePlace{byte, false})
        low = i;
      if (O::place(i) == NibblePlace{byte, true})
        high = i;
    }
    std::printf(" %d %d |", high, low);
  }
  std::printf("\n");
}

template <ScaleLayout L>
void layout_table(Shape scales, index_t first_offsets) {
  std::printf(
      "\n### %s\n\nScales %lld x %lld take %lld elements; the first ones, as (row, column):\n\n",
      L::name, static_cast<long long>(scales.rows), static_cast<long long>(scales.cols),
      static_cast<long long>(L::size(scales)));
  std::printf(
      "| offset | +0 | +1 | +2 | +3 | +4 | +5 | +6 | +7 "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
  for (index_t offset = 0; offset < first_offsets; offset += 8) {
    std::printf("| %lld |", static_cast<long long>(offset));
    for (index_t low = 0; low < 8; ++low) {
      std::string owner = "padding";
      for (index_t row = 0; row < scales.rows; ++row) {
        for (index_t col = 0; col < scales.cols; ++col) {
          if (L::offset(scales, row, col) == offset + low)
            owner = std::to_string(row) + ", " + std::to_string(col);
        }
      }
      std::printf(" %s |", owner.c_str());
    }
    std::printf("\n");
  }
}

/// Where the bits of a code are in a row of words: those that differ between all zeros and all ones.
/// `store(codes, count, words)` writes a row.
template <ElementFormat F, class Word, class Store>
std::vector<std::string> bits_of_row(index_t count, std::size_t words, Store const& store) {
  constexpr int width = 8 * sizeof(Word);
  std::vector<std::string> owners(words * width, "-");
  for (index_t i = 0; i < count; ++i) {
    for (int bit = 0; bit < F::bits; ++bit) {
      std::vector<Code<F>> codes(static_cast<std::size_t>(count));
      std::vector<Word> zeros(words);
      std::vector<Word> one(words);
      store(codes.data(), count, zeros.data());
      codes[static_cast<std::size_t>(i)].bits = static_cast<typename F::storage_type>(1 << bit);
      store(codes.data(), count, one.data());
      for (std::size_t at = 0; at < owners.size(); ++at) {
        if (((zeros[at / width] ^ one[at / width]) >> at % width & 1) != 0)
          owners[at] = std::to_string(i) + "." + std::to_string(bit);
      }
    }
  }
  return owners;
}

void byte_table() {
  auto const owners = bits_of_row<E2M3, uint8_t>(
      4, 3,
      [](Code<E2M3> const* codes, index_t count, uint8_t* bytes) { pack(codes, count, bytes, 3); });
  std::printf(
      "\n## Codes of 6 bits\n\nWhich bit of which element each bit of a row of bytes is: 1.0 is "
      "the "
      "lowest one of element 1. Other widths\nfollow each other in the same way.\n\n"
      "| byte | 7 | 6 | 5 | 4 | 3 | 2 | 1 | 0 |\n|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t byte = 0; byte < 3; ++byte) {
    std::printf("| %zu |", byte);
    for (std::size_t bit = 8; bit-- > 0;) std::printf(" %s |", owners[8 * byte + bit].c_str());
    std::printf("\n");
  }
}

/// The elements of a word by their bits, from the lowest: "0 [2:0]" is element 0 with bits 2 to 0.
std::string elements_of(std::vector<std::string> const& owners, std::size_t word) {
  std::string text;
  for (std::size_t at = 32 * word; at < 32 * (word + 1);) {
    std::string const element = owners[at].substr(0, owners[at].find('.'));
    std::size_t end = at;
    while (end < 32 * (word + 1) && owners[end].substr(0, owners[end].find('.')) == element) ++end;
    text += text.empty() ? "" : ", ";
    text += element == "-" ? std::to_string(end - at) + " unused"
                           : element + " [" + owners[end - 1].substr(element.size() + 1) + ":" +
                                 owners[at].substr(element.size() + 1) + "]";
    at = end;
  }
  return text;
}

template <class Order>
void word_row(char const* label) {
  auto const owners = bits_of_row<INT5, uint32_t>(
      12, 2, [](Code<INT5> const* codes, index_t count, uint32_t* words) {
        Order::template store<INT5>(codes, count, words);
      });
  std::printf("| %s | %s | %s |\n", label, elements_of(owners, 0).c_str(),
              elements_of(owners, 1).c_str());
}

template <class Order>
void weight_row(char const* label) {
  std::printf("| %s |", label);
  for (int shift = 0; shift < 32; shift += 4) {
    for (index_t n = 0; n < 8; ++n) {
      for (index_t k = 0; k < 8; ++k) {
        if (Order::place(n, k) == WordPlace{0, 0, shift})
          std::printf(" %lld, %lld |", static_cast<long long>(n), static_cast<long long>(k));
      }
    }
  }
  std::printf("\n");
}

void word_tables() {
  std::printf(
      "\n## Integers in 32-bit words\n\nWhich elements of a row of INT5 are in its first words, "
      "from "
      "the lowest bit up, and which of their bits.\n\n"
      "| order | word 0 | word 1 |\n|---|---|---|\n");
  word_row<DenseWords>("DenseWords");
  word_row<WholeWords>("WholeWords");
  std::printf(
      "\n## 4-bit weights in 32-bit words\n\nWhich weight (n, k), output n and input k, is in each "
      "four bits of the first word. GPTQ's words\nare a matrix (K / 8, N), AWQ's one of (K, N / 8)."
      "\n\n| order | 3:0 | 7:4 | 11:8 | 15:12 | 19:16 | 23:20 | 27:24 | 31:28 "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
  weight_row<GptqOrder>("GptqOrder");
  weight_row<AwqOrder>("AwqOrder");
}

void layouts() {
  std::printf(
      "# Layouts\n\nDrawn from the types by `format_table layouts`; `tests` compares.\n\n"
      "## Nibbles\n\nWhich elements of a row of 32 are in the high and the low half of each "
      "byte.\n\n| order |");
  for (int byte = 0; byte < 16; ++byte) std::printf(" %d |", byte);
  std::printf("\n|---|");
  for (int byte = 0; byte < 16; ++byte) std::printf("---|");
  std::printf("\n");
  nibble_row<LowFirst>("LowFirst");
  nibble_row<HighFirst>("HighFirst");
  nibble_row<SplitHalves<32>>("SplitHalves<32>");
  nibble_row<SplitHalves<16>>("SplitHalves<16>");
  byte_table();
  word_tables();
  std::printf("\n## Block scales\n");
  layout_table<RowMajor>({130, 6}, 16);
  layout_table<Swizzled128x4>({130, 6}, 48);
  layout_table<Swizzled8x4>({130, 6}, 48);
  layout_table<ColumnMajorWords>({130, 6}, 16);
}

/// How a conversion treats ties, from what it makes of midpoints with an even and an odd code
/// below.
template <Profile P, ElementFormat F>
std::string ties(float above_even, float above_odd) {
  bool const even_up = decode(P::template encode<F>(above_even)) > above_even;
  bool const odd_up = decode(P::template encode<F>(above_odd)) > above_odd;
  return even_up ? (odd_up ? "away" : "odd") : odd_up ? "even" : "to zero";
}

template <Profile P, ElementFormat F>
std::string code_for(float x) {
  return hex(P::template encode<F>(x).bits, F::bits);
}

/// The codes of a format for special values, a row for each profile.
template <ElementFormat F>
void conversion_table(float above_even, float above_odd) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  std::printf(
      "\n### %s\n\n| profile | 10^6 | -10^6 | +Inf | -Inf | NaN | -NaN | -0 | ties "
      "|\n|---|---|---|---|---|---|---|---|---|\n",
      F::name);
  profile::All::for_each([&]<class P>() {
    std::printf("| %s |", P::name);
    for (float const x : {1e6f, -1e6f, inf, -inf, nan, -nan, -0.0f})
      std::printf(" %s |", code_for<P, F>(x).c_str());
    std::printf(" %s |\n", ties<P, F>(above_even, above_odd).c_str());
  });
}

/// How a power of two is chosen for a number, from what becomes of 1.25 and 1.5.
template <Profile P>
std::string power_rounding() {
  bool const quarter_up = P::template encode<E8M0>(1.25f).bits == 128;
  bool const half_up = P::template encode<E8M0>(1.5f).bits == 128;
  return quarter_up ? "up" : half_up ? "nearest, ties up" : "down";
}

void power_table() {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  std::printf(
      "\n### E8M0\n\n| profile | rounding | +Inf | NaN | 0 | -2 | 1.5 * 2^127 | 1.25 * 2^-127 | "
      "2^-130 |\n|---|---|---|---|---|---|---|---|---|\n");
  profile::All::for_each([&]<class P>() {
    std::printf("| %s | %s |", P::name, power_rounding<P>().c_str());
    for (float const x : {inf, nan, 0.0f, -2.0f, 0x1.8p127f, 0x1.4p-127f, 0x1p-130f})
      std::printf(" %s |", code_for<P, E8M0>(x).c_str());
    std::printf("\n");
  });
}

struct Formula {
  char const* text;
  float (*value)(float x, float scale, float encode_scale);
};

/// The formula that agrees with the profile on pseudo-random arguments; they differ in rounding.
template <class Compute>
char const* matching(std::initializer_list<Formula> formulas, Compute compute) {
  char const* found = "another";
  for (Formula const& formula : formulas) {
    uint32_t state = 1;
    bool same = true;
    for (int i = 0; i < 4000 && same; ++i) {
      float args[3];
      for (float& arg : args)
        arg = 0.5f + static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-24f;
      float const scale = decode(encode<UE4M3>(args[1] * 100));  // as block scales are
      same = formula.value(args[0], scale, args[2]) == compute(args[0], scale, args[2]);
    }
    if (same)
      return formula.text;
  }
  return found;
}

template <Profile P>
char const* application() {
  return matching({{"x / s", [](float x, float s, float) { return x / s; }},
                   {"x * (1 / s)", [](float x, float s, float) { return x * (1.0f / s); }}},
                  [](float x, float s, float) { return P::apply(x, P::prepare(s)); });
}

template <Profile P>
char const* two_level_application() {
  return matching(
      {{"x / (S / G)", [](float x, float s, float g) { return x / (s / g); }},
       {"x / (S * D)", [](float x, float s, float g) { return x / (s * (1.0f / g)); }},
       {"x * (1 / (S / G))", [](float x, float s, float g) { return x * (1.0f / (s / g)); }},
       {"x * (1 / (S * D))",
        [](float x, float s, float g) { return x * (1.0f / (s * (1.0f / g))); }},
       {"x * (G / S)", [](float x, float s, float g) { return x * (g / s); }}},
      [](float x, float s, float g) { return P::apply(x, P::prepare_two_level(s, {g})); });
}

/// How a profile finds NVFP4's tensor scale from amax; the formulas differ in rounding.
template <Profile P>
char const* tensor_scale() {
  return matching(
      {{"G = 2688 / amax", [](float amax, float, float) { return 2688.0f / amax; }},
       {"G = (1 / amax) * 2688", [](float amax, float, float) { return 1.0f / amax * 2688.0f; }},
       {"D = amax / 2688", [](float amax, float, float) { return 1.0f / (amax / 2688.0f); }},
       {"G = 1", [](float, float, float) { return 1.0f; }}},
      [](float amax, float, float) { return P::template global_scale<float>(amax).encode_scale; });
}

/// The rule by which a profile chooses the MX scale for F, found by trying mantissas of amax.
template <Profile P, ElementFormat F>
char const* mx_rule() {
  auto const agrees = []<class Asked, class Rule>(Asked, Rule) {
    for (uint32_t mantissa = 0; mantissa < 0x800000u; mantissa += 0x1000u) {
      for (uint32_t const m : {mantissa, mantissa + 1}) {
        float const amax = bit_cast<float>(0x40000000u | m);
        if (P::template mx_scale<F, Asked, float>(amax) != mx::scale_code<F, Rule>(amax))
          return false;
      }
    }
    return true;
  };
  if (agrees(mx::Floor{}, mx::Floor{}) && agrees(mx::Ceil{}, mx::Ceil{}))
    return "as asked";
  char const* found = "another";
  TypeList<mx::Floor, mx::Ceil, mx::RoundUp, mx::Even, mx::AtThreeQuarters>::for_each(
      [&]<class Rule>() {
        if (agrees(mx::Floor{}, Rule{}))
          found = Rule::name;
      });
  return found;
}

void scale_tables() {
  std::printf(
      "\n## Scales\n\n### Symmetric\n\nThe divisor of amax by format; how a value is divided by "
      "its scale s; the scale of a tile of zeros, and of one\n"
      "whose amax is 2^-30. Scales and tensors are binary32.\n\n"
      "| profile | INT4 | INT8 | E4M3 | E5M2 | by s | zeros, INT8 | 2^-30, E4M3 "
      "|\n|---|---|---|---|---|---|---|---|\n");
  profile::All::for_each([]<class P>() {
    std::printf("| %s | %s | %s | %s | %s | %s |", P::name,
                number(P::template scale_divisor<INT4>()).c_str(),
                number(P::template scale_divisor<INT8>()).c_str(),
                number(P::template scale_divisor<E4M3>()).c_str(),
                number(P::template scale_divisor<E5M2>()).c_str(), application<P>());
    float const zeros = Symmetric::fit<INT8, P, float>({0.0f, 0.0f}).scale;
    float const tiny = Symmetric::fit<E4M3, P, float>({0.0f, 0x1p-30f}).scale;
    std::printf(" %s | %s |\n", number(zeros).c_str(), number(tiny).c_str());
  });

  std::printf(
      "\n### NVFP4\n\nHow the tensor scale is found, G to encode or D = 1 / G to decode, and G of "
      "a tensor "
      "of zeros; how a value is divided\n"
      "by it and the block scale S; S, as a code, of a block with amax 0, 2^-20, 1 and 2000 under "
      "G = 1.\n\n"
      "| profile | tensor scale | G, zeros | by S and G | S, 0 | S, 2^-20 | S, 1 | S, 2000 "
      "|\n|---|---|---|---|---|---|---|---|\n");
  profile::All::for_each([]<class P>() {
    std::printf("| %s | %s | %s | %s |", P::name, tensor_scale<P>(),
                number(P::template global_scale<float>(0.0f).encode_scale).c_str(),
                two_level_application<P>());
    for (float const amax : {0.0f, 0x1p-20f, 1.0f, 2000.0f})
      std::printf(" %s |", hex(P::template block_scale<E2M1, float>(amax, {1.0f}).bits, 8).c_str());
    std::printf("\n");
  });

  std::printf(
      "\n### MX\n\nThe rule by element format (docs/reference/scaling.md); the code of a tile of "
      "zeros, and where amax is infinite or NaN,\n"
      "for E4M3 under the rule floor.\n\n"
      "| profile | E2M1 | E4M3 | E5M2 | zeros | Inf | NaN |\n|---|---|---|---|---|---|---|\n");
  profile::All::for_each([]<class P>() {
    std::printf("| %s | %s | %s | %s |", P::name, mx_rule<P, E2M1>(), mx_rule<P, E4M3>(),
                mx_rule<P, E5M2>());
    for (float const amax :
         {0.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      std::printf(" %s |", hex(P::template mx_scale<E4M3, mx::Floor, float>(amax).bits, 8).c_str());
    }
    std::printf("\n");
  });
}

void evidence() {
  struct Row {
    char const* profile;
    char const* executed;
    char const* read;
  };
  static constexpr Row rows[] = {
      {profile::Qfmt::name, "everything, against definitions in exact arithmetic", "–"},
      {profile::CudaSatfinite::name,
       "conversions: the functions of the CUDA 13.0 headers, on the host, when the tests run; all "
       "2^32 values by scripts/test.sh --exhaustive",
       "–"},
      {profile::CudaNoSat::name, "as CudaSatfinite", "–"},
      {profile::MlDtypes::name, "conversions: ml_dtypes 0.6.0", "–"},
      {profile::Torch2_12::name, "conversions: torch 2.12.0, CPU", "–"},
      {profile::Torch2_13::name, "conversions: torch 2.13.0 and 2.15.0, CPU", "–"},
      {profile::OcpMx::name,
       "values of a matrix in the five MX float formats: microxcaling 7bc4195, round=\"even\", CPU",
       "zeros and amax that is not finite: left open by the specification"},
      {profile::CompressedTensors::name,
       "conversions, scales, whole checkpoints: compressed-tensors 0.20.0, CPU", "–"},
      {profile::TransformerEngine::name,
       "NVFP4: d0067d0, its PyTorch reference of the kernels, CPU",
       "conversions, MX scales, FP8, edges"},
      {profile::ModelOpt::name,
       "NVFP4, INT8 and FP8 by row, INT4 in groups: nvidia-modelopt 0.47.0, CPU",
       "tiles of zeros, where the package divides by 0"},
      {profile::ModelOptMx::name,
       "MXFP4, MXFP8, the scale of every BF16 amax: nvidia-modelopt 0.47.0, CPU",
       "amax that is not finite: undefined in the package, here the library's"},
      {profile::TorchAO::name,
       "MX by four rules, the scale of every BF16 amax, NVFP4, INT8 by row: torchao 0.18.0, CPU",
       "FP8 with binary32 scales"},
      {profile::Ggml::name, "MXFP4, NVFP4, the scales of BF16 amax: ggml d99724f, compiled",
       "E2M1 of infinity and NaN; MX scales below 2^-124: undefined there"},
      {profile::GgmlInteger::name, "Q8_0: ggml d99724f, compiled", "INT4: ggml has no counterpart"},
      {profile::DeepGemm::name,
       "FP8 and FP4, scales in E8M0 and binary32, of every BF16 amax: 54e2261, CPU",
       "NVFP4 and integers: not in DeepGEMM"},
  };
  static_assert(std::size(rows) == profile::All::size);
  std::printf(
      "\n## What was executed and what was read\n\n"
      "Executed: the tests compare the profile, bit for bit, with outputs of the stack "
      "(`tests/fixtures/profiles`, or the stack itself\n"
      "where said). Read: from the source, without a run. What a stack does not have is the "
      "library's default. Conversions are\n"
      "compared on all BF16 values and the binary32 values beside them.\n\n"
      "| profile | executed | read |\n|---|---|---|\n");
  for (Row const& row : rows)
    std::printf("| %s | %s | %s |\n", row.profile, row.executed, row.read);
}

void profiles() {
  std::printf(
      "# Profiles\n\nDrawn from the types by `format_table profiles`; `tests` compares. Every cell "
      "is what the profile gives when it is evaluated.\n"
      "Codes are hexadecimal. A NaN is the quiet one without payload.\n\n## Conversions of "
      "elements\n");
  conversion_table<E4M3>(1.0625f, 1.1875f);
  conversion_table<E5M2>(1.125f, 1.375f);
  conversion_table<E2M1>(1.25f, 1.75f);
  conversion_table<E3M2>(1.125f, 1.375f);
  power_table();
  scale_tables();
  evidence();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "formats") == 0)
    return formats(), 0;
  if (argc == 2 && std::strcmp(argv[1], "presets") == 0)
    return presets(), 0;
  if (argc == 2 && std::strcmp(argv[1], "layouts") == 0)
    return layouts(), 0;
  if (argc == 2 && std::strcmp(argv[1], "profiles") == 0)
    return profiles(), 0;
  std::fprintf(stderr, "usage: format_table formats|presets|layouts|profiles\n");
  return 2;
}
