// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <gemm/laws.hpp>


using namespace qfmt;
using namespace qfmt::test;

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

TEST_CASE("a residual is added, in place too") {
  Matrix<float> const x = normal_matrix({3, 20}, 1), w = normal_matrix({5, 20}, 2);
  Matrix<float> sums{{3, 5}}, y = normal_matrix({3, 5}, 3);
  Matrix<float> const before = y;
  REQUIRE(gemm_with(PortableGemm{}, x.view(), w.view(), sums.view()) == Status::ok);
  REQUIRE(gemm_with(PortableGemm{}, x.view(), w.view(), y.view(), Residual<float>{before.view()}) == Status::ok);
  for (std::size_t i = 0; i < y.values.size(); ++i) CHECK(y.values[i] == sums.values[i] + before.values[i]);
  Matrix<float> in_place = before;
  REQUIRE(gemm_with(PortableGemm{}, x.view(), w.view(), in_place.view(), Residual<float>{std::as_const(in_place).view()}) == Status::ok);
  CHECK(in_place.values == y.values);
}

TEST_CASE("a gate") {
  Matrix<float> const x = normal_matrix({3, 20}, 1), w = normal_matrix({5, 20}, 2);
  Matrix<Code<BF16>> const up = normal_matrix<Code<BF16>>({3, 5}, 3);
  Matrix<float> sums{{3, 5}}, y{{3, 5}};
  REQUIRE(gemm_with(PortableGemm{}, x.view(), w.view(), sums.view()) == Status::ok);
  REQUIRE(gemm_with(PortableGemm{}, x.view(), w.view(), y.view(), SiluTimes<Code<BF16>>{up.view()}) == Status::ok);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    double const sum = static_cast<double>(sums.values[i]);
    double const expected = sum / (1 + std::exp(-sum)) * static_cast<double>(to_float(up.values[i]));
    CHECK(std::fabs(static_cast<double>(y.values[i]) - expected) <= std::fabs(expected) * 0x1p-20);
  }
  Matrix<float> const one{{1, 1}, 1.0f};
  CHECK(SiluTimes<float>{one.view()}(-200.0f, 0, 0) == 0.0f);
  CHECK(SiluTimes<float>{one.view()}(200.0f, 0, 0) == 200.0f);
}

TEST_CASE("epilogues with a matrix ask for its shape") {
  Matrix<float> const values{{3, 5}};
  CHECK(Residual<float>{values.view()}.check({3, 5}) == Status::ok);
  CHECK(Residual<float>{values.view()}.check({5, 3}) == Status::shape_mismatch);
  CHECK(Residual<float>{}.check({5, 3}) == Status::null_pointer);
  CHECK(SiluTimes<float>{}.check({5, 3}) == Status::null_pointer);
  CHECK(SiluTimes<float>{}.check({0, 0}) == Status::ok);
}
