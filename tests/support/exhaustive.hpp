// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>
#include <support/code_runs.hpp>
#include <support/environment.hpp>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// Functions of all binary32 patterns, on every core, and the record of it: scripts/test.sh
// --exhaustive.

namespace qfmt::test {

/// All patterns from 0 on of a few functions that are computed together.
struct Stream {
  Differ differ;
  WordRuns expected;
};

/// What an exhaustive run is asked to do, by environment variables.
///
///     QFMT_EXHAUSTIVE         the processor's mode: default; upward, which is how it rounds; or
///                             flush, subnormals to zero. Not set: there is no run
///     QFMT_EXHAUSTIVE_GROUPS  only so many groups of 2^23 inputs, evenly spread: to try it out
///     QFMT_CERTIFICATE        the folder to write results to
struct ExhaustiveRun {
  std::string mode = environment("QFMT_EXHAUSTIVE").value_or("");
  std::uint64_t groups =
      std::strtoul(environment("QFMT_EXHAUSTIVE_GROUPS").value_or("512").c_str(), nullptr, 10);

  static constexpr std::uint64_t group = std::uint64_t{1} << 23;

  [[nodiscard]] bool asked() const { return !mode.empty(); }
  [[nodiscard]] bool is_known_mode() const {
    return mode == "default" || mode == "upward" || mode == "flush";
  }

  /// How many of so many inputs are compared.
  [[nodiscard]] std::uint64_t inputs(std::uint64_t all) const {
    return (std::min)(groups * group, all);
  }

  /// Compares all streams; each result is in the place of its stream.
  [[nodiscard]] std::vector<Findings> run(char const* what,
                                          std::vector<Stream> const& streams) const {
    std::vector<Findings> results;
    for (Stream const& stream : streams) results.emplace_back(stream.expected.columns());
    std::atomic<std::uint64_t> next{0};
    std::mutex merging;
    double seconds = 0;
    auto const work = [&] {
      enter();
      std::clock_t const start = thread_clock();
      for (std::uint64_t i = next++; i < streams.size() * groups; i = next++) {
        Stream const& stream = streams[i / groups];
        std::uint64_t const all = stream.expected.end() / group;
        std::uint64_t const of_stream = (std::min)(groups, all);
        if (i % groups >= of_stream)
          continue;
        Findings const found =
            run_group(stream, static_cast<std::uint32_t>(i % groups * all / of_stream * group));
        std::lock_guard const lock{merging};
        results[i / groups].merge(found);
      }
      std::lock_guard const lock{merging};
      seconds += static_cast<double>(thread_clock() - start) * 1e-6;
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < (std::max)(1u, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    if (asked())
      std::printf("%s, %s: %.0f s of processor time\n", what, mode.c_str(), seconds);
    return results;
  }

 private:
  /// Puts this thread into the mode.
  void enter() const {
    if (mode == "upward")
      std::fesetround(FE_UPWARD);
#if defined(__x86_64__)
    if (mode == "flush")
      _mm_setcsr(_mm_getcsr() | 0x8040);  // FTZ | DAZ
#endif
  }

  /// Microseconds of this thread.
  static std::clock_t thread_clock() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
  }

  static Findings run_group(Stream const& stream, std::uint32_t begin) {
    WordRuns const& expected = stream.expected;
    Findings found{expected.columns()};
    std::size_t run = expected.run_of(begin);
    for (std::uint32_t done = 0; done < group; ++run) {
      std::uint32_t const inside = begin + done - expected.first(run);
      std::uint32_t const count =
          (std::min)(expected.count(run) - inside, static_cast<std::uint32_t>(group) - done);
      found.compare(stream.differ, expected, run, begin + done, count, 1);
      done += count;
    }
    return found;
  }
};

/// A part of the certificate: the results of one kind of streams in one build and one mode.
class CertificatePart {
 public:
  /// `names` is the beginning of a JSON object, without its brace: what the function is.
  void add(std::string const& names, Findings const& found, std::size_t column,
           std::string const& digest) {
    lines_ += (lines_.empty() ? "\n" : ",\n") + std::string{"  {"} + names +
              ",\"inputs\":" + std::to_string(found.inputs) +
              ",\"mismatches\":" + std::to_string(found.mismatches[column]) + ",\"digest\":\"" +
              digest + "\"}";
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
#define QFMT_TEST_KERNEL_FLAGS "-O2 -mavx2, by pragmas"
#endif

}  // namespace qfmt::test
