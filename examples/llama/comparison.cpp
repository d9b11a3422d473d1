// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

#include <qfmt/core/random.hpp>

namespace llama {

using namespace qfmt;

double bits_per_byte(std::span<WindowBits const> windows) {
  double bits = 0.0;
  double bytes = 0.0;
  for (WindowBits const& window : windows) {
    bits += window.bits;
    bytes += static_cast<double>(window.bytes);
  }
  return bits / bytes;
}

Result<Interval> difference(std::span<WindowBits const> model, std::span<WindowBits const> other) {
  auto const is_same = [](WindowBits const& a, WindowBits const& b) { return a.bytes == b.bytes; };
  if (!std::equal(model.begin(), model.end(), other.begin(), other.end(), is_same))
    return Error{Status::shape_mismatch, "got " + std::to_string(model.size()) + " and " +
                                             std::to_string(other.size()) +
                                             " windows, expected those of one text"};
  if (model.empty())
    return Error{Status::invalid_argument, "got no window"};
  constexpr std::size_t resamples = 10'000;
  Philox const random{1};
  std::vector<double> means;
  for (std::size_t sample = 0; sample < resamples; ++sample) {
    double bits = 0.0;
    double bytes = 0.0;
    for (std::size_t draw = 0; draw < model.size(); ++draw) {
      // The upper half of a product is uniform over the windows.
      std::size_t const i = (uint64_t{random(sample, draw)} * model.size()) >> 32;
      bits += model[i].bits - other[i].bits;
      bytes += static_cast<double>(model[i].bytes);
    }
    means.push_back(bits / bytes);
  }
  std::sort(means.begin(), means.end());
  return Interval{bits_per_byte(model) - bits_per_byte(other), means[resamples / 40],
                  means[resamples - 1 - resamples / 40]};
}

Result<void> write_windows(std::filesystem::path const& file, std::span<WindowBits const> windows) {
  std::ofstream stream{file, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, file.string()};
  stream << std::setprecision(std::numeric_limits<double>::max_digits10);
  for (WindowBits const& window : windows) stream << window.bytes << ' ' << window.bits << '\n';
  stream.close();
  if (!stream)
    return Error{Status::io_write, file.string()};
  return {};
}

Result<std::vector<WindowBits>> read_windows(std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, file.string()};
  std::vector<WindowBits> windows;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream numbers{line};
    WindowBits window;
    if (!(numbers >> window.bytes >> window.bits) || window.bytes == 0 ||
        !std::isfinite(window.bits))
      return Error{Status::invalid_argument, file.string() + ": line " +
                                                 std::to_string(windows.size() + 1) +
                                                 ": expected bytes and bits of a window"};
    windows.push_back(window);
  }
  return windows;
}

}  // namespace llama
