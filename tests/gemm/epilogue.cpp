// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/gemm/epilogue.hpp>

using namespace qfmt;

TEST_CASE("no epilogue is the identity and fits everything") {
  CHECK(NoEpilogue{}(1.5f, 3, 4) == 1.5f);
  CHECK(NoEpilogue{}.check({0, 7}) == Status::ok);
}

TEST_CASE("a bias adds the number of the column") {
  float const values[] = {1.0f, -2.0f, 0.25f};
  Bias const bias{values, 3};
  CHECK(bias.check({5, 3}) == Status::ok);
  CHECK(bias.check({5, 2}) == Status::shape_mismatch);
  CHECK(bias.check({5, 4}) == Status::shape_mismatch);
  CHECK(bias(10.0f, 4, 1) == 8.0f);
  CHECK(bias(10.0f, 0, 2) == 10.25f);
}

TEST_CASE("a bias may hold nothing, but not claim to hold something") {
  CHECK(Bias{}.check({5, 3}) == Status::ok);
  CHECK(Bias{}(10.0f, 4, 1) == 10.0f);
  CHECK(Bias{nullptr, 3}.check({5, 3}) == Status::null_pointer);
}

namespace {
struct Squared {
  Status check(Shape) const { return Status::ok; }
  float operator()(float sum, index_t, index_t) const { return sum * sum; }
};
struct WithoutCheck {
  float operator()(float sum, index_t, index_t) const { return sum; }
};
}  // namespace

static_assert(Epilogue<Squared> && !Epilogue<WithoutCheck> && !Epilogue<float>);
