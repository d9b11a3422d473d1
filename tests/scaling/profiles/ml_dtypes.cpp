// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/ml_dtypes.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::MlDtypes;

namespace {
using Formats =
    TypeList<E4M3, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0, E4M3IEEE, E3M4, E4M3B11FNUZ, E2M1, E2M3, E3M2>;
}

TEST_CASE("MlDtypes: the casts of the package, from every BF16 value and its neighbours") {
  Record const record{"ml_dtypes-0.6.txt"};
  CHECK(record.one("package ml_dtypes") == std::vector<std::string>{"0.6.0"});
  Formats::for_each([&]<class F>() {
    check_codes<MlDtypes, F>(record);
    check_values<MlDtypes, F>(record);
  });
}

TEST_CASE("MlDtypes: another profile's codes are told apart from the record") {
  Record const record{"ml_dtypes-0.6.txt"};
  Formats::for_each([&]<class F>() {
    CHECK_MESSAGE((codes_digest<profile::Qfmt, F>(inputs("bf16")) !=
                   record.one(std::string{"codes "} + F::name + " bf16").back()),
                  std::string{F::name});
  });
}

TEST_CASE("MlDtypes: by hand") {
  CHECK(MlDtypes::encode<E4M3>(464.0f).bits == 0x7E);
  CHECK(MlDtypes::encode<E4M3>(-465.0f).bits == 0xFF);
  CHECK(MlDtypes::encode<E2M1>(-std::numeric_limits<float>::quiet_NaN()).bits == 0x0);
  CHECK(MlDtypes::encode<E8M0>(1.5f).bits == 128);
  CHECK(MlDtypes::encode<E8M0>(0x1.000004p-127f).bits == 1);  // not the nearest
  CHECK(MlDtypes::encode<E8M0>(0.0f).bits == 0xFF);
  CHECK(MlDtypes::encode<INT8>(2.5f).bits == 2);  // the package has no rounding cast: the library's
}
