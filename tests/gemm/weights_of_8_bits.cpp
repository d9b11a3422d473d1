// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/weights_of.hpp>

namespace qfmt::test {

template struct WeightsOf<QuantScheme<INT8, PerChannel>>;
template struct WeightsOf<QuantScheme<INT8, PerToken, Symmetric, Dynamic>>;
template struct WeightsOf<QuantScheme<INT8, PerGroup<128>>>;
template struct WeightsOf<QuantScheme<E4M3, PerTensor>>;
template struct WeightsOf<QuantScheme<E4M3, PerChannel>>;
template struct WeightsOf<QuantScheme<E4M3, PerBlock<128, 128>>>;
template struct WeightsOf<QuantScheme<E5M2, PerTensor>>;
template struct WeightsOf<BlockScheme<MXFP8_E4M3>>;
template struct WeightsOf<BlockScheme<MXFP8_E5M2>>;
template struct WeightsOf<QuantScheme<INT3, PerGroup<32>, SymmetricScale<Code<BF16>>>>;
template struct WeightsOf<QuantScheme<E2M3, PerTensor>>;

}  // namespace qfmt::test
