// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace qfmt::io {

namespace detail {

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4,
/// section 4.2.2).
// clang-format off
inline constexpr std::array<std::uint32_t, 64> sha256_constants = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};
// clang-format on

}  // namespace detail

/// The digest SHA-256 of bytes that come in pieces (FIPS 180-4, section 6.2).
///
///     Sha256 digest;
///     digest.update(first);
///     digest.update(second);
///     std::string const text = digest.hex();
class Sha256 {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  void update(std::span<std::byte const> bytes) noexcept {
    length_ += bytes.size();
    while (!bytes.empty()) {
      std::size_t const count = (std::min)(bytes.size(), block_.size() - filled_);
      std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count),
                     block_.begin() + static_cast<std::ptrdiff_t>(filled_),
                     [](std::byte b) { return static_cast<std::uint8_t>(b); });
      bytes = bytes.subspan(count);
      filled_ += count;
      if (filled_ == block_.size())
        compress();
    }
  }
  void update(std::string_view text) noexcept { update(std::as_bytes(std::span{text})); }

  /// The digest of all that has come so far. More may come afterwards.
  [[nodiscard]] Digest digest() const noexcept {
    Sha256 last = *this;
    last.pad();
    Digest bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(last.state_[i / 4] >> (24 - 8 * (i % 4)));
    return bytes;
  }

  /// The digest as 64 hexadecimal digits, lower case.
  [[nodiscard]] std::string hex() const {
    std::string text;
    for (std::uint8_t const byte : digest()) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  static constexpr std::uint32_t rotate(std::uint32_t x, int n) noexcept {
    return x >> n | x << (32 - n);
  }

  /// A one bit, zeros, and the length in bits in the last 8 bytes of a block.
  void pad() noexcept {
    std::uint64_t const bits = length_ * 8;
    block_[filled_++] = 0x80;
    if (filled_ > 56) {
      std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(),
                std::uint8_t{0});
      compress();
    }
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < 8; ++i)
      block_[56 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    compress();
  }

  void compress() noexcept {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | block_[i];
    for (std::size_t i = 16; i < 64; ++i) {
      std::uint32_t const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
      std::uint32_t const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      std::uint32_t const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      std::uint32_t const choice = (e & f) ^ (~e & g);
      std::uint32_t const t1 = h + s1 + choice + detail::sha256_constants[i] + w[i];
      std::uint32_t const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      std::uint32_t const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + s0 + majority;
    }
    std::array<std::uint32_t, 8> const added = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += added[i];
    filled_ = 0;
  }

  // The same of the square roots of the first 8 primes (section 5.3.3).
  std::array<std::uint32_t, 8> state_ = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                         0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;    // bytes of block_
  std::uint64_t length_ = 0;  // bytes in all
};

/// The digest of a text, as 64 hexadecimal digits.
[[nodiscard]] inline std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.update(text);
  return digest.hex();
}

}  // namespace qfmt::io
