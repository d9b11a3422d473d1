// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <support/codes_of.hpp>
#include <support/environment.hpp>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// Every code that a function gives for inputs 0, 1, 2, ...: compared with what it must be, and
// digested, so that anyone can compute the same and compare 64 bits. Results become a certificate.

namespace qfmt::test {

#if defined(__GNUC__) && !defined(__clang__)
#define QFMT_TEST_VECTORIZED __attribute__((optimize("O3")))
#else
#define QFMT_TEST_VECTORIZED
#endif

/// How many of some codes are not the expected one.
QFMT_TEST_VECTORIZED inline std::uint32_t count_other(std::uint32_t const* codes,
                                                      std::uint32_t count, std::uint32_t expected) {
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < count; ++i) found += codes[i] != expected ? 1u : 0u;
  return found;
}

/// The same of what a function gives for `count` patterns.
inline std::uint64_t mismatches(CodesOf codes_of, std::uint32_t first, std::uint32_t count,
                                std::uint32_t step, std::uint32_t expected) {
  std::array<std::uint32_t, 4096> codes;
  std::uint64_t found = 0;
  while (count > 0) {
    std::uint32_t const part = (std::min)(count, std::uint32_t{4096});
    codes_of(first, part, step, codes.data());
    found += count_other(codes.data(), part, expected);
    first += part * step;
    count -= part;
  }
  return found;
}

/// A run of patterns that have the same code.
struct CodeRun {
  std::uint32_t first, count, code;
};

/// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
struct Fnv {
  std::uint64_t value = 0xCBF29CE484222325u;
  void add(std::uint32_t byte) { value = (value ^ byte) * 0x100000001B3u; }
};

struct StreamResult {
  std::uint64_t inputs = 0;
  std::uint64_t mismatches = 0;
  std::uint64_t digest = 0;
  double seconds = 0;  // of processor time
};

/// The stream of all codes for the patterns 0 ... 2^input_bits - 1, in blocks of 2^20.
///
/// Its digest: FNV-1a over the digests of its blocks in order, 8 bytes each, lowest first; the
/// digest of a block is FNV-1a over its codes, one byte each, or two, lowest first, for codes of
/// more than 8 bits. Eight blocks at a time, because a step of FNV-1a has to wait for the one
/// before.
class CodeStream {
 public:
  static constexpr std::uint32_t block = 1u << 20;
  static constexpr std::uint32_t lanes = 8;

  CodeStream(CodesOf codes_of, std::vector<CodeRun> runs, int input_bits, bool is_wide)
      : codes_of_{codes_of}, runs_{std::move(runs)}, input_bits_{input_bits}, is_wide_{is_wide} {}

  /// `groups` of the groups of eight blocks, evenly spread; all of them if there are not more.
  [[nodiscard]] StreamResult run(std::uint32_t groups) {
    std::uint32_t const all =
        static_cast<std::uint32_t>((std::uint64_t{1} << input_bits_) / (block * lanes));
    groups = (std::min)(groups, all);
    std::clock_t const start = thread_clock();
    StreamResult result;
    Fnv digest;
    for (std::uint32_t i = 0; i < groups; ++i) {
      auto const group = static_cast<std::uint32_t>(std::uint64_t{i} * all / groups);
      for (std::uint64_t const of_block : run_group(group * block * lanes, result)) {
        for (int byte = 0; byte < 8; ++byte)
          digest.add(static_cast<std::uint32_t>(of_block >> (8 * byte) & 0xFF));
      }
    }
    result.digest = digest.value;
    result.seconds = static_cast<double>(thread_clock() - start) * 1e-6;
    return result;
  }

 private:
  static constexpr std::uint32_t piece = 512;

  /// Microseconds of this thread.
  static std::clock_t thread_clock() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
  }

  std::array<std::uint64_t, lanes> run_group(std::uint32_t first, StreamResult& result) {
    std::array<Fnv, lanes> digests;
    std::array<std::size_t, lanes> run{};
    for (std::uint32_t lane = 0; lane < lanes; ++lane) run[lane] = run_of(first + lane * block);
    for (std::uint32_t at = 0; at < block; at += piece) {
      for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        std::uint32_t const from = first + lane * block + at;
        codes_of_(from, piece, 1, codes_[lane].data());
        result.mismatches += compare(from, codes_[lane].data(), run[lane]);
      }
      is_wide_ ? digest_wide(digests) : digest_narrow(digests);
    }
    result.inputs += std::uint64_t{block} * lanes;
    std::array<std::uint64_t, lanes> values;
    for (std::uint32_t lane = 0; lane < lanes; ++lane) values[lane] = digests[lane].value;
    return values;
  }

  /// The run that a pattern is in.
  [[nodiscard]] std::size_t run_of(std::uint32_t pattern) const {
    auto const after =
        std::upper_bound(runs_.begin(), runs_.end(), pattern,
                         [](std::uint32_t x, CodeRun const& r) { return x < r.first; });
    return static_cast<std::size_t>(after - runs_.begin()) - 1;
  }

  std::uint64_t compare(std::uint32_t from, std::uint32_t const* codes, std::size_t& run) const {
    std::uint64_t found = 0;
    for (std::uint32_t done = 0; done < piece;) {
      while (from + done - runs_[run].first >= runs_[run].count) ++run;
      std::uint32_t const left = runs_[run].count - (from + done - runs_[run].first);
      std::uint32_t const part = (std::min)(piece - done, left);
      found += count_other(codes + done, part, runs_[run].code);
      done += part;
    }
    return found;
  }

  void digest_narrow(std::array<Fnv, lanes>& digests) const {
    std::array<Fnv, lanes> d = digests;
    for (std::uint32_t i = 0; i < piece; ++i) {
      for (std::uint32_t lane = 0; lane < lanes; ++lane) d[lane].add(codes_[lane][i]);
    }
    digests = d;
  }
  void digest_wide(std::array<Fnv, lanes>& digests) const {
    std::array<Fnv, lanes> d = digests;
    for (std::uint32_t i = 0; i < piece; ++i) {
      for (std::uint32_t lane = 0; lane < lanes; ++lane) d[lane].add(codes_[lane][i] & 0xFF);
      for (std::uint32_t lane = 0; lane < lanes; ++lane) d[lane].add(codes_[lane][i] >> 8);
    }
    digests = d;
  }

  CodesOf codes_of_;
  std::vector<CodeRun> runs_;
  int input_bits_;
  bool is_wide_;
  std::array<std::array<std::uint32_t, piece>, lanes> codes_{};
};

/// What an exhaustive run is asked to do, by environment variables.
///
///     QFMT_EXHAUSTIVE               set: run; all: also what takes long
///     QFMT_EXHAUSTIVE_GROUPS        only so many groups of 2^23 inputs, evenly spread: to try it out
///     QFMT_EXHAUSTIVE_ENVIRONMENT   upward, or flush (subnormals to zero): the processor's mode
///     QFMT_CERTIFICATE              the folder to write results to
struct ExhaustiveRun {
  std::string selection = environment("QFMT_EXHAUSTIVE").value_or("");
  std::string mode = environment("QFMT_EXHAUSTIVE_ENVIRONMENT").value_or("default");
  std::uint32_t groups = static_cast<std::uint32_t>(
      std::strtoul(environment("QFMT_EXHAUSTIVE_GROUPS").value_or("4096").c_str(), nullptr, 10));

  [[nodiscard]] bool is_known_mode() const {
    return mode == "default" || mode == "upward" || mode == "flush";
  }

  /// Puts this thread into the mode.
  void enter() const {
    if (mode == "upward")
      std::fesetround(FE_UPWARD);
#if defined(__x86_64__)
    if (mode == "flush")
      _mm_setcsr(_mm_getcsr() | 0x8040);  // FTZ | DAZ
#endif
  }

  /// Runs all streams, on every core; each result is in the place of its stream.
  [[nodiscard]] std::vector<StreamResult> run(std::vector<CodeStream>& streams) const {
    std::vector<StreamResult> results(streams.size());
    std::atomic<std::size_t> next{0};
    auto const work = [&] {
      enter();
      for (std::size_t i = next++; i < streams.size(); i = next++)
        results[i] = streams[i].run(groups);
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < (std::max)(1u, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    return results;
  }
};

/// A part of the certificate: the results of one kind of streams in one build and one mode.
class CertificatePart {
 public:
  /// `names` is the beginning of a JSON object, without its brace: what the stream is.
  void add(std::string const& names, char const* oracle, StreamResult const& result) {
    char numbers[200];
    std::snprintf(numbers, sizeof numbers,
                  ",\"inputs\":%llu,\"mismatches\":%llu,\"digest\":\"%016llx\",\"seconds\":%.2f",
                  static_cast<unsigned long long>(result.inputs),
                  static_cast<unsigned long long>(result.mismatches),
                  static_cast<unsigned long long>(result.digest), result.seconds);
    lines_ += (lines_.empty() ? "\n" : ",\n") + std::string{"  {"} + names + ",\"oracle\":\"" +
              oracle + "\"" + numbers + "}";
  }

  /// Writes NAME-MODE.json to the folder that QFMT_CERTIFICATE names; nothing if it names none.
  /// scripts/certificate.py puts the parts together.
  [[nodiscard]] bool write(char const* name, ExhaustiveRun const& run, char const* flags) const {
    auto const folder = environment("QFMT_CERTIFICATE");
    if (!folder)
      return true;
    std::error_code error;
    std::filesystem::create_directories(*folder, error);
    std::string const path = *folder + "/" + name + "-" + run.mode + ".json";
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr)
      return false;
#if defined(__clang__)
    std::string const compiler = "clang " __clang_version__;
#else
    std::string const compiler = "g++ " __VERSION__;
#endif
    std::fprintf(file,
                 "{\"kind\":\"%s\",\"compiler\":\"%s\",\"flags\":\"%s\",\"mode\":\"%s\","
                 "\"results\":[%s\n]}\n",
                 name, compiler.c_str(), flags, run.mode.c_str(), lines_.c_str());
    return std::fclose(file) == 0;
  }

 private:
  std::string lines_;
};

#if !defined(QFMT_TEST_KERNEL_FLAGS)
#define QFMT_TEST_KERNEL_FLAGS "-O3 -mavx2, by pragmas"
#endif

}  // namespace qfmt::test
