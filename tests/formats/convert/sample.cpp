// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Every format in every rounding and overflow mode against the threshold tables of oracle O1: a
// stratified sample of about 2^23 inputs in each run, and all 2^32 of them on request, by the
// environment variable QFMT_EXHAUSTIVE (1: nearest even and toward zero, saturating; all:
// everything). Then the same in floating-point environments that break encoders which calculate
// with floats.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cfenv>
#include <cstdio>
#include <doctest/doctest.h>
#include <formats/convert/kernels.hpp>
#include <iterator>
#include <limits>
#include <string>
#include <support/code_stream.hpp>
#include <thread>

#include <qfmt/formats/all.hpp>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using qfmt::test::CodecKernel;
using qfmt::test::CodecKernels;
using qfmt::test::CodeRun;
using qfmt::test::CodesOf;
using qfmt::test::CodeStream;
namespace oracle = qfmt::test::oracle;

namespace {

struct Tally {
  std::uint64_t checked = 0;
  std::uint64_t mismatches = 0;
};

std::string describe(CodecKernel const& kernel) {
  return std::string{kernel.format} + ", " + oracle::name(kernel.mode) +
         (kernel.to_special ? ", to special" : ", saturating");
}

/// A sample: both ends of every interval, where encoders go wrong, and each 2039th pattern between.
Tally check_sample(CodecKernel const& kernel, std::vector<oracle::Interval> const& intervals,
                   std::uint32_t size) {
  Tally tally;
  auto const check = [&](std::uint32_t first, std::uint32_t count, std::uint32_t step,
                         std::uint32_t code) {
    tally.mismatches += qfmt::test::mismatches(kernel.codes_of, first, count, step, code);
    tally.checked += count;
  };
  std::uint32_t const edge =
      (std::max)(std::uint32_t{4}, size / (3 * static_cast<std::uint32_t>(intervals.size())));
  std::uint32_t const stride = 2039 * ((1u << 23) / size);
  for (auto const& run : intervals) {
    std::uint32_t const n = (std::min)(run.count, edge);
    check(run.first, n, 1, run.code);
    check(run.first + (run.count - n), n, 1, run.code);
    check(run.first, (run.count - 1) / stride + 1, stride, run.code);
  }
  return tally;
}

/// What decode must give for every code, as bits: NaN is quiet and has the sign of the code.
std::vector<std::uint32_t> decoded(oracle::Facts const& facts) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t code = 0; code <= facts.mask(); ++code) {
    double const value = facts.value(code);
    std::uint32_t const nan =
        0x7FC00000u | (facts.negative_zero && (code & facts.sign()) != 0 ? 0x80000000u : 0u);
    bits.push_back(std::isnan(value) ? nan
                                     : std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  }
  return bits;
}

Tally check_decode(CodecKernel const& kernel, std::vector<std::uint32_t> const& bits) {
  Tally tally;
  for (; tally.checked < bits.size(); ++tally.checked) {
    auto const code = static_cast<std::uint32_t>(tally.checked);
    tally.mismatches += std::bit_cast<std::uint32_t>(kernel.decode(code)) != bits[code] ? 1u : 0u;
  }
  return tally;
}

/// Checks every kernel, on two threads. `enter` runs at the start of each thread.
template <class Check, class Enter>
Tally check_kernels(CodecKernels const& kernels, Check check, Enter enter) {
  std::vector<Tally> tallies(kernels.size());
  std::atomic<std::size_t> next{0};
  auto const work = [&] {
    for (std::size_t i = next++; i < kernels.size(); i = next++) {
      oracle::Facts const* const facts = oracle::find(kernels[i].format);
      if (facts == nullptr)
        continue;  // checked nothing: reported below
      auto const intervals =
          oracle::Encoder{*facts, kernels[i].mode, kernels[i].to_special}.intervals();
      auto const bits = decoded(*facts);
      enter(true);
      tallies[i] = check(kernels[i], intervals);
      tallies[i].mismatches += check_decode(kernels[i], bits).mismatches;
      enter(false);
    }
  };
  std::thread other{work};
  work();
  other.join();
  Tally sum;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK_MESSAGE(tallies[i].checked > 0, describe(kernels[i]));
    CHECK_MESSAGE(tallies[i].mismatches == 0, describe(kernels[i]));
    sum.checked += tallies[i].checked;
    sum.mismatches += tallies[i].mismatches;
  }
  return sum;
}

constexpr auto same_environment = [](bool) {};

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t sample_size = 1u << 23;
#else
constexpr std::uint32_t sample_size = 1u << 18;  // a build that takes ten times as long
#endif

bool can_run() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) {
    qfmt::test::skip("the codec kernels are compiled for AVX2, which this processor has not");
    return false;
  }
#endif
  return true;
}

auto const sampled = [](CodecKernel const& kernel, std::vector<oracle::Interval> const& intervals) {
  return check_sample(kernel, intervals, sample_size);
};

}  // namespace

TEST_CASE("the kernels cover every format of the oracle in every mode that it defines") {
  auto const kernels = all_kernels();
  std::size_t expected = 0;
  for (auto const& facts : oracle::formats) {
    for (auto const mode : oracle::modes) {
      if (!oracle::defined(facts, mode))
        continue;
      for (bool const to_special : {false, true}) {
        ++expected;
        CHECK(1 == std::count_if(kernels.begin(), kernels.end(), [&](CodecKernel const& kernel) {
                return std::string_view{kernel.format} == facts.name && kernel.mode == mode &&
                       kernel.to_special == to_special;
              }));
      }
    }
  }
  CHECK(kernels.size() == expected);
}

TEST_CASE("the oracle knows the facts of every format of the library that rounds") {
  int formats = 0;
  auto const known = [&]<class F>() {
    CHECK_MESSAGE(oracle::find(F::name) != nullptr, "tests/support/oracle.hpp: type the facts of ",
                  std::string{F::name});
    ++formats;
  };
  qfmt::FloatFormats::for_each(known);
  qfmt::IntegerFormats::for_each(known);
  qfmt::ScaleOnlyFormats::for_each(known);
  CHECK(formats == static_cast<int>(std::size(oracle::formats)));
}

TEST_CASE("the oracle's intervals are all 2^32 patterns, each once") {
  for (auto const& facts : oracle::formats) {
    auto const intervals = oracle::Encoder{facts, oracle::Mode::nearest_even, false}.intervals();
    std::uint64_t covered = 0;
    bool contiguous = true;
    for (auto const& run : intervals) {
      contiguous = contiguous && run.first == static_cast<std::uint32_t>(covered);
      covered += run.count;
    }
    CHECK(contiguous);
    CHECK(covered == std::uint64_t{1} << 32);
  }
}

TEST_CASE("encode: sample of inputs, every format and mode") {
  if (!can_run())
    return;
  check_kernels(all_kernels(), sampled, same_environment);
}

TEST_CASE(
    "encode: an encoder that is wrong for one code in the whole range is caught by the sample") {
  if (!can_run())
    return;
  // Negative control: the tables of another format, mode or overflow mode.
  auto const kernels = all_kernels();
  auto const caught = [&](char const* format, oracle::Mode mode, bool to_special,
                          char const* instead, oracle::Mode other_mode, bool other_special) {
    auto const intervals =
        oracle::Encoder{*oracle::find(instead), other_mode, other_special}.intervals();
    for (auto const& kernel : kernels) {
      if (std::string_view{kernel.format} != format || kernel.mode != mode ||
          kernel.to_special != to_special)
        continue;
      return check_sample(kernel, intervals, 1u << 18).mismatches > 0;
    }
    return false;
  };
  using enum oracle::Mode;
  CHECK(caught("E4M3", nearest_even, false, "E4M3", nearest_away, false));
  CHECK(caught("E4M3", nearest_even, false, "E4M3", nearest_even, true));
  CHECK(caught("E4M3", nearest_even, false, "UE4M3", nearest_even, false));
  CHECK(caught("E4M3FNUZ", nearest_even, false, "E4M3", nearest_even, false));
  CHECK(caught("E2M1", up, true, "E2M1", down, true));
  CHECK(caught("E2M1", toward_zero, true, "E2M1", to_odd, true));
  CHECK_FALSE(caught("E4M3", nearest_even, false, "E4M3", nearest_even, false));

  auto const wrongly_decoded = [&](char const* format, char const* instead) {
    for (auto const& kernel : kernels) {
      if (std::string_view{kernel.format} == format)
        return check_decode(kernel, decoded(*oracle::find(instead))).mismatches > 0;
    }
    return false;
  };
  CHECK(wrongly_decoded("E4M3", "E4M3FNUZ"));
  CHECK(wrongly_decoded("E4M3", "E3M4"));
  CHECK_FALSE(wrongly_decoded("E4M3", "E4M3"));
}

TEST_CASE("encode: all 2^32 inputs") {
  qfmt::test::ExhaustiveRun const run;
  if (run.selection.empty())
    return qfmt::test::skip("all 2^32 inputs of encode: set QFMT_EXHAUSTIVE=1, or =all");
  if (!can_run())
    return;
  REQUIRE(run.is_known_mode());
  auto kernels = all_kernels();
  if (run.selection != "all") {
    std::erase_if(kernels, [](CodecKernel const& kernel) {
      bool const basic =
          kernel.mode == oracle::Mode::nearest_even || kernel.mode == oracle::Mode::toward_zero;
      return kernel.to_special || !basic || oracle::find(kernel.format)->bits > 8;
    });
  }
  std::vector<CodeStream> streams;
  for (CodecKernel const& kernel : kernels) {
    auto const& facts = *oracle::find(kernel.format);
    std::vector<CodeRun> runs;
    for (auto const& interval : oracle::Encoder{facts, kernel.mode, kernel.to_special}.intervals())
      runs.push_back({interval.first, interval.count, interval.code});
    streams.emplace_back(kernel.codes_of, std::move(runs), 32, facts.bits > 8);
  }
  auto const results = run.run(streams);
  qfmt::test::CertificatePart part;
  double seconds = 0;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK_MESSAGE(results[i].mismatches == 0, describe(kernels[i]));
    CHECK(results[i].inputs == (std::min)(std::uint64_t{run.groups} << 23, std::uint64_t{1} << 32));
    part.add(std::string{"\"format\":\""} + kernels[i].format + "\",\"rounding\":\"" +
                 oracle::name(kernels[i].mode) + "\",\"overflow\":\"" +
                 (kernels[i].to_special ? "to special" : "saturate") + "\"",
             "thresholds from the specifications (tests/support/oracle.hpp)", results[i]);
    seconds += results[i].seconds;
  }
  CHECK(part.write("encode", run, QFMT_TEST_KERNEL_FLAGS));
  std::printf("encode: %zu codecs x %llu inputs, %.0f s of processor time\n", kernels.size(),
              static_cast<unsigned long long>(results[0].inputs), seconds);
}

TEST_CASE("encode: a stream's digest is FNV-1a of the digests of its blocks, and sees one code") {
  // A function whose codes are known: bits 20 and up, and for one input another one.
  static std::uint32_t spoilt = 1u << 31;
  CodesOf const codes = [](std::uint32_t first, std::uint32_t count, std::uint32_t step,
                           std::uint32_t* out) {
    for (std::uint32_t i = 0; i < count; ++i)
      out[i] = (first + i * step) >> 20 ^ (first + i * step == spoilt ? 1u : 0u);
  };
  std::vector<CodeRun> runs;
  for (std::uint32_t i = 0; i < 16; ++i) runs.push_back({i << 20, 1u << 20, i});
  qfmt::test::Fnv expected;
  for (std::uint32_t i = 0; i < 16; ++i) {
    qfmt::test::Fnv of_block;
    for (std::uint32_t k = 0; k < 1u << 20; ++k) of_block.add(i);
    for (int byte = 0; byte < 8; ++byte)
      expected.add(static_cast<std::uint32_t>(of_block.value >> (8 * byte) & 0xFF));
  }
  CodeStream stream{codes, runs, 24, false};
  auto const result = stream.run(4096);
  CHECK(result.inputs == 1u << 24);
  CHECK(result.mismatches == 0);
  CHECK(result.digest == expected.value);
  CHECK(stream.run(1).inputs == 1u << 23);
  CHECK(stream.run(1).digest != expected.value);
  CHECK((CodeStream{codes, runs, 24, true}.run(4096).digest) != expected.value);
  spoilt = 0x912345;
  CHECK(stream.run(4096).mismatches == 1);
  CHECK(stream.run(4096).digest != expected.value);
  spoilt = 1u << 31;
}

TEST_CASE("encode and decode: a program compiled with -Ofast") {
  if (differs_from_itself(std::numeric_limits<float>::quiet_NaN()))
    return qfmt::test::skip("this compiler does not take -Ofast from the source");
  auto const kernels = kernels_ofast();
  check_kernels(kernels, sampled, same_environment);
}

TEST_CASE("encode and decode: rounding modes of the processor other than to nearest") {
  if (!can_run())
    return;
  auto kernels = all_kernels();
  std::erase_if(kernels, [](CodecKernel const& kernel) { return kernel.to_special; });
  for (int const direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    check_kernels(
        kernels,
        [](auto const& kernel, auto const& intervals) {
          return check_sample(kernel, intervals, 1u << 18);
        },
        [&](bool enter) { std::fesetround(enter ? direction : FE_TONEAREST); });
  }
}

#if defined(__x86_64__)
TEST_CASE("encode and decode: subnormals flushed to zero by the processor") {
  if (!can_run())
    return;
  auto kernels = all_kernels();
  std::erase_if(kernels, [](CodecKernel const& kernel) { return kernel.to_special; });
  constexpr unsigned flush = 0x8040;  // FTZ | DAZ
  check_kernels(
      kernels,
      [](auto const& kernel, auto const& intervals) {
        return check_sample(kernel, intervals, 1u << 18);
      },
      [&](bool enter) { _mm_setcsr(enter ? _mm_getcsr() | flush : _mm_getcsr() & ~flush); });
}
#endif
