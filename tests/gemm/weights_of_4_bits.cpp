// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/weights_of.hpp>

namespace qfmt::test {

template struct WeightsOf<BlockScheme<NVFP4>>;
template struct WeightsOf<BlockScheme<MXFP4>>;
template struct WeightsOf<Int4Group32>;
template struct WeightsOf<Int4Asymmetric>;
template struct WeightsOf<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>;
template struct WeightsOf<QuantScheme<INT4, PerGroup<32>>>;
template struct WeightsOf<QuantScheme<INT4, PerGroup<32>, SymmetricScale<Code<FP16>>>>;
template struct WeightsOf<QuantScheme<INT4, PerGroup<128>>>;
template struct WeightsOf<QuantScheme<INT4, PerGroup<128>, SymmetricScale<Code<BF16>>>>;

}  // namespace qfmt::test
