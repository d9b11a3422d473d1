// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <scaling/mx_rule/kernels.hpp>
#include <string>
#include <string_view>
#include <support/code_stream.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// The MX scale rules against their definitions on real numbers. A rule is a step function of the
// tile's largest magnitude: it is known once it is known where it steps.

using namespace qfmt;

namespace {

struct Element {
  char const* name;
  double largest;
  int mantissa_bits;
  [[nodiscard]] int emax() const { return std::ilogb(largest); }
};

// OCP Microscaling Formats 1.0, table 1; the codebook S1M3 has no mantissa.
constexpr Element elements[] = {{"E2M1", 6.0, 1},   {"E2M3", 7.5, 3},     {"E3M2", 28.0, 2},
                                {"E4M3", 448.0, 3}, {"E5M2", 57344.0, 2}, {"MXINT8", 127.0 / 64, 6},
                                {"S1M3", 6.0, 0}};

struct Step {
  double at;
  bool inclusive;
};

/// From which magnitude on the scale is at least 2^k.
Step step(Element const& element, std::string_view rule, int k) {
  double const binade = std::ldexp(1.0, k + element.emax());
  if (rule == "floor")
    return {binade, true};  // amax >= 2^(k + emax)
  if (rule == "ceil")
    return {binade / 2, false};  // amax > 2^(k - 1 + emax)
  if (rule == "round_up")
    return {std::ldexp(element.largest, k - 1), false};  // largest * 2^(k - 1) < amax
  if (rule == "even")
    return {binade * (1 - std::ldexp(1.0, -element.mantissa_bits - 2)),
            true};                // half way to the next binade
  return {binade * 0.875, true};  // at_three_quarters: 1.75 * 2^(k - 1 + emax)
}

using Interval = qfmt::test::CodeRun;

/// All 2^31 magnitudes, in runs of equal codes.
std::vector<Interval> intervals(Element const& element, std::string_view rule) {
  std::vector<Interval> runs;
  std::uint32_t begin = 0;
  std::uint32_t code = 0;
  auto const close = [&](std::uint32_t end) {
    if (end > begin)
      runs.push_back({begin, end - begin, code});
    begin = end;
  };
  for (int next = 1; next <= 254; ++next) {
    auto const [at, inclusive] = step(element, rule, next - 127);
    std::uint32_t low = 0;
    std::uint32_t high = 0x7F800000u;
    while (low < high) {
      std::uint32_t const middle = low + (high - low) / 2;
      auto const x = static_cast<double>(std::bit_cast<float>(middle));
      if (inclusive ? x >= at : x > at) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    close(low);
    code = static_cast<std::uint32_t>(next);
    if (begin == 0x7F800000u)
      break;
  }
  close(0x7F800000u);
  runs.push_back({0x7F800000u, 1, 254});
  runs.push_back({0x7F800001u, 0x7FFFFFu, 255});
  return runs;
}

Element const& find(char const* name) {
  return *std::find_if(std::begin(elements), std::end(elements),
                       [&](Element const& e) { return std::string_view{e.name} == name; });
}

struct Tally {
  std::uint64_t checked = 0;
  std::uint64_t mismatches = 0;
};

Tally check(ScaleRuleKernel const& kernel, std::vector<Interval> const& runs) {
  Tally tally;
  auto const range = [&](std::uint32_t first, std::uint32_t count, std::uint32_t stride,
                         std::uint32_t code) {
    tally.mismatches += qfmt::test::mismatches(kernel.codes_of, first, count, stride, code);
    tally.checked += count;
  };
  for (auto const& run : runs) {
    std::uint32_t const edge = (std::min)(run.count, 256u);
    range(run.first, edge, 1, run.code);
    range(run.first + (run.count - edge), edge, 1, run.code);
    range(run.first, (run.count - 1) / 1021 + 1, 1021, run.code);
  }
  return tally;
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
    auto const tally = check(kernel, intervals(find(kernel.format), kernel.rule));
    CHECK_MESSAGE(tally.mismatches == 0, std::string{kernel.format}, ", ",
                  std::string{kernel.rule});
    CHECK(tally.checked >= std::uint64_t{1} << 21);
  }
}

TEST_CASE("scale rules: all 2^31 magnitudes") {
  qfmt::test::ExhaustiveRun const run;
  if (run.selection.empty())
    return qfmt::test::skip("all 2^31 magnitudes of the scale rules: set QFMT_EXHAUSTIVE=1");
  if (!can_run())
    return;
  REQUIRE(run.is_known_mode());
  auto const kernels = scale_rule_kernels();
  std::vector<qfmt::test::CodeStream> streams;
  for (auto const& kernel : kernels)
    streams.emplace_back(kernel.codes_of, intervals(find(kernel.format), kernel.rule), 31, false);
  auto const results = run.run(streams);
  qfmt::test::CertificatePart part;
  double seconds = 0;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK_MESSAGE(results[i].mismatches == 0, std::string{kernels[i].format}, ", ",
                  std::string{kernels[i].rule});
    CHECK(results[i].inputs == (std::min)(std::uint64_t{run.groups} << 23, std::uint64_t{1} << 31));
    part.add(std::string{"\"element\":\""} + kernels[i].format + "\",\"rule\":\"" +
                 kernels[i].rule + "\"",
             "the rules on real numbers (tests/scaling/mx_rule/all_magnitudes.cpp)", results[i]);
    seconds += results[i].seconds;
  }
  CHECK(part.write("mx_scale", run, QFMT_TEST_KERNEL_FLAGS));
  std::printf("scale rules: %zu x %llu magnitudes, %.0f s of processor time\n", kernels.size(),
              static_cast<unsigned long long>(results[0].inputs), seconds);
}

TEST_CASE("scale rules: no rounding mode of the processor and no flushing of subnormals matters") {
  if (!can_run())
    return;
  std::uint64_t mismatches = 0;
  for (auto const& kernel : scale_rule_kernels()) {
    auto const runs = intervals(find(kernel.format), kernel.rule);
    for (int const direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      std::fesetround(direction);
      mismatches += check(kernel, runs).mismatches;
      std::fesetround(FE_TONEAREST);
    }
#if defined(__x86_64__)
    constexpr unsigned flush = 0x8040;  // FTZ | DAZ
    _mm_setcsr(_mm_getcsr() | flush);
    mismatches += check(kernel, runs).mismatches;
    _mm_setcsr(_mm_getcsr() & ~flush);
#endif
  }
  CHECK(mismatches == 0);
}

TEST_CASE("scale rules: the table of another rule or format is caught") {
  if (!can_run())
    return;
  auto const mismatches = [](ScaleRuleKernel kernel, char const* format, char const* rule) {
    kernel.format = format;
    kernel.rule = rule;
    return check(kernel, intervals(find(kernel.format), kernel.rule)).mismatches;
  };
  for (auto const& kernel : scale_rule_kernels()) {
    if (std::string_view{kernel.format} != "E4M3")
      continue;
    for (char const* const rule : {"floor", "ceil", "round_up", "even", "at_three_quarters"}) {
      // 448 is 1.75 * 2^8: only an amax of exactly that mantissa tells two of the rules apart.
      CHECK((mismatches(kernel, "E4M3", rule) == 0) == (std::string_view{kernel.rule} == rule));
    }
    CHECK(mismatches(kernel, "E5M2", kernel.rule) > 0);
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
