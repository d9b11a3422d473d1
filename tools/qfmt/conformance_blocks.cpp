// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/conformance_blocks.hpp>
#include <qfmt/scaling/profiles/all.hpp>

#include "conformance_vectors.hpp"

namespace qfmt::tool {
namespace {

using Rules = TypeList<mx::Floor, mx::Ceil, mx::RoundUp, mx::Even, mx::AtThreeQuarters>;
using MxElements = TypeList<E2M1, E2M3, E3M2, E4M3, E5M2, MXINT8, S1M3>;

/// Even looks at a mantissa, which a codebook has not.
template <class F, class Rule>
inline constexpr bool defines = !CodebookFormat<F> || !same_as<Rule, mx::Even>;

/// Magnitudes at which a rule steps, with their neighbours: in binades at both ends of the range of
/// scales and around 1, and what is below normal numbers.
template <ElementFormat F>
std::vector<uint32_t> magnitudes() {
  std::vector<uint32_t> bits;
  std::vector<uint32_t> const mantissas = conformance::detail::rule_mantissas<F>();
  for (uint32_t exponent = 0; exponent < 255; ++exponent) {
    bool const chosen = exponent < 20 || (exponent > 120 && exponent < 136) || exponent > 250;
    if (!chosen)
      continue;
    for (uint32_t const mantissa : mantissas) bits.push_back(exponent << 23 | mantissa);
  }
  for (uint32_t const more : {0x003FFFFFu, 0x00400000u, 0x00400001u, 0x7F800000u, 0x7FC00000u})
    bits.push_back(more);
  return bits;
}

VectorFile scales() {
  VectorFile file{
      "mx_scale.jsonl",
      "The E8M0 scale of a block by its largest magnitude. With amax = m * 2^e, 1 <= m < 2, and "
      "2^emax the largest power of two in the element format, the scale is 2^(e - emax), one "
      "binade "
      "more where the rule says so, and clamped to codes 0 to 254.",
      {{"element", "the element format"},
       {"rule",
        "floor: never one more; ceil: m > 1; round_up: m exceeds the mantissa of the format's "
        "largest value; even: rounding m to the format's mantissa bits carries; "
        "at_three_quarters: m >= 1.75"},
       {"amax", "largest magnitudes, binary32; infinity and NaN as well"},
       {"scale", "the E8M0 code for each"}},
      {},
      0};
  MxElements::for_each([&]<class F>() {
    std::vector<uint32_t> const amax = magnitudes<F>();
    Rules::for_each([&]<class Rule>() {
      if constexpr (defines<F, Rule>) {
        std::vector<uint32_t> codes;
        for (uint32_t const bits : amax)
          codes.push_back(mx::scale_code<F, Rule>(bit_cast<float>(bits)).bits);
        file.add(JsonLine{}
                     .text("element", F::name)
                     .text("rule", Rule::name)
                     .bits("amax", amax, 8)
                     .bits("scale", codes, 2));
      }
    });
  });
  return file;
}

template <Real T>
constexpr char const* type_name() {
  return same_as<T, float> ? "F32" : same_as<T, Code<BF16>> ? "BF16" : "F16";
}

template <class Rule>
constexpr char const* rule_name(PowerOfTwo<Rule> /*policy*/) {
  return Rule::name;
}

/// All blocks of B, in the type of the tensor, under a profile.
template <BlockFormat B, Profile N, Real T>
void add_blocks(VectorFile& file) {
  conformance::for_each_block<B>([&](std::vector<float> values, float tensor_amax) {
    for (float& x : values) x = round_to<T>(x);
    tensor_amax = round_to<T>(tensor_amax);
    float const amax = conformance::detail::range_of(values).amax();
    if (!is_finite(amax) || !is_finite(tensor_amax))
      return;  // too large for the type of the tensor
    JsonLine line;
    line.text("block", B::name).text("profile", N::name).text("type", type_name<T>());
    float encode_scale = 1.0f;
    if constexpr (conformance::has_tensor_scale<B>) {
      encode_scale = N::template encode_scale<T>(tensor_amax);
      line.floats("tensor_amax", {tensor_amax}).floats("encode_scale", {encode_scale});
    } else {
      line.text("rule", rule_name(typename B::Policy{}));
    }
    auto const block = conformance::quantized_block<B, N, T>(values, encode_scale);
    if (block.has_nan)
      return;
    file.add(line.floats("x", values)
                 .floats("amax", {amax})
                 .bits("scale", block.scale, 2)
                 .bits("code", block.codes, code_digits<typename B::Element>));
  });
}

VectorFile blocks() {
  VectorFile file{
      "blocks.jsonl",
      "Blocks of values and what each profile makes of them: zeros, single values, equal values, "
      "largest magnitudes at the steps of every scale rule, subnormal and huge ones, values on "
      "ties. What a profile does is in qfmt's docs/profiles.md.",
      {{"block", "the block format: element, kind of scale, and how many elements"},
       {"profile", "whose numerics; where a profile has its own rule for scales, it wins"},
       {"type", "of the tensor: F32, BF16 or F16; x is exact in it"},
       {"rule", "MX: the rule that is asked for, as in mx_scale.jsonl"},
       {"tensor_amax", "NVFP4: the largest magnitude of the whole tensor, binary32"},
       {"encode_scale",
        "NVFP4: the tensor's scale as a multiplier, binary32: a value is code * "
        "scale / encode_scale"},
       {"x", "the values, binary32"},
       {"amax", "their largest magnitude, binary32"},
       {"scale", "the code of the scale: E8M0 (MX) or E4M3 (NVFP4)"},
       {"code", "the code of each value"}},
      {},
      0};
  BlockFormats::for_each([&]<class B>() {
    profile::All::for_each([&]<class N>() {
      if constexpr (!conformance::has_tensor_scale<B> && same_as<N, profile::Qfmt>) {
        Rules::for_each([&]<class Rule>() {
          if constexpr (defines<typename B::Element, Rule>)
            add_blocks<conformance::WithRule<B, Rule>, N, float>(file);
        });
      } else {
        add_blocks<B, N, float>(file);
      }
      if constexpr (same_as<N, profile::CompressedTensors>) {
        add_blocks<B, N, Code<BF16>>(file);
        add_blocks<B, N, Code<FP16>>(file);
      }
    });
  });
  return file;
}

}  // namespace

std::vector<VectorFile> block_vectors() {
  return {scales(), blocks()};
}

}  // namespace qfmt::tool
