// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/conformance.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/scaling/block_format.hpp>

// The blocks on which quantizers of blocks go wrong.

namespace qfmt::conformance {

namespace detail {

/// The smallest and the largest of some values.
inline Range range_of(std::vector<float> const& values) {
  auto const less = [](float a, float b) { return order_key(a) < order_key(b); };
  auto const [low, high] = std::minmax_element(values.begin(), values.end(), less);
  return {*low, *high};
}

}  // namespace detail

/// Whether a block can be given to a search: the powers of errors that it adds are normal numbers.
inline bool suits_search(std::vector<float> const& values, float tensor_amax) {
  float const amax = detail::range_of(values).amax();
  return amax >= power_of_two(-30) && tensor_amax <= power_of_two(30);
}

/// Whether blocks of B have a scale relative to one for the tensor.
template <BlockFormat B>
inline constexpr bool has_tensor_scale = !same_as<typename B::Policy::Global, NoGlobal>;

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

}  // namespace qfmt::conformance
