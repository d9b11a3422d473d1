// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// All fuzz targets for libFuzzer, one of them chosen by the environment: QFMT_FUZZ=json. Built and
// run by scripts/fuzz.sh.

#include <fuzz/targets.hpp>

static fuzz::Target const* target = nullptr;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  char const* const name = std::getenv("QFMT_FUZZ");
  target = name == nullptr ? nullptr : fuzz::find_target(name);
  if (target != nullptr)
    return 0;
  std::fprintf(stderr, "QFMT_FUZZ names one of\n");
  for (fuzz::Target const& known : fuzz::targets) std::fprintf(stderr, "  %s\n", known.name.data());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  target->run({data, size});
  return 0;
}
