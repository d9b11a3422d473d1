// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The MX scale rules, compiled so that all 2^31 magnitudes take seconds.

#include <scaling/mx_rule/kernels.hpp>
#include <support/kernel_options.hpp>
// It comes before what it is about.
#include <support/differ.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>

namespace {

template <class F, class Rule>
struct ScaleCode {
  static std::uint32_t of(std::uint32_t bits) {
    return qfmt::mx::scale_code<F, Rule>(qfmt::bit_cast<float>(bits)).bits;
  }
};

template <class F, class... Rules>
ScaleRuleKernel kernel() {
  return {F::name, {Rules::name...}, &differ<ScaleCode<F, Rules>...>};
}

}  // namespace

std::vector<ScaleRuleKernel> scale_rule_kernels() {
  using namespace qfmt;
  using namespace qfmt::mx;
  return {kernel<E2M1, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<E2M3, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<E3M2, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<E4M3, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<E5M2, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<MXINT8, Floor, Ceil, RoundUp, Even, AtThreeQuarters>(),
          kernel<S1M3, Floor, Ceil, RoundUp, AtThreeQuarters>()};
}
