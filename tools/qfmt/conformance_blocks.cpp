// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/conformance_blocks.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/observers/scale_sweep.hpp>
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

/// The fields of a tensor's scale: what it is made for, and the number in both directions.
JsonLine& add_tensor_scale(JsonLine& line, float amax, GlobalScale global) {
  return line.floats("tensor_amax", {amax})
      .floats("encode_scale", {global.encode_scale})
      .floats("decode_scale", {global.decode_scale()});
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
    auto const global = conformance::tensor_scale<B, N, T>(tensor_amax);
    if constexpr (conformance::has_tensor_scale<B>) {
      add_tensor_scale(line, tensor_amax, global);
    } else {
      line.text("rule", rule_name(typename B::Policy{}));
    }
    auto const block = conformance::quantized_block<B, N, T>(values, global);
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
      {{"block",
        "the block format: element, kind of scale, and how many elements; NVFP4_16x16: a square of "
        "16 rows, one after the other"},
       {"profile", "whose numerics; where a profile has its own rule for scales, it wins"},
       {"type", "of the tensor: F32, BF16 or F16; x is exact in it"},
       {"rule", "MX: the rule that is asked for, as in mx_scale.jsonl"},
       {"tensor_amax", "NVFP4: the largest magnitude of the whole tensor, binary32"},
       {"encode_scale",
        "NVFP4: the tensor's scale as a multiplier, binary32: a value is code * "
        "scale / encode_scale"},
       {"decode_scale",
        "NVFP4: the same as a divisor, binary32: one is the rounded inverse of the other, and some "
        "profiles start from this one"},
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
  add_blocks<conformance::NVFP4Square, profile::Qfmt, float>(file);
  add_blocks<conformance::NVFP4Square, profile::TransformerEngine, float>(file);
  return file;
}

/// Whole numbers from 0 to 15, not all zero; every fourth is zero.
std::vector<float> some_importance(std::size_t size, uint64_t which) {
  Philox const random{0x696D706Fu};
  std::vector<float> importance(size);
  for (std::size_t i = 0; i < size; ++i) {
    uint32_t const draw = random(i, which);
    importance[i] = draw >> 30 == 0 && i > 0 ? 0.0f : static_cast<float>(1 + (draw & 14));
  }
  return importance;
}

/// Blocks with the scale that a search chooses, in turn without and with importance: of those that
/// suit a search, one in `each`.
template <Observer Search, Profile N>
void add_searches(VectorFile& file, char const* name, uint64_t each = 1) {
  uint64_t suited = 0;
  conformance::for_each_block<NVFP4>([&](std::vector<float> const& values, float tensor_amax) {
    if (!conformance::suits_search(values, tensor_amax) || suited++ % each != 0)
      return;
    uint64_t const which = (suited - 1) / each;
    auto const global = conformance::tensor_scale<NVFP4, N, float, Search>(tensor_amax);
    auto const importance =
        which % 2 == 0 ? std::vector<float>{} : some_importance(values.size(), which);
    auto const block =
        conformance::quantized_block<NVFP4, N, float, Search>(values, global, importance);
    JsonLine line;
    line.text("search", name).text("profile", N::name);
    add_tensor_scale(line, tensor_amax, global);
    file.add(line.floats("importance", importance)
                 .floats("x", values)
                 .bits("scale", block.scale, 2)
                 .bits("code", block.codes, 1));
  });
}

VectorFile searches() {
  VectorFile file{
      "nvfp4_search.jsonl",
      "NVFP4 blocks of binary32 tensors whose E4M3 scale is found by trying. S(a) is the scale "
      "that "
      "the profile makes of the largest magnitude a; the error of a value is code * (scale / "
      "encode_scale) - x, in binary32, and sums are in binary32 from the first value to the last.",
      {{"search",
        "four_over_six_squares: S(1.5 * amax) if the sum of squared errors is smaller than that of "
        "S(amax), else S(amax). four_over_six_magnitudes: the same by the sum of magnitudes. "
        "scale_sweep: the first scale with the smallest sum of squared errors, from one code below "
        "S(amax * 6 / 14), with importance from code 1, to one beyond S(2 * amax); S(amax) if none "
        "is "
        "smaller than its sum. mse: S(r) for the first r = amax * (1 - i / 100), i = 0 ... 19, "
        "with "
        "the smallest sum of |error|^2.4, where the scale that is tried is r / 6 in binary32; a "
        "scale "
        "that is equal to the last one tried is passed over. expanded_mse: the same for r = 1.8 * "
        "amax "
        "* (1 - i / 200), i = 0 ... 110. Both add value i and value i + 8, then these eight in "
        "order; "
        "2.4 is the nearest binary32 and the power is rounded to binary32."},
       {"profile", "whose numerics"},
       {"tensor_amax",
        "the largest magnitude of the whole tensor, binary32; the tensor's scale leaves room for "
        "448 / 256 of it (four over six and the sweep), or 1.8 times as much (expanded_mse)"},
       {"encode_scale", "the tensor's scale, as in blocks.jsonl"},
       {"decode_scale", "the same"},
       {"importance",
        "empty, or what the error of each value is multiplied by after the power, binary32"},
       {"x", "the values, binary32"},
       {"scale", "the code of the scale, E4M3"},
       {"code", "the code of each value, E2M1"}},
      {},
      0};
  add_searches<FourOverSix<>, profile::Qfmt>(file, "four_over_six_squares");
  add_searches<FourOverSix<TileError::magnitudes>, profile::Qfmt>(file, "four_over_six_magnitudes");
  add_searches<ScaleSweep<>, profile::Qfmt>(file, "scale_sweep");
  add_searches<MseSearch<>, profile::Qfmt>(file, "mse");
  add_searches<MseSearch<>, profile::CompressedTensors>(file, "mse");
  add_searches<NVFP4ExpandedMse, profile::CompressedTensors>(file, "expanded_mse", 4);
  return file;
}

}  // namespace

std::vector<VectorFile> block_vectors() {
  return {scales(), blocks(), searches()};
}

}  // namespace qfmt::tool
