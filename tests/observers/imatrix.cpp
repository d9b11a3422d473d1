// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/imatrix.hpp>

using namespace qfmt;

TEST_CASE("ColumnImportance: means of squares over tokens") {
  ColumnImportance a{3};
  CHECK(a.means() == std::vector<float>{0.0f, 0.0f, 0.0f});
  a.observe(std::array{1.0f, -2.0f, 0.0f});
  a.observe(std::array{3.0f, 2.0f, 0.0f});
  CHECK(a.tokens() == 2);
  CHECK(a.means() == std::vector<float>{5.0f, 4.0f, 0.0f});

  ColumnImportance b{3};
  b.observe(std::array{0.0f, 1.0f, 1.0f});
  b.merge(a);
  CHECK(b.tokens() == 3);
  CHECK(b.means() == std::vector<float>{10.0f / 3.0f, 3.0f, 1.0f / 3.0f});
}

TEST_CASE("ColumnImportance: squares beyond binary32 do not overflow on the way") {
  ColumnImportance a{1};
  for (int i = 0; i < 4; ++i) a.observe(std::array{1e19f});
  a.observe(std::array{0.0f});
  CHECK(a.means()[0] == static_cast<float>(4e38 / 5));
}

TEST_CASE("imatrix_mse: twenty ranges, down to a twentieth; importance decides") {
  CHECK(ImatrixMse{}.steps() == 20);
  CHECK(NVFP4ExpandedImatrix{}.steps() == 112);
  // One large value that does not matter: the range shrinks to what the others need.
  std::array<float, 16> values{};
  std::array<float, 16> importance{};
  for (std::size_t i = 0; i < 16; ++i) {
    values[i] = static_cast<float>(i % 4) * 0.1f - 0.2f;
    importance[i] = 1.0f;
  }
  values[5] = 10.0f;
  auto const best = [&](std::span<float const> weights) {
    return ImatrixMse{}.best<INT4, Symmetric, profile::Qfmt, float>(values, weights).max;
  };
  CHECK(best({}) > 9.0f);
  CHECK(best(importance) == best({}));
  importance[5] = 0.0f;
  CHECK(best(importance) == 0.5f);
}
