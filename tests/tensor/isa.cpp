// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <fstream>
#include <string>

#include <qfmt/tensor/isa.hpp>

namespace {

using namespace qfmt;

TEST_CASE("an instruction set: names in order") {
  CHECK(std::string{name(Isa::portable)} == "portable");
  CHECK(std::string{name(Isa::avx512_bf16)} == "avx512_bf16");
  CHECK(Isa::avx2 < Isa::avx512);
}

TEST_CASE("an instruction set: what is detected agrees with the kernel's list") {
  std::ifstream file{"/proc/cpuinfo"};
  std::string line;
  std::string flags;
  while (flags.empty() && std::getline(file, line)) {
    if (line.starts_with("flags"))
      flags = line + " ";
  }
  if (flags.empty()) {
    MESSAGE("skipped: no /proc/cpuinfo with flags");
    return;
  }
  auto const has = [&](char const* flag) {
    return flags.find(std::string{" "} + flag + " ") != std::string::npos;
  };
  Isa expected = Isa::portable;
  if (has("avx2") && has("fma") && has("bmi2"))
    expected = Isa::avx2;
  if (expected == Isa::avx2 && has("avx512f") && has("avx512bw") && has("avx512dq") &&
      has("avx512vl") && has("avx512vbmi"))
    expected = Isa::avx512;
  if (expected == Isa::avx512 && has("avx512_vnni"))
    expected = has("avx512_bf16") ? Isa::avx512_bf16 : Isa::avx512_vnni;
  CHECK(detected_isa() == expected);
}

TEST_CASE("an instruction set: never more than the processor has") {
  CHECK(selected_isa() <= detected_isa());
}

}  // namespace
