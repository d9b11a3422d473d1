// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/conformance.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/quantize_value.hpp>

// Tests somebody else's quantizer of blocks: its scales, and the codes of its elements.
//
//     auto const report = qfmt::conformance::check_blocks<qfmt::MXFP4, qfmt::profile::OcpMx>(
//         [](float const* x, uint8_t* scale, uint8_t* codes) { my_mxfp4(x, scale, codes); });
//     if (report.mismatches() != 0) std::puts(report.text().c_str());
//
// Codes come one in each byte: packing is another matter (packing/).

namespace qfmt::conformance {

/// What a check of a quantizer of blocks of B found.
template <BlockFormat B>
struct BlockReport {
  int64_t blocks = 0;
  int64_t scale_mismatches = 0;  ///< blocks whose scale is another one
  int64_t code_mismatches = 0;   ///< blocks with the right scale and other codes

  // The first block that differs.
  std::vector<float> input;
  float encode_scale = 1.0f;  ///< NVFP4: the tensor's scale
  int element = -1;           ///< the first code that differs; -1: the scale does
  uint32_t scale = 0;         ///< the right one
  uint32_t expected = 0;
  uint32_t got = 0;

  [[nodiscard]] int64_t mismatches() const noexcept { return scale_mismatches + code_mismatches; }
  [[nodiscard]] std::string text() const;
};

namespace detail {

/// The smallest and the largest of some values.
inline Range range_of(std::vector<float> const& values) {
  auto const less = [](float a, float b) { return order_key(a) < order_key(b); };
  auto const [low, high] = std::minmax_element(values.begin(), values.end(), less);
  return {*low, *high};
}

}  // namespace detail

/// The same block format with another rule for its power-of-two scale:
/// check_blocks<WithRule<MXFP4, mx::Floor>>.
template <BlockFormat B, class Rule>
struct WithRule : B {
  using Policy = PowerOfTwo<Rule>;
};

/// Whether blocks of B have a scale relative to one for the tensor, which is then given.
template <BlockFormat B>
inline constexpr bool has_tensor_scale = !same_as<typename B::Policy::Global, NoGlobal>;

/// A block of B as one code for the scale and one for each element.
struct QuantizedBlock {
  uint32_t scale = 0;
  std::vector<uint32_t> codes;
  /// Some quotient was NaN, as 0 * infinity is under a profile that multiplies: the sign of that NaN,
  /// and so perhaps the code, is up to the machine.
  bool has_nan = false;
};

/// What profile N makes of a block of a tensor of T, whose values T must hold exactly.
template <BlockFormat B, Profile N = profile::Qfmt, Real T = float>
[[nodiscard]] QuantizedBlock quantized_block(std::vector<float> const& values, float encode_scale) {
  using F = typename B::Element;
  using Policy = typename B::Policy;
  typename Policy::Global global{};
  if constexpr (has_tensor_scale<B>)
    global.encode_scale = encode_scale;
  auto const params = Policy::template fit<F, N, T>(detail::range_of(values), global);
  float const prepared = Policy::template prepare<N>(params.scale, global);
  QuantizedBlock block{params.scale.bits, {}};
  for (float const x : values) {
    block.codes.push_back(quantize_value<F, Policy, N, T>(x, prepared, 0.0f).bits);
    block.has_nan = block.has_nan || is_nan(N::apply(x, prepared));
  }
  return block;
}

namespace detail {

/// The mantissas at which the rules for a power-of-two scale of F step, and their neighbours.
template <ElementFormat F>
std::vector<uint32_t> rule_mantissas() {
  std::vector<uint32_t> mantissas = {
      0, 1, 0x5FFFFF, 0x600000, 0x7FFFFF, F::max_fraction, F::max_fraction + 1};
  if constexpr (requires { F::mantissa_bits; }) {
    uint32_t const even = 0x800000u - (1u << (22 - F::mantissa_bits));
    mantissas.push_back(even - 1);
    mantissas.push_back(even);
  }
  return mantissas;
}

/// Magnitudes below `amax`, most of them few binades: one in two has only as many bits as lie
/// halfway between values of small formats.
class BlockValues {
 public:
  explicit BlockValues(uint64_t seed) : random_{seed} {}

  std::vector<float> operator()(uint32_t amax, std::size_t size, uint32_t binades) {
    std::vector<float> values(size);
    for (float& x : values) x = below(amax, binades);
    uint32_t const where = random_(next_++);
    values[where % size] = bit_cast<float>(amax | (where & 0x80000000u));
    return values;
  }

 private:
  float below(uint32_t amax, uint32_t binades) {
    uint32_t const draw = random_(next_++);
    uint32_t const drop = (draw >> 8 & 0xFF) % binades << 23;
    uint32_t const mantissa =
        (draw & 1) != 0 ? random_(next_++) & 0x7FFFFFu : draw >> 9 & 0x780000u;
    uint32_t const exponent = amax & 0x7F800000u;
    uint32_t const bits = exponent >= drop ? exponent - drop : 0;
    uint32_t const magnitude = (std::min)(bits | mantissa, amax);
    return bit_cast<float>(magnitude | (draw & 0x80000000u));
  }

  Philox random_;
  uint64_t next_ = 0;
};

/// Values whose quotients by the scale that the library finds lie halfway between two codes, or next
/// to it: whether a quantizer divides or multiplies by a reciprocal shows there.
template <BlockFormat B>
std::vector<float> values_on_ties(float amax, float tensor_amax) {
  using F = typename B::Element;
  using Policy = typename B::Policy;
  auto const global = Policy::template fit_global<F, profile::Qfmt, float>(tensor_amax);
  auto const params = Policy::template fit<F, profile::Qfmt, float>({-amax, amax}, global);
  float const scale = Policy::effective(params.scale, global);
  std::vector<float> const grid = finite_values<F>();
  std::vector<float> values(static_cast<std::size_t>(B::block_size), amax);
  for (std::size_t i = 1; i < values.size(); ++i) {
    std::size_t const code = i % (grid.size() - 1);
    float const tie = (grid[code] + grid[code + 1]) / 2.0f * scale;
    float const x = from_order_key(order_key(tie) + static_cast<int32_t>(i / 4 % 3) - 1);
    values[i] = magnitude_bits(x) > magnitude_bits(amax) ? -amax : x;
  }
  return values;
}

}  // namespace detail

/// Calls visit(values, amax of their tensor) for blocks on which quantizers go wrong: zeros of both
/// signs; a single value; all values the same; the largest magnitude at each step of each scale
/// rule; subnormal, huge and widely spread values. All are finite. NVFP4 blocks come in tensors
/// whose largest magnitude is theirs, or a much larger one.
template <BlockFormat B, class Visit>
void for_each_block(Visit&& visit) {
  using F = typename B::Element;
  std::size_t const size = static_cast<std::size_t>(B::block_size);
  auto const in_tensors = [&](std::vector<float> const& values) {
    float const own = detail::range_of(values).amax();
    visit(values, own);
    if constexpr (has_tensor_scale<B>) {
      uint32_t const bits = bit_cast<uint32_t>(own);
      for (uint32_t const binades : {1u, 4u, 9u, 12u, 30u}) {
        uint32_t const larger = bits + (binades << 23) + 0x2AAAAAu;
        if (larger < 0x7F800000u)
          visit(values, bit_cast<float>(larger));
      }
    }
  };
  for (float const zero : {0.0f, -0.0f}) in_tensors(std::vector<float>(size, zero));
  std::size_t at = 0;
  for (float const x : {1.0f, -6.0f, 0x1p-149f, -0x1.8p-130f, 0x1.fffffep127f}) {
    std::vector<float> values(size, 0.0f);
    values[at] = x;
    in_tensors(values);
    in_tensors(std::vector<float>(size, x));
    at = size - 1 - at / 2;
  }
  detail::BlockValues draw{0x716D6674u};  // any seed, but always the same
  std::vector<uint32_t> const mantissas = detail::rule_mantissas<F>();
  for (std::size_t i = 0; i < mantissas.size(); ++i) {
    uint32_t const exponent = 120u + static_cast<uint32_t>(i) * 2;
    in_tensors(draw(exponent << 23 | mantissas[i], size, 5));
  }
  // Exponents of scales at both ends of their range, and what is below normal numbers.
  for (uint32_t const amax :
       {0x7F7FFFFFu, 0x7F000000u, 0x7E600000u, 0x01800000u, 0x01000001u, 0x00C00000u, 0x00800000u,
        0x007FFFFFu, 0x00400001u, 0x00400000u, 0x003FFFFFu, 0x00000007u}) {
    in_tensors(draw(amax, size, 3));
  }
  for (uint32_t const exponent : {110u, 127u, 143u}) in_tensors(draw(exponent << 23, size, 40));
  for (float const amax : {0.0137f, 0.3f, 1.1f, 7.7f}) {
    for (float const ratio : {1.0f, 1.9f, 23.0f})
      visit(detail::values_on_ties<B>(amax, amax * ratio), amax * ratio);
  }
}

/// Compares a quantizer of blocks with this library's under profile N, on those blocks.
///
///     quantize(float const* values, uint8_t* scale, uint8_t* codes)                     MX
///     quantize(float const* values, float encode_scale, uint8_t* scale, uint8_t* codes) NVFP4
///
/// `values` are B::block_size of them, and so are the codes, one in each byte. `encode_scale` is
/// the number that the tensor's values are multiplied by (scaling/two_level.hpp).
template <BlockFormat B, Profile N = profile::Qfmt, class Quantize>
[[nodiscard]] BlockReport<B> check_blocks(Quantize&& quantize) {
  BlockReport<B> report;
  for_each_block<B>([&](std::vector<float> const& values, float tensor_amax) {
    float encode_scale = 1.0f;
    uint8_t scale = 0;
    std::vector<uint8_t> codes(values.size());
    if constexpr (has_tensor_scale<B>) {
      encode_scale = N::template encode_scale<float>(tensor_amax);
      quantize(values.data(), encode_scale, &scale, codes.data());
    } else {
      quantize(values.data(), &scale, codes.data());
    }
    QuantizedBlock const expected = quantized_block<B, N>(values, encode_scale);
    if (expected.has_nan)
      return;
    ++report.blocks;
    auto const differ = std::mismatch(codes.begin(), codes.end(), expected.codes.begin());
    bool const wrong_scale = scale != expected.scale;
    bool const wrong_code = !wrong_scale && differ.first != codes.end();
    if (!wrong_scale && !wrong_code)
      return;
    if (report.mismatches() == 0) {
      report.input = values;
      report.encode_scale = encode_scale;
      report.element = wrong_scale ? -1 : static_cast<int>(differ.first - codes.begin());
      report.scale = expected.scale;
      report.expected = wrong_scale ? expected.scale : *differ.second;
      report.got = wrong_scale ? scale : *differ.first;
    }
    report.scale_mismatches += wrong_scale ? 1 : 0;
    report.code_mismatches += wrong_code ? 1 : 0;
  });
  return report;
}

template <BlockFormat B>
std::string BlockReport<B>::text() const {
  using F = typename B::Element;
  using Scale = typename B::Policy::Stored::Format;
  std::string line = std::string{B::name} + ": of " + std::to_string(blocks) + " blocks " +
                     std::to_string(scale_mismatches) + " have another scale, " +
                     std::to_string(code_mismatches) + " the same and other codes";
  if (mismatches() == 0)
    return line;
  line += "; the first has the largest magnitude " +
          detail::shown_float(detail::range_of(input).amax());
  if (has_tensor_scale<B>)
    line += ", tensor scale " + detail::shown_float(encode_scale);
  if (element < 0)
    return line + ": scale: " + detail::expected_and_got<Scale>(expected, got);
  return line + ", scale " + detail::shown_code<Scale>(scale) + ": element " +
         std::to_string(element) + ", " +
         detail::shown_float(input[static_cast<std::size_t>(element)]) + ": " +
         detail::expected_and_got<F>(expected, got);
}

}  // namespace qfmt::conformance
