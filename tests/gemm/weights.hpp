// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <support/samples.hpp>

namespace qfmt::test {

/// Weights to multiply by. Compiled once for each scheme, in weights*.cpp.
template <Scheme S>
struct WeightsOf {
  /// Random numbers, quantized.
  static QuantTensor<S> quantized(Shape shape, std::uint64_t seed);

  /// Small integers times powers of two, so that sums are exact in any order.
  static QuantTensor<S> small_integers(Shape shape, std::uint64_t seed);

  /// The real matrix that a tensor stands for, found without its view: bits are taken out of the packed
  /// rows one by one, and tiles are counted.
  static Matrix<float> values(QuantTensor<S> const& t);
};

template <Scheme S>
QuantTensor<S> quantized(Shape shape, std::uint64_t seed) {
  return WeightsOf<S>::quantized(shape, seed);
}
template <Scheme S>
QuantTensor<S> small_integers(Shape shape, std::uint64_t seed) {
  return WeightsOf<S>::small_integers(shape, seed);
}
template <Scheme S>
Matrix<float> expected_values(QuantTensor<S> const& t) {
  return WeightsOf<S>::values(t);
}

using Int4Asymmetric = QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>;
using Int4Group32 = QuantScheme<INT4, PerGroup<32>, SymmetricScale<Code<BF16>>>;

/// What every backend that takes any operand is tested with.
using GemmSchemes = TypeList<BlockScheme<NVFP4>, BlockScheme<MXFP4>, QuantScheme<INT4, PerGroup<32>>, QuantScheme<INT4, PerGroup<128>>,
                             QuantScheme<INT8, PerChannel>, QuantScheme<E4M3, PerChannel>, QuantScheme<E4M3, PerBlock<128, 128>>,
                             Int4Asymmetric, QuantScheme<INT3, PerGroup<32>, SymmetricScale<Code<BF16>>>, QuantScheme<E2M3, PerTensor>>;

}  // namespace qfmt::test
