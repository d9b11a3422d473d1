// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <support/environment.hpp>
#include <vector>

#include <qfmt/tensor/quantize.hpp>

// What other stacks made of known inputs (tests/fixtures/profiles), and the same inputs again. The
// records were written by tests/oracle/record_*.py.

namespace qfmt::test {

/// One record: lines of words.
class Record {
 public:
  explicit Record(std::string const& name, std::string const& folder = "profiles") {
    std::ifstream file{fixtures() / folder / name};
    REQUIRE_MESSAGE(file.good(), name);
    for (std::string line; std::getline(file, line);) {
      std::istringstream in{line};
      std::vector<std::string> words;
      for (std::string word; in >> word;) words.push_back(word);
      lines_.push_back(words);
    }
  }

  /// The words after `start`, of every line that begins with it. At least one must.
  [[nodiscard]] std::vector<std::vector<std::string>> all(std::string_view start) const {
    std::vector<std::string> prefix;
    std::istringstream in{std::string{start}};
    for (std::string word; in >> word;) prefix.push_back(word);
    std::vector<std::vector<std::string>> found;
    for (auto const& line : lines_) {
      if (line.size() <= prefix.size() || !std::equal(prefix.begin(), prefix.end(), line.begin()))
        continue;
      found.emplace_back(line.begin() + static_cast<std::ptrdiff_t>(prefix.size()), line.end());
    }
    REQUIRE_MESSAGE(!found.empty(), std::string{start});
    return found;
  }

  [[nodiscard]] std::vector<std::string> one(std::string_view start) const {
    auto const found = all(start);
    REQUIRE(found.size() == 1);
    return found.front();
  }

 private:
  std::vector<std::vector<std::string>> lines_;
};

inline std::uint32_t from_hex(std::string const& word) {
  return static_cast<std::uint32_t>(std::stoul(word, nullptr, 16));
}
inline float float_from_hex(std::string const& word) {
  return std::bit_cast<float>(from_hex(word));
}

/// FNV-1a, 64 bits.
class Digest {
 public:
  void add(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001B3u; }
  void add(float x) {
    for (int shift = 0; shift < 32; shift += 8)
      add(static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(x) >> shift));
  }
  [[nodiscard]] std::string hex() const {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value_));
    return text;
  }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

/// Every BF16 value ("bf16"), or the binary32 values beside them ("beside").
inline std::vector<float> inputs(std::string_view set) {
  std::vector<float> values;
  for (std::uint32_t const low :
       set == "bf16" ? std::vector<std::uint32_t>{0} : std::vector<std::uint32_t>{1, 0xFFFF}) {
    for (std::uint32_t high = 0; high < 0x10000; ++high)
      values.push_back(std::bit_cast<float>(high << 16 | low));
  }
  return values;
}

/// Every finite BF16 value from +0 on.
inline std::vector<float> amax_values() {
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 0x7F80; ++high)
    values.push_back(std::bit_cast<float>(high << 16));
  return values;
}

/// The matrix of record.py.
inline constexpr Shape matrix_shape{64, 128};
inline std::vector<float> matrix(float factor = 1.0f) {
  std::uint64_t state = 1;
  std::vector<float> values;
  for (index_t row = 0; row < matrix_shape.rows; ++row) {
    for (index_t col = 0; col < matrix_shape.cols; ++col) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      auto const u = static_cast<std::uint32_t>(state >> 32);
      std::uint32_t bits = (u & 0x80000000u) | (112 + (u >> 23 & 15)) << 23 | (u & 0x7FFFFFu);
      if (row % 4 == 1)
        bits &= 0xFFF80000u;
      if (row % 4 == 3 && col < 32)
        bits = col % 2 == 1 ? 0x80000000u : 0u;
      float const multiple = (static_cast<float>(u % 49) - 24.0f) * 0.25f;
      values.push_back((row % 4 == 2 ? multiple : std::bit_cast<float>(bits)) * factor);
    }
  }
  return values;
}

/// The codes that a profile gives for a set of inputs.
template <Profile P, ElementFormat F>
std::string codes_digest(std::vector<float> const& values) {
  Digest digest;
  for (float const x : values) digest.add(static_cast<std::uint8_t>(P::template encode<F>(x).bits));
  return digest.hex();
}

/// All the lines of a record about the codes of format F.
template <Profile P, ElementFormat F>
void check_codes(Record const& record) {
  for (std::string const set : {"bf16", "beside"}) {
    CHECK_MESSAGE((codes_digest<P, F>(inputs(set)) ==
                   record.one(std::string{"codes "} + F::name + " " + set).back()),
                  std::string{F::name});
  }
}

/// The single values of a record: input and code, both in hexadecimal.
template <Profile P, ElementFormat F>
void check_values(Record const& record) {
  for (auto const& line : record.all(std::string{"value "} + F::name)) {
    std::uint32_t const code = P::template encode<F>(float_from_hex(line[0])).bits;
    CHECK_MESSAGE(code == from_hex(line[1]), std::string{F::name}, " ", line[0]);
  }
}

/// The MX scales of every BF16 amax, from `first` on.
template <Profile P, ElementFormat F, class Rule>
std::string mx_scales_digest(std::size_t first = 0) {
  Digest digest;
  auto const values = amax_values();
  for (std::size_t i = first; i < values.size(); ++i)
    digest.add(P::template mx_scale<F, Rule, float>(values[i]).bits);
  return digest.hex();
}

/// Quantizes the matrix of the records, or another of its shape.
template <Scheme S>
QuantTensor<S> quantize_matrix(typename S::Global global = {},
                               std::vector<float> const& values = matrix()) {
  auto tensor = quantize_with<S>(MatrixView<float const>{values.data(), matrix_shape}, global);
  REQUIRE(tensor);
  return *tensor;
}

/// A byte for each code, in order.
template <Scheme S>
std::string code_digest(QuantTensor<S> const& tensor) {
  Digest digest;
  for (index_t row = 0; row < tensor.shape.rows; ++row) {
    for (index_t col = 0; col < tensor.shape.cols; ++col)
      digest.add(static_cast<std::uint8_t>(tensor.view().code(row, col).bits));
  }
  return digest.hex();
}

/// The bytes as packed: for 4-bit formats the first of two elements in the low half.
template <Scheme S>
std::string packed_digest(QuantTensor<S> const& tensor) {
  Digest digest;
  for (std::uint8_t const byte : tensor.codes) digest.add(byte);
  return digest.hex();
}

template <Scheme S>
std::string scale_digest(QuantTensor<S> const& tensor) {
  Digest digest;
  for (auto const scale : tensor.scales) {
    if constexpr (Real<typename S::Stored>) {
      digest.add(to_float(scale));
    } else {
      digest.add(static_cast<std::uint8_t>(scale.bits));
    }
  }
  return digest.hex();
}

template <ElementFormat F, class Rule, Profile P>
using MxScheme = QuantScheme<F, PerGroup<32>, PowerOfTwo<Rule>, Static<AbsMax>, P>;
template <Profile P>
using TwoLevelScheme = QuantScheme<E2M1, PerGroup<16>, TwoLevel, Static<AbsMax>, P>;

/// Blocks of 16, zero but for the first element, whose scales under a decode scale lie halfway between
/// two codes of E4M3, or a few units in the last place beside it.
inline std::vector<float> ties(float decode_scale) {
  std::vector<float> values(static_cast<std::size_t>(matrix_shape.rows * matrix_shape.cols));
  for (std::uint32_t block = 0; block < 512; ++block) {
    auto const value = [](std::uint32_t code) {
      return decode(Code<UE4M3>{static_cast<std::uint8_t>(std::min(code, 0x7Eu))});
    };
    float const tie = (value(block / 4) + value(block / 4 + 1)) / 2.0f;
    auto const bits = std::bit_cast<std::uint32_t>(decode_scale * 6.0f * tie);
    values[block * 16] = std::bit_cast<float>(bits + block % 4 - 1);
  }
  return values;
}

/// The lines of a record about NVFP4 of a stack that keeps its tensor scale in the decode direction.
template <Profile P>
void check_decode_direction(Record const& record) {
  auto const compare = [](GlobalScale global, std::vector<float> const& values,
                          std::vector<std::string> const& line, std::size_t first) {
    auto const tensor = quantize_matrix<TwoLevelScheme<P>>(global, values);
    CHECK_MESSAGE(packed_digest(tensor) == line[first], line[first - 1]);
    CHECK_MESSAGE(scale_digest(tensor) == line[first + 1], line[first - 1]);
    return scale_digest(quantize_matrix<TwoLevelScheme<P>>({global.encode_scale}, values)) ==
           line[first + 1];
  };
  for (auto const& line : record.all("nvfp4_decode")) {
    auto const global = GlobalScale::from_decode(float_from_hex(line[0]));
    compare(global, matrix(), line, 1);
  }
  int inverted_twice_differs = 0;
  for (auto const& line : record.all("nvfp4_ties")) {
    float const scale = float_from_hex(line[0]);
    bool const same = compare(GlobalScale::from_decode(scale), ties(scale), line, 1);
    inverted_twice_differs += same ? 0 : 1;
  }
  CHECK(inverted_twice_differs > 0);
  for (auto const& line : record.all("nvfp4_own")) {
    auto const values = matrix(float_from_hex(line[0]));
    auto const global =
        fit_global<TwoLevelScheme<P>>(MatrixView<float const>{values.data(), matrix_shape});
    CHECK(global.decode_scale() == float_from_hex(line[1]));
    compare(global, values, line, 2);
  }
  for (auto const& line : record.all("decode_scale")) {
    float const amax = float_from_hex(line[0]);
    CHECK_MESSAGE(P::template global_scale<float>(amax).decode_scale() == float_from_hex(line[1]),
                  line[0]);
  }
}

}  // namespace qfmt::test
