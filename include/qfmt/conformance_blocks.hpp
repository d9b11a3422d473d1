// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/conformance_block_inputs.hpp>
#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/search.hpp>
#include <qfmt/scaling/quantize_value.hpp>

// Tests somebody else's quantizer of blocks: its scales, and the codes of its elements.
//
//     auto const report = qfmt::conformance::check_blocks<qfmt::MXFP4, qfmt::profile::OcpMx>(
//         [](float const* x, uint8_t* scale, uint8_t* codes) { my_mxfp4(x, scale, codes); });
//     if (report.mismatches != 0) std::puts(report.text().c_str());
//
// Codes come one in each byte: packing is another matter (packing/).

namespace qfmt::conformance {

/// The same block format with another rule for its power-of-two scale:
/// check_blocks<WithRule<MXFP4, mx::Floor>>.
template <BlockFormat B, class Rule>
struct WithRule : B {
  using Policy = PowerOfTwo<Rule>;
};

/// NVFP4 with one scale for a square of 16 x 16, as weights have it that are also used transposed:
/// a block is the 256 values of a square, row by row.
struct NVFP4Square : NVFP4 {
  static constexpr char const* name = "NVFP4_16x16";
  static constexpr index_t block_size = 256;
};

/// A block of B as one code for the scale and one for each element.
struct QuantizedBlock {
  uint32_t scale = 0;
  std::vector<uint32_t> codes;
  /// Some quotient was NaN, as 0 * infinity is under a profile that multiplies: the sign of that NaN,
  /// and so perhaps the code, is up to the machine.
  bool has_nan = false;
};

/// The tensor's part of the parameters of B, for a tensor of T with this largest magnitude: with
/// room for what Search may choose.
template <BlockFormat B, Profile N = profile::Qfmt, Real T = float, Observer Search = AbsMax>
[[nodiscard]] typename B::Policy::Global tensor_scale(float tensor_amax) {
  if constexpr (TileSearch<Search>)
    tensor_amax = Search::template reach_bound<N, T>(tensor_amax);
  return B::Policy::template fit_global<typename B::Element, N, T>(tensor_amax);
}

/// What profile N makes of a block of a tensor of T, whose values T must hold exactly. Search finds
/// the scale: AbsMax, which makes it from the largest magnitude, or a search of observers/.
template <BlockFormat B, Profile N = profile::Qfmt, Real T = float, Observer Search = AbsMax>
[[nodiscard]] QuantizedBlock quantized_block(std::vector<float> const& values,
                                             typename B::Policy::Global global,
                                             std::vector<float> const& importance = {}) {
  using F = typename B::Element;
  using Policy = typename B::Policy;
  TileParams<typename Policy::Stored> params;
  if constexpr (TileSearch<Search>) {
    params = Search{}.template fit<F, Policy, N, T>(values, importance, global);
  } else {
    params = Policy::template fit<F, N, T>(detail::range_of(values), global);
  }
  float const prepared = Policy::template prepare<N>(params.scale, global);
  QuantizedBlock block{params.scale.bits, {}};
  for (float const x : values) {
    block.codes.push_back(quantize_value<F, Policy, N, T>(x, prepared, 0.0f).bits);
    block.has_nan = block.has_nan || is_nan(N::apply(x, prepared));
  }
  return block;
}

namespace detail {

/// The first difference of a block: the scale, or else the first element with another code.
template <BlockFormat B>
std::string first_difference(std::vector<float> const& values, typename B::Policy::Global global,
                             QuantizedBlock const& expected, uint32_t scale,
                             std::vector<uint8_t> const& codes) {
  using Scale = typename B::Policy::Stored::Format;
  std::string text = "a block with largest magnitude " + shown_float(range_of(values).amax());
  if constexpr (has_tensor_scale<B>)
    text += ", tensor scale " + shown_float(global.encode_scale);
  if (scale != expected.scale)
    return text + ": scale" + expected_and_got<Scale>(expected.scale, scale);
  auto const differ = std::mismatch(codes.begin(), codes.end(), expected.codes.begin());
  auto const at = static_cast<std::size_t>(differ.first - codes.begin());
  return text + ", scale " + shown_code<Scale>(scale) + ": element " + std::to_string(at) + ", " +
         shown_float(values[at]) +
         expected_and_got<typename B::Element>(*differ.second, *differ.first);
}

}  // namespace detail

/// Compares a quantizer of blocks with this library's under profile N, on the blocks of
/// for_each_block.
///
///     quantize(float const* values, uint8_t* scale, uint8_t* codes)                      MX
///     quantize(float const* values, GlobalScale tensor, uint8_t* scale, uint8_t* codes)  NVFP4
///
/// `values` are B::block_size of them, and so are the codes, one in each byte. With a search in the
/// place of AbsMax, as FourOverSix<>, the block's scale is the one that it finds.
template <BlockFormat B, Profile N = profile::Qfmt, Observer Search = AbsMax, class Quantize>
[[nodiscard]] Report check_blocks(Quantize&& quantize) {
  Report report{B::name, "blocks"};
  for_each_block<B>([&](std::vector<float> const& values, float tensor_amax) {
    if (TileSearch<Search> && !suits_search(values, tensor_amax))
      return;
    auto const global = tensor_scale<B, N, float, Search>(tensor_amax);
    uint8_t scale = 0;
    std::vector<uint8_t> codes(values.size());
    if constexpr (has_tensor_scale<B>) {
      quantize(values.data(), global, &scale, codes.data());
    } else {
      quantize(values.data(), &scale, codes.data());
    }
    QuantizedBlock const expected = quantized_block<B, N, float, Search>(values, global);
    if (expected.has_nan)
      return;
    ++report.checked;
    bool const other_scale = scale != expected.scale;
    if (!other_scale && std::equal(codes.begin(), codes.end(), expected.codes.begin()))
      return;
    report.other_scales += other_scale ? 1 : 0;
    if (report.mismatches++ == 0)
      report.first = detail::first_difference<B>(values, global, expected, scale, codes);
  });
  return report;
}

}  // namespace qfmt::conformance
