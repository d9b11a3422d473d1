// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/weight_bytes.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;
using calibration::Weight;

TEST_CASE("a weight of every type goes to bytes and back") {
  Weight const all[] = {{{1, 2}, std::vector<float>{1.5f, -2.0f}},
                        {{2, 1}, std::vector<Code<BF16>>{Code<BF16>{1}, Code<BF16>{0xFFFF}}},
                        {{0, 5}, std::vector<Code<FP16>>{}}};
  io::Dtype const dtypes[] = {io::Dtype::F32, io::Dtype::BF16, io::Dtype::F16};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(weight_dtype(all[i]) == dtypes[i]);
    auto const bytes = weight_bytes(all[i]);
    CHECK(bytes.size() == (i == 0 ? 8u : i == 1 ? 4u : 0u));
    auto const back = make_weight(dtypes[i], all[i].shape, bytes);
    REQUIRE(back);
    CHECK(back->shape == all[i].shape);
    CHECK(weight_bytes(*back) == bytes);
  }
}

TEST_CASE("what is no weight is named") {
  io::Bytes const bytes(8);
  CHECK(make_weight(io::Dtype::I8, {1, 8}, bytes).status() == Status::unknown_dtype);
  CHECK(make_weight(io::Dtype::F32, {1, 3}, bytes).status() == Status::size_mismatch);
}
