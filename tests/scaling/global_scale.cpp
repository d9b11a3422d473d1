// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>

#include <qfmt/core/bit.hpp>
#include <qfmt/scaling/global_scale.hpp>

using namespace qfmt;

namespace {

/// The first of some decode scales that is not the inverse of its inverse.
float inverted_twice_differs() {
  for (uint32_t bits = 0x3A000000u;; ++bits) {
    float const scale = bit_cast<float>(bits);
    if (1.0f / (1.0f / scale) != scale)
      return scale;
  }
}

}  // namespace

TEST_CASE("a tensor scale in the encode direction: its inverse is calculated") {
  CHECK(GlobalScale{}.encode_scale == 1.0f);
  CHECK(GlobalScale{} == GlobalScale{1.0f});
  CHECK(GlobalScale{4.0f}.decode_scale() == 0.25f);
  CHECK(GlobalScale{3.0f}.decode_scale() == 1.0f / 3.0f);
  GlobalScale scale = GlobalScale::from_decode(0.125f);
  CHECK(scale.encode_scale == 8.0f);
  scale.encode_scale = 2.0f;  // set anew: what was given is no longer its inverse
  CHECK(scale.decode_scale() == 0.5f);
  CHECK(scale == GlobalScale{2.0f});
}

TEST_CASE("a tensor scale in the decode direction keeps the number that was given") {
  float const given = inverted_twice_differs();
  GlobalScale const scale = GlobalScale::from_decode(given);
  CHECK(scale.encode_scale == 1.0f / given);
  CHECK(scale.decode_scale() == given);
  CHECK(GlobalScale{1.0f / given}.decode_scale() != given);
  CHECK(scale != GlobalScale{1.0f / given});
  CHECK(GlobalScale::from_decode(0.25f) == GlobalScale{4.0f});
}

TEST_CASE("a tensor scale at the ends of its range") {
  float const infinity = std::numeric_limits<float>::infinity();
  CHECK(GlobalScale::from_decode(infinity).encode_scale == 0.0f);
  CHECK(GlobalScale::from_decode(infinity).decode_scale() == infinity);
  CHECK(GlobalScale{infinity}.decode_scale() == 0.0f);
  CHECK(GlobalScale::from_decode(0x1p-149f).encode_scale == infinity);
  CHECK(GlobalScale::from_decode(0x1p-149f).decode_scale() == 0x1p-149f);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(is_nan(GlobalScale::from_decode(nan).decode_scale()));
  CHECK(is_nan(GlobalScale{nan}.decode_scale()));
}
