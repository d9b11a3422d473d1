// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/gemm/accuracy.hpp>
#include <string_view>

using namespace qfmt;

TEST_CASE("accuracies have names and digits") {
  CHECK(std::string_view{name(Accuracy::A8)} == "A8");
  CHECK(std::string_view{name(Accuracy::A8Block)} == "A8Block");
  CHECK(std::string_view{name(Accuracy::BF16)} == "BF16");
  CHECK(std::string_view{name(Accuracy::A16)} == "A16");
  CHECK(std::string_view{name(Accuracy::F32)} == "F32");
  CHECK(slices_of(Accuracy::A8) == 1);
  CHECK(slices_of(Accuracy::A8Block) == 1);
  CHECK(slices_of(Accuracy::BF16) == 2);
  CHECK(slices_of(Accuracy::A16) == 2);
  CHECK(slices_of(Accuracy::F32) == 3);
}
