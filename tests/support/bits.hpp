// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include <qfmt/formats/format.hpp>

namespace qfmt::test {

/// To compare floats bit by bit: -0 is not +0, and a NaN equals itself.
constexpr std::uint32_t bits_of(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
constexpr float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

/// The code with these bits.
template <ElementFormat F>
constexpr Code<F> code(std::uint32_t bits) {
  return {static_cast<typename F::storage_type>(bits)};
}

}  // namespace qfmt::test
