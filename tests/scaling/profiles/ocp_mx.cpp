// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/ocp_mx.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::OcpMx;

namespace {

/// The values of a quantized matrix; zeros without their sign.
template <Scheme S>
std::string value_digest() {
  auto const tensor = quantize_matrix<S>();
  Digest digest;
  for (index_t row = 0; row < matrix_shape.rows; ++row) {
    for (index_t col = 0; col < matrix_shape.cols; ++col)
      digest.add(tensor.view()(row, col) + 0.0f);
  }
  return digest.hex();
}

}  // namespace

TEST_CASE("OcpMx: the values that microxcaling gives") {
  Record const record{"microxcaling-7bc4195.txt"};
  TypeList<E2M1, E2M3, E3M2, E4M3, E5M2>::for_each([&]<class F>() {
    std::string const expected = record.one(std::string{"mx_values "} + F::name).back();
    CHECK_MESSAGE((value_digest<MxScheme<F, mx::RoundUp, OcpMx>>() == expected),
                  std::string{F::name});
    CHECK_MESSAGE((value_digest<MxScheme<F, mx::RoundUp, profile::Qfmt>>() != expected),
                  std::string{F::name});
  });
}

TEST_CASE("OcpMx: the rule is the specification's, whatever the scheme says") {
  // OCP Microscaling Formats 1.0, section 6.3: 2^(floor(log2 amax) - emax).
  CHECK(OcpMx::mx_scale<E2M1, mx::Ceil, float>(7.9f).bits == 127);
  CHECK(OcpMx::mx_scale<E2M1, mx::Ceil, float>(8.0f).bits == 128);
  CHECK(OcpMx::mx_scale<E4M3, mx::Even, float>(511.0f).bits == 127);
  CHECK(OcpMx::mx_scale<MXINT8, mx::RoundUp, float>(1.999f).bits == 127);
  CHECK(OcpMx::mx_scale<E2M1, mx::RoundUp, float>(std::numeric_limits<float>::quiet_NaN()).bits ==
        0xFF);
}
