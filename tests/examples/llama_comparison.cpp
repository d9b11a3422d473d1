// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <qfmt/core/random.hpp>

#include "llama/comparison.hpp"

using namespace qfmt;
using llama::WindowBits;

namespace {

/// Windows whose bits scatter around `middle` per byte.
std::vector<WindowBits> windows(std::size_t count, double middle, double spread, uint64_t seed) {
  Philox const random{seed};
  std::vector<WindowBits> all;
  for (std::size_t i = 0; i < count; ++i) {
    double const u = static_cast<double>(random(i)) * 0x1p-32 - 0.5;
    all.push_back({256, 256 * (middle + spread * u)});
  }
  return all;
}

}  // namespace

TEST_CASE("a difference is the mean, and its interval is what scattering allows") {
  auto const base = windows(256, 1.0, 0.6, 1);
  auto more = base;
  auto const noise = windows(256, 0.01, 0.02, 2);
  for (std::size_t i = 0; i < more.size(); ++i) more[i].bits += noise[i].bits;
  auto const found = llama::difference(more, base);
  REQUIRE(found);
  CHECK(found->mean == doctest::Approx(llama::bits_per_byte(noise)));
  CHECK(found->low < found->mean);
  CHECK(found->high > found->mean);
  // Windows are paired: their own scattering, thirty times as large, does not count. A uniform variable
  // of this width has a standard error of 0.02 / sqrt(12 * 256).
  double const error = 0.02 / std::sqrt(12.0 * 256.0);
  CHECK(found->high - found->low == doctest::Approx(2 * 1.96 * error).epsilon(0.1));
}

TEST_CASE("the same numbers, the same interval; a constant difference is certain") {
  auto const base = windows(50, 1.0, 0.6, 1);
  auto const other = windows(50, 1.2, 0.6, 3);
  auto const a = llama::difference(other, base);
  auto const b = llama::difference(other, base);
  REQUIRE(a);
  CHECK(a->low == b->low);
  CHECK(a->high == b->high);
  auto shifted = base;
  for (auto& window : shifted) window.bits += 256 * 0.25;
  auto const certain = llama::difference(shifted, base);
  CHECK(certain->low == doctest::Approx(0.25));
  CHECK(certain->high == doctest::Approx(0.25));
}

TEST_CASE("a short window counts by its bytes") {
  std::vector<WindowBits> const base{{256, 256.0}, {64, 64.0}};
  std::vector<WindowBits> const more{{256, 256.0}, {64, 64.0 + 32.0}};
  CHECK(llama::difference(more, base)->mean == doctest::Approx(0.1));
}

TEST_CASE("what cannot be compared") {
  auto const base = windows(5, 1.0, 0.6, 1);
  CHECK(llama::difference(base, windows(4, 1.0, 0.6, 1)).status() == Status::shape_mismatch);
  auto other = base;
  other[4].bytes = 255;
  CHECK(llama::difference(base, other).status() == Status::shape_mismatch);
  CHECK(llama::difference({}, {}).status() == Status::invalid_argument);
}

TEST_CASE("windows go to a file and back, to the last bit") {
  auto const path =
      std::filesystem::temp_directory_path() / ("qfmt_windows." + std::to_string(::getpid()));
  auto const written = windows(20, 1.0, 0.6, 1);
  REQUIRE(llama::write_windows(path, written));
  auto const read = llama::read_windows(path);
  REQUIRE_MESSAGE(read, read.error().to_string());
  REQUIRE(read->size() == 20);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK((*read)[i].bytes == written[i].bytes);
    CHECK((*read)[i].bits == written[i].bits);
  }
  std::ofstream{path} << "256 1.5\n256 x\n";
  CHECK(llama::read_windows(path).error().message.find("line 2") != std::string::npos);
  std::filesystem::remove(path);
  CHECK(llama::read_windows(path).status() == Status::io_open);
}
