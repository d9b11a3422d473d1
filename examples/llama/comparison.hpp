// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include <qfmt/tensor/result.hpp>

namespace llama {

/// What a model needs for one window of a text.
struct WindowBits {
  std::size_t bytes = 0;
  double bits = 0.0;
};

/// Of all windows. Precondition: at least one byte.
double bits_per_byte(std::span<WindowBits const> windows);

/// A mean and where 95 % of its resamples are.
struct Interval {
  double mean = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// How many bits more for each byte one model needs than another on the same text, and how sure that is
/// for texts of this kind: a paired bootstrap over windows. 10,000 times as many windows as there are
/// are drawn with replacement, the same for both models; the interval is from the 2.5th to the 97.5th
/// percentile of the differences. A pure function: the random numbers have a fixed seed. Efron and
/// Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
///
/// Errors: shape_mismatch for windows that are not the same; invalid_argument for none.
qfmt::Result<Interval> difference(std::span<WindowBits const> model,
                                  std::span<WindowBits const> other);

/// A line for each window: bytes, bits with all digits. Errors: io_open, io_write.
qfmt::Result<void> write_windows(std::filesystem::path const& file,
                                 std::span<WindowBits const> windows);
/// Errors: io_open; invalid_argument, naming the line.
qfmt::Result<std::vector<WindowBits>> read_windows(std::filesystem::path const& file);

}  // namespace llama
