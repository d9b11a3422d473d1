// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Every format in every rounding and overflow mode against the threshold tables of oracle O1, for
// all 2^32 inputs, on request: scripts/test.sh --exhaustive.

#include <doctest/doctest.h>
#include <formats/convert/kernels.hpp>
#include <string>
#include <support/code_digest.hpp>
#include <support/exhaustive.hpp>

using qfmt::test::code_columns;
using qfmt::test::CodecKernel;
using qfmt::test::CodecKernels;
using qfmt::test::CodeRun;
using qfmt::test::ExhaustiveRun;
using qfmt::test::Stream;
namespace oracle = qfmt::test::oracle;

namespace {

constexpr std::uint64_t all_inputs = std::uint64_t{1} << 32;

/// `names` begins each row of the certificate.
void run_all(char const* kind, ExhaustiveRun const& run, CodecKernels const& kernels,
             std::string const& names) {
  std::vector<Stream> streams;
  std::vector<std::vector<std::string>> digests;
  for (CodecKernel const& kernel : kernels) {
    auto const columns = code_columns(*oracle::find(kernel.format), kernel.modes);
    streams.push_back({kernel.differ, {columns, 2}});
    auto& of_kernel = digests.emplace_back();
    for (auto const& column : columns) of_kernel.push_back(qfmt::test::digest(column));
  }
  auto const results = run.run(kind, streams);
  qfmt::test::CertificatePart part;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    CHECK(results[i].inputs == run.inputs(all_inputs));
    for (std::size_t c = 0; c < digests[i].size(); ++c) {
      CHECK_MESSAGE(results[i].mismatches[c] == 0, describe(kernels[i], c), results[i].wrong(c));
      part.add(names + "\"format\":\"" + kernels[i].format + "\",\"rounding\":\"" +
                   oracle::name(kernels[i].modes[c / 2]) + "\",\"overflow\":\"" +
                   (c % 2 == 1 ? "to special" : "saturate") + "\"",
               results[i], c, digests[i][c]);
    }
  }
  CHECK(part.write(kind, run, QFMT_TEST_KERNEL_FLAGS));
}

/// A function whose codes are known: bits 20 and up, and for one input another one.
std::uint32_t spoilt = 1u << 31;
void counting(std::uint32_t first, std::uint32_t count, std::uint32_t step,
              std::uint32_t const* expected, std::uint32_t* differences) {
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t const x = first + i * step;
    std::uint32_t const code = x >> 20 ^ (x == spoilt ? 1u : 0u);
    differences[0] |= (code | 7u << 16) ^ expected[0];
  }
}

}  // namespace

TEST_CASE("exhaustive: encode, all 2^32 inputs") {
  ExhaustiveRun const run;
  if (!run.asked())
    return qfmt::test::skip("all 2^32 inputs of encode: scripts/test.sh --exhaustive");
  if (!can_run_kernels())
    return;
  REQUIRE(run.is_known_mode());
  run_all("encode", run, all_kernels(), "");
}

TEST_CASE("exhaustive CUDA headers: their conversion functions, all 2^32 inputs") {
  ExhaustiveRun const run;
  auto const kernels = cuda_kernels();
  if (kernels.empty())
    return qfmt::test::skip("the functions of the CUDA headers: the headers were not found");
  if (!run.asked())
    return qfmt::test::skip(
        "all 2^32 inputs of the functions of the CUDA headers: scripts/test.sh --exhaustive");
  if (run.mode != "default")
    return qfmt::test::skip(
        "the functions of the CUDA headers convert to double: in the default mode only");
  run_all("cuda", run, kernels,
          "\"headers\":\"CUDA " + std::to_string(cuda_version() / 1000) + "." +
              std::to_string(cuda_version() % 1000 / 10) + "\",");
}

TEST_CASE("exhaustive: one wrong code of one function is seen") {
  std::vector<CodeRun> runs;
  for (std::uint32_t i = 0; i < 16; ++i) runs.push_back({i << 20, 1u << 20, i});
  std::vector<Stream> const streams{{counting, {{runs, {{0, 1u << 24, 7}}}, 2}}};
  ExhaustiveRun run;
  run.mode = "";
  run.groups = 512;
  auto right = run.run("control", streams);
  CHECK(right[0].inputs == 1u << 24);
  CHECK(right[0].all_mismatches() == 0);
  spoilt = 0x912345;
  auto const wrong = run.run("control", streams);
  CHECK(wrong[0].mismatches == std::vector<std::uint64_t>{1, 0});
  CHECK(wrong[0].first_wrong[0] == spoilt);
  run.groups = 1;  // the first 2^23
  right = run.run("control", streams);
  CHECK(right[0].inputs == 1u << 23);
  CHECK(right[0].all_mismatches() == 0);
  spoilt = 1u << 31;
}

TEST_CASE("the digest of a function is SHA-256 of its steps") {
  // python3 -c "import hashlib, struct; print(hashlib.sha256(b''.join(struct.pack('<IH', *s) for s
  // in ((0, 0), (256, 5), (0x80000000, 0xFF01)))).hexdigest()[:16])"
  CHECK(qfmt::test::digest(
            {{0, 256, 0}, {256, 1, 5}, {257, 0x7FFFFEFF, 5}, {0x80000000, 9, 0xFF01}}) ==
        "b7841256ae096792");
  CHECK(qfmt::test::digest({{0, 256, 0}}) != qfmt::test::digest({{0, 256, 1}}));
}

TEST_CASE("encode: the oracle says what it said in the exhaustive run that wrote the certificate") {
  std::string const text = qfmt::test::certificate();
  if (text.empty())
    return qfmt::test::skip("docs/qfmt-conformance.json is not there");
  bool is_complete = true;
  for (CodecKernel const& kernel : all_kernels()) {
    std::string const format = std::string{R"("format": ")"} + kernel.format + R"(", )";
    if (text.find(format) == std::string::npos) {
      is_complete = false;
      continue;
    }
    auto const columns = code_columns(*oracle::find(kernel.format), kernel.modes);
    for (std::size_t k = 0; k < kernel.modes.size(); ++k) {
      std::string const row = format + R"("rounding": ")" + oracle::name(kernel.modes[k]) +
                              R"(", "saturate": ")" + qfmt::test::digest(columns[2 * k]) +
                              R"(", "to special": ")" + qfmt::test::digest(columns[2 * k + 1]) +
                              '"';
      CHECK_MESSAGE(text.find(row) != std::string::npos, row);
    }
  }
  if (!is_complete)
    qfmt::test::skip("docs/qfmt-conformance.json lacks a format: scripts/test.sh --exhaustive=all");
}
