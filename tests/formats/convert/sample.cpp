// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Every format in every rounding and overflow mode against the threshold tables of oracle O1: a
// stratified sample of about 2^23 inputs. Then the same in floating-point environments that break
// encoders which calculate with floats.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cfenv>
#include <doctest/doctest.h>
#include <formats/convert/kernels.hpp>
#include <iterator>
#include <limits>
#include <string>
#include <support/code_runs.hpp>
#include <thread>

#include <qfmt/formats/all.hpp>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using qfmt::test::code_columns;
using qfmt::test::CodecKernel;
using qfmt::test::CodecKernels;
using qfmt::test::Findings;
using qfmt::test::WordRuns;
namespace oracle = qfmt::test::oracle;

namespace {

/// Both ends of every interval in which no mode steps, and each 2039th pattern or so.
Findings check_sample(CodecKernel const& kernel, WordRuns const& expected, std::uint32_t size) {
  std::uint32_t const edge =
      (std::max)(std::uint32_t{4}, size / static_cast<std::uint32_t>(expected.size()));
  return qfmt::test::check_sample(kernel.differ, expected, edge, 2039 * ((1u << 23) / size));
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

std::uint32_t wrongly_decoded(CodecKernel const& kernel, std::vector<std::uint32_t> const& bits) {
  std::uint32_t wrong = 0;
  for (std::uint32_t code = 0; code < bits.size(); ++code)
    wrong += std::bit_cast<std::uint32_t>(kernel.decode(code)) != bits[code] ? 1u : 0u;
  return wrong;
}

/// Checks a sample of every kernel, on two threads. `enter` runs before and after the library does.
template <class Enter>
void check_kernels(CodecKernels const& kernels, std::uint32_t size, Enter enter) {
  std::vector<Findings> findings(kernels.size(), Findings{0});
  std::vector<std::uint32_t> wrong(kernels.size());
  std::atomic<std::size_t> next{0};
  auto const work = [&] {
    for (std::size_t i = next++; i < kernels.size(); i = next++) {
      oracle::Facts const* const facts = oracle::find(kernels[i].format);
      if (facts == nullptr)
        continue;  // checked nothing: reported below
      WordRuns const expected{code_columns(*facts, kernels[i].modes), 2};
      auto const bits = decoded(*facts);
      enter(true);
      findings[i] = check_sample(kernels[i], expected, size);
      wrong[i] = wrongly_decoded(kernels[i], bits);
      enter(false);
    }
  };
  std::thread other{work};
  work();
  other.join();
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK_MESSAGE(findings[i].inputs >= size, std::string{kernels[i].format});
    CHECK_MESSAGE(wrong[i] == 0, std::string{kernels[i].format}, ": decode");
    for (std::size_t c = 0; c < findings[i].mismatches.size(); ++c)
      CHECK_MESSAGE(findings[i].mismatches[c] == 0, describe(kernels[i], c), findings[i].wrong(c));
  }
}

constexpr auto same_environment = [](bool) {};

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t sample_size = 1u << 23;
#else
constexpr std::uint32_t sample_size = 1u << 18;  // a build that takes ten times as long
#endif

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
                return std::string_view{kernel.format} == facts.name &&
                       1 == std::count_if(kernel.codecs.begin(), kernel.codecs.end(),
                                          [&](qfmt::test::Codec const& codec) {
                                            return codec.mode == mode &&
                                                   codec.to_special == to_special;
                                          });
              }));
      }
    }
  }
  std::size_t codecs = 0;
  for (auto const& kernel : kernels) codecs += kernel.codecs.size();
  CHECK(codecs == expected);
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
  if (!can_run_kernels())
    return;
  check_kernels(all_kernels(), sample_size, same_environment);
}

TEST_CASE(
    "encode: an encoder that is wrong for one code in the whole range is caught by the sample") {
  if (!can_run_kernels())
    return;
  // Negative control: the tables of another format, mode or overflow mode.
  auto const kernels = all_kernels();
  auto const find = [&](char const* format) {
    return *std::find_if(kernels.begin(), kernels.end(), [&](CodecKernel const& kernel) {
      return std::string_view{kernel.format} == format;
    });
  };
  // The columns of `format` that differ from one of `instead`'s, put in the place of one of them.
  auto const caught = [&](char const* format, oracle::Mode mode, bool to_special,
                          char const* instead, oracle::Mode other_mode, bool other_special) {
    CodecKernel const kernel = find(format);
    auto const column = [&](oracle::Mode of, bool special) {
      auto const place = std::find(kernel.modes.begin(), kernel.modes.end(), of);
      return static_cast<std::size_t>(2 * (place - kernel.modes.begin()) + (special ? 1 : 0));
    };
    auto columns = code_columns(*oracle::find(format), kernel.modes);
    auto const others = code_columns(*oracle::find(instead), kernel.modes);
    std::size_t const spoilt = column(mode, to_special);
    columns[spoilt] = others[column(other_mode, other_special)];
    auto const found = check_sample(kernel, {columns, 2}, 1u << 18);
    CHECK(found.all_mismatches() == found.mismatches[spoilt]);
    return found.mismatches[spoilt] > 0;
  };
  using enum oracle::Mode;
  CHECK(caught("E4M3", nearest_even, false, "E4M3", nearest_away, false));
  CHECK(caught("E4M3", nearest_even, false, "E4M3", nearest_even, true));
  CHECK(caught("E4M3", nearest_even, false, "UE4M3", nearest_even, false));
  CHECK(caught("E4M3FNUZ", nearest_even, false, "E4M3", nearest_even, false));
  CHECK(caught("E2M1", up, true, "E2M1", down, true));
  CHECK(caught("E2M1", toward_zero, true, "E2M1", to_odd, true));
  CHECK_FALSE(caught("E4M3", nearest_even, false, "E4M3", nearest_even, false));

  CHECK(wrongly_decoded(find("E4M3"), decoded(*oracle::find("E4M3FNUZ"))) > 0);
  CHECK(wrongly_decoded(find("E4M3"), decoded(*oracle::find("E3M4"))) > 0);
  CHECK(wrongly_decoded(find("E4M3"), decoded(*oracle::find("E4M3"))) == 0);
}

TEST_CASE("encode and decode: a program compiled with -Ofast") {
  if (differs_from_itself(std::numeric_limits<float>::quiet_NaN()))
    return qfmt::test::skip("this compiler does not take -Ofast from the source");
  check_kernels(kernels_ofast(), 1u << 18, same_environment);
}

TEST_CASE("encode and decode: rounding modes of the processor other than to nearest") {
  if (!can_run_kernels())
    return;
  auto const kernels = all_kernels();
  for (int const direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    check_kernels(kernels, 1u << 18,
                  [&](bool enter) { std::fesetround(enter ? direction : FE_TONEAREST); });
  }
}

#if defined(__x86_64__)
TEST_CASE("encode and decode: subnormals flushed to zero by the processor") {
  if (!can_run_kernels())
    return;
  auto const kernels = all_kernels();
  constexpr unsigned flush = 0x8040;  // FTZ | DAZ
  check_kernels(kernels, 1u << 18, [&](bool enter) {
    _mm_setcsr(enter ? _mm_getcsr() | flush : _mm_getcsr() & ~flush);
  });
}
#endif
