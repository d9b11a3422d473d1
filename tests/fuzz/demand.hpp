// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include <qfmt/tensor/result.hpp>

// What the fuzz targets are written with.

namespace fuzz {

using Input = std::span<std::uint8_t const>;

/// Ends the program if something does not hold: what a fuzzer and a test both notice.
inline void demand(bool holds, char const* what) {
  if (holds)
    return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// Whatever an input holds, an error is one short line.
inline void demand_message(qfmt::Error const& error) {
  demand(error.status != qfmt::Status::ok, "an error has a status");
  demand(!error.message.empty() && error.message.size() < 16384, "a message is short");
  demand(std::all_of(error.message.begin(), error.message.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }),
         "a message is one line");
}

inline std::string_view text_of(Input input) {
  return {reinterpret_cast<char const*>(input.data()), input.size()};
}

/// Takes an input apart, from its front. Behind its end everything is zero.
class Reader {
 public:
  explicit Reader(Input input) : rest_{input} {}

  std::uint8_t byte() {
    if (rest_.empty())
      return 0;
    std::uint8_t const first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  /// A number below `limit`, which is at most 256.
  unsigned below(unsigned limit) { return byte() % limit; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= std::uint64_t{byte()} << 8 * i;
    return value;
  }
  /// At most `count` bytes.
  Input bytes(std::size_t count) {
    Input const taken = rest_.first((std::min)(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] bool is_empty() const { return rest_.empty(); }

 private:
  Input rest_;
};

}  // namespace fuzz
