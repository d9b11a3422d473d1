// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profile.hpp>

// The conversions only. Whole tensors are compared in tests/tensor and tests/io, with the
// checkpoints that the package wrote.

using namespace qfmt;
using namespace qfmt::test;
using profile::CompressedTensors;

TEST_CASE("CompressedTensors: the codes of the package, from every BF16 value and its neighbours") {
  Record const record{"compressed_tensors-0.20.txt"};
  CHECK(record.one("package compressed_tensors") == std::vector<std::string>{"0.20.0"});
  TypeList<E4M3, E2M1>::for_each([&]<class F>() {
    check_codes<CompressedTensors, F>(record);
    check_values<CompressedTensors, F>(record);
    CHECK(codes_digest<profile::Qfmt, F>(inputs("bf16")) !=
          record.one(std::string{"codes "} + F::name + " bf16").back());
  });
}
