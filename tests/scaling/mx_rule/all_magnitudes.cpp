// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <bit>
#include <cfenv>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <scaling/mx_rule/kernels.hpp>
#include <scaling/mx_rule/oracle.hpp>
#include <string>
#include <support/code_digest.hpp>
#include <support/exhaustive.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace qfmt;
using qfmt::test::check_sample;
using qfmt::test::Findings;
using qfmt::test::WordRuns;
namespace oracle = qfmt::test::mx_oracle;

namespace {

std::string describe(ScaleRuleKernel const& kernel, std::size_t column) {
  return std::string{kernel.format} + ", " + kernel.rules[column];
}

Findings check(ScaleRuleKernel const& kernel) {
  return check_sample(kernel.differ, {oracle::columns(kernel.format, kernel.rules), 1}, 256, 1021);
}

bool can_run() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) {
    qfmt::test::skip("the scale rule kernels are compiled for AVX2, which this processor has not");
    return false;
  }
#endif
  return true;
}

}  // namespace

TEST_CASE("scale rules: a sample of all magnitudes") {
  if (!can_run())
    return;
  for (auto const& kernel : scale_rule_kernels()) {
    auto const found = check(kernel);
    for (std::size_t c = 0; c < kernel.rules.size(); ++c)
      CHECK_MESSAGE(found.mismatches[c] == 0, describe(kernel, c), found.wrong(c));
    CHECK(found.inputs >= std::uint64_t{1} << 21);
  }
}

TEST_CASE("exhaustive: scale rules, all 2^31 magnitudes") {
  qfmt::test::ExhaustiveRun const run;
  if (!run.asked())
    return qfmt::test::skip("all 2^31 magnitudes of the scale rules: scripts/test.sh --exhaustive");
  if (!can_run())
    return;
  REQUIRE(run.is_known_mode());
  auto const kernels = scale_rule_kernels();
  std::vector<qfmt::test::Stream> streams;
  for (auto const& kernel : kernels)
    streams.push_back({kernel.differ, {oracle::columns(kernel.format, kernel.rules), 1}});
  auto const results = run.run("mx_scale", streams);
  qfmt::test::CertificatePart part;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK(results[i].inputs == run.inputs(std::uint64_t{1} << 31));
    auto const columns = oracle::columns(kernels[i].format, kernels[i].rules);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      CHECK_MESSAGE(results[i].mismatches[c] == 0, describe(kernels[i], c), results[i].wrong(c));
      part.add(std::string{"\"element\":\""} + kernels[i].format + "\",\"rule\":\"" +
                   kernels[i].rules[c] + "\"",
               results[i], c, qfmt::test::digest(columns[c]));
    }
  }
  CHECK(part.write("mx_scale", run, QFMT_TEST_KERNEL_FLAGS));
}

TEST_CASE(
    "scale rules: the oracle says what it said in the exhaustive run that wrote the certificate") {
  std::string const text = qfmt::test::certificate();
  if (text.empty())
    return qfmt::test::skip("docs/qfmt-conformance.json is not there");
  for (auto const& kernel : scale_rule_kernels()) {
    auto const columns = oracle::columns(kernel.format, kernel.rules);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::string const row = std::string{R"("element": ")"} + kernel.format + R"(", "rule": ")" +
                              kernel.rules[c] + R"(", "digest": ")" +
                              qfmt::test::digest(columns[c]) + '"';
      CHECK_MESSAGE(text.find(row) != std::string::npos, row);
    }
  }
}

TEST_CASE("scale rules: no rounding mode of the processor and no flushing of subnormals matters") {
  if (!can_run())
    return;
  std::uint64_t mismatches = 0;
  for (auto const& kernel : scale_rule_kernels()) {
    WordRuns const expected{oracle::columns(kernel.format, kernel.rules), 1};
    auto const found = [&] {
      return check_sample(kernel.differ, expected, 256, 1021).all_mismatches();
    };
    for (int const direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      std::fesetround(direction);
      mismatches += found();
      std::fesetround(FE_TONEAREST);
    }
#if defined(__x86_64__)
    constexpr unsigned flush = 0x8040;  // FTZ | DAZ
    _mm_setcsr(_mm_getcsr() | flush);
    mismatches += found();
    _mm_setcsr(_mm_getcsr() & ~flush);
#endif
  }
  CHECK(mismatches == 0);
}

TEST_CASE("scale rules: the table of another rule or format is caught") {
  if (!can_run())
    return;
  for (auto const& kernel : scale_rule_kernels()) {
    if (std::strcmp(kernel.format, "E4M3") != 0)
      continue;
    for (std::size_t rule = 0; rule < kernel.rules.size(); ++rule) {
      // All words are compared with the table of one rule. 448 is 1.75 * 2^8: only an amax of
      // exactly that mantissa tells two of the rules apart.
      ScaleRuleKernel against = kernel;
      against.rules.assign(kernel.rules.size(), kernel.rules[rule]);
      auto const found = check(against);
      for (std::size_t c = 0; c < kernel.rules.size(); ++c)
        CHECK((found.mismatches[c] == 0) == (c == rule));
    }
    ScaleRuleKernel other = kernel;
    other.format = "E5M2";
    for (std::uint64_t const mismatches : check(other).mismatches) CHECK(mismatches > 0);
  }
}

TEST_CASE("scale rules: values by hand") {
  using namespace mx;
  struct Row {
    float amax;
    unsigned floor, ceil, round_up, even;
  };
  // For E2M1: largest 6, emax 2, even from 1.75 on.
  for (auto const& row :
       {Row{0.0f, 0, 0, 0, 0}, Row{1.0f, 125, 125, 125, 125}, Row{1.5f, 125, 126, 125, 125},
        Row{1.6f, 125, 126, 126, 125}, Row{1.75f, 125, 126, 126, 126},
        Row{4.0f, 127, 127, 127, 127}, Row{6.0f, 127, 128, 127, 127},
        Row{6.0000005f, 127, 128, 128, 127}, Row{7.0f, 127, 128, 128, 128},
        Row{0x1p-149f, 0, 0, 0, 0}, Row{0x1p-125f, 0, 0, 0, 0}, Row{0x1.8p-124f, 1, 2, 1, 1},
        Row{std::numeric_limits<float>::max(), 252, 253, 253, 253}}) {
    INFO(row.amax);
    CHECK(scale_code<E2M1, Floor>(row.amax).bits == row.floor);
    CHECK(scale_code<E2M1, Ceil>(row.amax).bits == row.ceil);
    CHECK(scale_code<E2M1, RoundUp>(row.amax).bits == row.round_up);
    CHECK(scale_code<E2M1, Even>(row.amax).bits == row.even);
    CHECK(scale_code<E2M1, Even>(-row.amax).bits == row.even);
  }
  // For E4M3: largest 448 = 1.75 * 2^8.
  CHECK(scale_code<E4M3, RoundUp>(448.0f).bits == 127);
  CHECK(scale_code<E4M3, RoundUp>(448.00003f).bits == 128);
  CHECK(scale_code<E4M3, Floor>(511.9f).bits == 127);
  CHECK(scale_code<E4M3, Even>(495.9f).bits == 127);
  CHECK(scale_code<E4M3, Even>(496.0f).bits == 128);
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(scale_code<E4M3, Floor>(inf).bits == 254);
  CHECK(scale_code<E2M1, Ceil>(-inf).bits == 254);
  CHECK(scale_code<E2M1, Ceil>(std::numeric_limits<float>::quiet_NaN()).bits == 255);
}

TEST_CASE("scale rules: RoundUp is amax / largest, rounded up to a power of two") {
  for (std::uint32_t bits = 0x00800000u + (3u << 23); bits < 0x7F000000u; bits += 10007) {
    float const amax = std::bit_cast<float>(bits);
    // The quotient in binary64 is on the right side of a power of two: 448 has three significant
    // bits.
    double const quotient = static_cast<double>(amax) / 448;
    if (mx::scale_code<E4M3, mx::RoundUp>(amax) != encode<E8M0, Up>(quotient))
      FAIL(amax);
  }
  CHECK(encode<E8M0, Up>(448.0 / 448).bits == 127);
}
