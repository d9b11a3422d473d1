// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <qfmt/core/config.hpp>

namespace qfmt::io {

/// The element types of safetensors 0.8, in the order of the reference implementation, which is also
/// the order of their ranks: writers put tensors of a higher rank first.
///
/// F4 is OCP's E2M1, F8_E4M3 the variant without infinities ("fn"). There is no 4-bit integer: packed
/// INT4 travels as I32 or U8.
enum class Dtype : uint8_t {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
};

namespace detail {

struct DtypeFacts {
  char const* name;
  unsigned bits;
};

inline constexpr std::array<DtypeFacts, 22> dtype_facts = {{
    {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
    {"I64", 64},        {"U64", 64},
}};

}  // namespace detail

/// How many dtypes there are.
inline constexpr std::size_t dtype_count = detail::dtype_facts.size();

/// The spelling in a header: "F8_E4M3".
[[nodiscard]] constexpr char const* name(Dtype dtype) noexcept {
  return detail::dtype_facts[static_cast<std::size_t>(dtype)].name;
}

/// Bits of one element: 4, 6, 8, 16, 32 or 64.
[[nodiscard]] constexpr unsigned bits(Dtype dtype) noexcept {
  return detail::dtype_facts[static_cast<std::size_t>(dtype)].bits;
}

/// The dtype with exactly this spelling, case included.
[[nodiscard]] constexpr std::optional<Dtype> parse_dtype(std::string_view text) noexcept {
  for (std::size_t i = 0; i < dtype_count; ++i) {
    if (text == detail::dtype_facts[i].name)
      return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

/// The dtype that someone who wrote `text` most likely meant: the smallest edit distance, letter case
/// not counted; of equally near ones the first.
[[nodiscard]] inline Dtype nearest_dtype(std::string_view text) {
  constexpr std::size_t longest =
      32;  // no dtype is longer; the rest of a longer text does not matter
  constexpr auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  text = text.substr(0, longest);
  std::size_t best = 0;
  std::size_t best_distance = ~std::size_t{0};
  for (std::size_t i = 0; i < dtype_count; ++i) {
    std::string_view const candidate = detail::dtype_facts[i].name;
    std::array<std::size_t, longest + 1>
        row{};  // distances of text[0, k) to a prefix of the candidate
    for (std::size_t k = 0; k <= text.size(); ++k) row[k] = k;
    for (std::size_t c = 0; c < candidate.size(); ++c) {
      std::size_t diagonal = std::exchange(row[0], c + 1);
      for (std::size_t k = 0; k < text.size(); ++k) {
        std::size_t const replace = diagonal + (upper(text[k]) == candidate[c] ? 0u : 1u);
        std::size_t const insert = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
        diagonal = std::exchange(row[k + 1], replace < insert ? replace : insert);
      }
    }
    if (row[text.size()] < best_distance) {
      best_distance = row[text.size()];
      best = i;
    }
  }
  return static_cast<Dtype>(best);
}

/// All spellings, for messages: "BOOL, F4, ...".
[[nodiscard]] inline std::string dtype_names() {
  std::string names;
  for (auto const& facts : detail::dtype_facts)
    names += (names.empty() ? "" : ", ") + std::string{facts.name};
  return names;
}

static_assert(name(Dtype::U64) == std::string_view{"U64"} && bits(Dtype::F6_E3M2) == 6);

}  // namespace qfmt::io
