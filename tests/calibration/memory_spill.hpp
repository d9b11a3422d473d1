// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/activation_cache.hpp>

namespace qfmt::test {

/// A spill that can be full.
struct MemorySpill final : calibration::Spill {
  Result<uint64_t> write(std::span<std::byte const> bytes) override {
    if (used() + bytes.size() > space)
      return Error{Status::io_no_space, "full"};
    kept[next] = {bytes.begin(), bytes.end()};
    return next++;
  }
  Result<void> read(uint64_t number, std::span<std::byte> into) override {
    auto const found = kept.find(number);
    if (found == kept.end() || found->second.size() != into.size())
      return Error{Status::io_read, "not there"};
    std::copy(found->second.begin(), found->second.end(), into.begin());
    return {};
  }
  void drop(uint64_t number) override { kept.erase(number); }
  [[nodiscard]] std::size_t used() const {
    std::size_t bytes = 0;
    for (auto const& [number, entry] : kept) bytes += entry.size();
    return bytes;
  }

  std::size_t space = 1 << 20;
  uint64_t next = 5;
  std::map<uint64_t, std::vector<std::byte>> kept;
};

}  // namespace qfmt::test
