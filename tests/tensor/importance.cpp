// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <limits>

#include <qfmt/tensor/importance.hpp>

using namespace qfmt;

namespace {

std::string refusal(std::span<float const> columns) {
  auto const importance = Importance::from(columns);
  return importance ? "" : importance.error().to_string();
}

}  // namespace

TEST_CASE("Importance: kept divided by its mean") {
  auto const importance = Importance::from(std::array{0.0f, 1.0f, 2.0f, 5.0f});
  REQUIRE(importance);
  CHECK_FALSE(importance->is_uniform());
  std::array const expected{0.0f, 0.5f, 1.0f, 2.5f};
  REQUIRE(importance->weights().size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(importance->weights()[i] == expected[i]);
  CHECK(Importance{}.is_uniform());
  CHECK(Importance{}.weights().empty());
}

TEST_CASE("Importance: what cannot weigh is refused, and named") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal({}) == "shape_mismatch: importance: got no columns");
  CHECK(
      refusal(std::array{1.0f, -1.0f}) ==
      "invalid_argument: importance: column 1: got -1.000000, expected a finite number from 0 on");
  CHECK(
      refusal(std::array{infinity}).starts_with("invalid_argument: importance: column 0: got inf"));
  CHECK(refusal(std::array{0.0f, 1.0f, nan})
            .starts_with("invalid_argument: importance: column 2: got nan"));
  CHECK(refusal(std::array{0.0f, -0.0f}) ==
        "invalid_argument: importance: got zero for every column");
  CHECK(refusal(std::array{3e38f, 3e38f}).starts_with("invalid_argument: importance: the sum"));
  CHECK(refusal(std::array{0x1p-149f, 0.0f}).empty());
}
