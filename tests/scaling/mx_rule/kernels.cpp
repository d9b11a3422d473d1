// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The MX scale rules, compiled so that all 2^31 magnitudes take seconds.

#include <scaling/mx_rule/kernels.hpp>
#include <support/kernel_options.hpp>
// It comes before what it is about.
#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>

namespace {

template <class F, class Rule>
QFMT_TEST_KERNEL void codes_of(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                               std::uint32_t* codes) {
  auto const code = [](std::uint32_t bits) -> std::uint32_t {
    return qfmt::mx::scale_code<F, Rule>(qfmt::bit_cast<float>(bits)).bits;
  };
  QFMT_TEST_FILL_CODES(first, count, step, codes, code);
}

template <class F, class... Rules>
void add(std::vector<ScaleRuleKernel>& kernels) {
  (kernels.push_back(
       {F::name, Rules::name, &codes_of<F, Rules>,
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
