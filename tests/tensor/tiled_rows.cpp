// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The work inside of quantize(), with granularity as numbers. Its results are tested through quantize(),
// in quantize.cpp, quantize/ and search.cpp; here is what only this header promises.

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/int4.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using S = QuantScheme<INT4, PerBlock<2, 16>>;

}  // namespace

TEST_CASE("tiled rows: the parts of a tensor") {
  QuantTensor<S> tensor{{5, 40}};
  auto const parts = detail::parts_of(tensor);
  CHECK(parts.tile == Shape{2, 16});
  CHECK(parts.scale_shape == Shape{3, 3});
  CHECK(parts.row_bytes == 24);
  CHECK(parts.codes == tensor.codes.data());
  CHECK(parts.scales == tensor.scales.data());
  CHECK(parts.zero_points == nullptr);
}

TEST_CASE("tiled rows: encoded with the parameters that are there, rows apart") {
  auto matrix = normal_matrix({5, 40}, 5);
  auto const expected = quantize<S>(std::as_const(matrix).view());
  REQUIRE(expected.ok());
  QuantTensor<S> tensor{matrix.shape};
  tensor.scales = expected->scales;
  auto const encode = [&](IndexRange rows) {
    return detail::encode_rows<INT4, S::Policy, S::Profile>(
        selected_isa(), std::as_const(matrix).view(), detail::parts_of(tensor), rows);
  };
  CHECK(encode({3, 5}));
  CHECK(tensor.codes[0] == 0);  // rows outside of the range stay
  CHECK(encode({0, 3}));
  CHECK(tensor.codes == expected->codes);
  matrix(2, 39) = std::numeric_limits<float>::infinity();
  CHECK_FALSE(encode({0, 3}));
  CHECK(encode({3, 5}));
}
