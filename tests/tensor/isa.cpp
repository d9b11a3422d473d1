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

TEST_CASE("full width: AMD's from family 26 on, unless it says otherwise, and all others") {
  std::ifstream file{"/proc/cpuinfo"};
  std::string line;
  std::string vendor;
  int family = 0;
  int model = -1;
  while (model < 0 && std::getline(file, line)) {
    auto const value = [&] { return line.substr(line.find(':') + 2); };
    if (line.starts_with("vendor_id"))
      vendor = value();
    if (line.starts_with("cpu family"))
      family = std::stoi(value());
    if (line.starts_with("model\t"))
      model = std::stoi(value());
  }
  if (model < 0) {
    MESSAGE("skipped: no /proc/cpuinfo with a family");
    return;
  }
  if (vendor != "AuthenticAMD") {
    CHECK(has_full_width_512());
  } else if (family < 26) {
    CHECK_FALSE(has_full_width_512());
  } else if (family == 26 && model < 0x20) {  // Zen 5 for servers
    CHECK(has_full_width_512());
  } else {
    MESSAGE("skipped: not known which kind this is");
  }
}

TEST_CASE("an instruction set: never more than the processor has") {
  CHECK(selected_isa() <= detected_isa());
}

}  // namespace
