// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The MX scale rules, compiled so that all 2^31 magnitudes take seconds.

#include <scaling/mx_rule/kernels.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>

namespace {

#if defined(__GNUC__) && defined(__x86_64__)
#define QFMT_TEST_KERNEL __attribute__((target("avx2")))
#else
#define QFMT_TEST_KERNEL
#endif

template <class F, class Rule>
QFMT_TEST_KERNEL std::uint32_t mismatches(std::uint32_t first, std::uint32_t count,
                                          std::uint32_t step, std::uint32_t expected) {
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    found += qfmt::mx::scale_code<F, Rule>(qfmt::bit_cast<float>(first + i * step)).bits != expected
                 ? 1u
                 : 0u;
  }
  return found;
}

template <class F, class... Rules>
void add(std::vector<ScaleRuleKernel>& kernels) {
  (kernels.push_back(
       {F::name, Rules::name, &mismatches<F, Rules>,
        [](float amax) -> std::uint32_t { return qfmt::mx::scale_code<F, Rules>(amax).bits; }}),
   ...);
}

}  // namespace

std::vector<ScaleRuleKernel> scale_rule_kernels() {
  using namespace qfmt;
  using namespace qfmt::mx;
  std::vector<ScaleRuleKernel> kernels;
  add<E2M1, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<E2M3, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<E3M2, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<E4M3, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<E5M2, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<MXINT8, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(kernels);
  add<S1M3, Floor, Ceil, RoundUp, AtThreeQuarters>(kernels);
  return kernels;
}
