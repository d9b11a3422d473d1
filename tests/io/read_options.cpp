// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/io/read_options.hpp>

TEST_CASE("reading is strict unless it is asked not to be") {
  CHECK(qfmt::io::ReadOptions{}.strictness == qfmt::io::Strictness::strict);
  CHECK(qfmt::io::ReadOptions{}.max_tensors == 1'000'000);
}
