// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdlib>
#include <string_view>

#include <qfmt/core/config.hpp>

#if defined(QFMT_X86)
#include <cpuid.h>
#endif

namespace qfmt {

/// The instruction sets that paths are written for. Each includes those before it.
///
///     portable      what every machine has: the definition of the others
///     avx2          AVX2, FMA, F16C, BMI2
///     avx512        AVX-512 F, BW, DQ, VL and VBMI
///     avx512_vnni   and VNNI and VBMI2
///     avx512_bf16   and BF16
enum class Isa : uint8_t { portable, avx2, avx512, avx512_vnni, avx512_bf16 };

inline constexpr std::array<char const*, 5> isa_names{"portable", "avx2", "avx512", "avx512_vnni",
                                                      "avx512_bf16"};

[[nodiscard]] constexpr char const* name(Isa isa) noexcept {
  return isa_names[static_cast<std::size_t>(isa)];
}

/// What this processor and its operating system have.
[[nodiscard]] inline Isa detected_isa() noexcept {
#if defined(QFMT_X86)
  auto const all = [](auto... present) { return ((present != 0) && ...); };
  unsigned int a = 0, b = 0, c = 0, d = 0;  // F16C, for which clang 14 has no name
  bool const has_f16c = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
  if (!all(__builtin_cpu_supports("avx2"), __builtin_cpu_supports("fma"), has_f16c,
           __builtin_cpu_supports("bmi"), __builtin_cpu_supports("bmi2")))
    return Isa::portable;
  if (!all(__builtin_cpu_supports("avx512f"), __builtin_cpu_supports("avx512bw"),
           __builtin_cpu_supports("avx512dq"), __builtin_cpu_supports("avx512vl"),
           __builtin_cpu_supports("avx512vbmi")))
    return Isa::avx2;
  if (!all(__builtin_cpu_supports("avx512vnni"), __builtin_cpu_supports("avx512vbmi2")))
    return Isa::avx512;
  return all(__builtin_cpu_supports("avx512bf16")) ? Isa::avx512_bf16 : Isa::avx512_vnni;
#else
  return Isa::portable;
#endif
}

/// Whether this processor multiplies vectors of 512 bits as often as it loads them, twice a clock:
/// AMD's from Zen 5 on (Zen 4 takes two steps), except where it says that its data paths have 256 bits
/// (CPUID 8000_001A, EAX bit 2; some of Zen 5's mobile kinds); all that are not AMD's. Read once.
[[nodiscard]] inline bool has_full_width_512() noexcept {
#if defined(QFMT_X86)
  static bool const full = [] {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    if (__builtin_cpu_is("amd") == 0)
      return true;
    bool const half = __get_cpuid(0x8000001A, &a, &b, &c, &d) != 0 && (a & 4) != 0;
    constexpr unsigned int zen5 = 26 - 15;  // the extended family, in bits 20 to 27
    return !half && __get_cpuid(1, &a, &b, &c, &d) != 0 && (a >> 20 & 0xFF) >= zen5;
  }();
  return full;
#else
  return false;
#endif
}

/// What is used: the best that this processor has, or less if the environment variable QFMT_ISA
/// names less, for tests and for measuring. Conversions, quantize and dequantize give the same
/// bytes whatever is chosen; a product with an Accuracy keeps its bound, and its last bits may
/// differ. More than the processor has, or an unknown name, changes nothing. Read once.
[[nodiscard]] inline Isa selected_isa() noexcept {
  static Isa const selected = [] {
    Isa const best = detected_isa();
    char const* const wanted = std::getenv("QFMT_ISA");
    for (std::size_t i = 0; wanted != nullptr && i < isa_names.size(); ++i) {
      if (std::string_view{wanted} == isa_names[i] && static_cast<Isa>(i) < best)
        return static_cast<Isa>(i);
    }
    return best;
  }();
  return selected;
}

}  // namespace qfmt
