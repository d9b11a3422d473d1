// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A row dequantized in vectors holds the values of the view: any code, any scale code, any start.

#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <support/bits.hpp>
#include <support/samples.hpp>

#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/x86/dispatch.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

std::uint32_t bits_of_real(float x) {
  return is_nan(x) ? 0x7FC00000u
                   : bits_of(x);  // which NaN a product gives is the processor's choice
}
template <class F>
std::uint32_t bits_of_real(Code<F> x) {
  return x.bits;
}

template <class Stored>
Stored any_scale(Samples& samples) {
  if constexpr (same_as<Stored, float>) {
    return samples.any_finite();
  } else {
    using F = typename Stored::Format;
    return {static_cast<typename F::storage_type>(samples.bits() & ((1u << F::bits) - 1))};
  }
}

/// Every code and every scale that there is, whether or not quantize() would make it.
template <class S>
QuantTensor<S> random_tensor(Shape shape, std::uint64_t seed) {
  Samples samples{seed};
  QuantTensor<S> tensor{shape};
  for (auto& byte : tensor.codes) byte = static_cast<std::uint8_t>(samples.bits());
  for (auto& scale : tensor.scales) scale = any_scale<typename S::Stored>(samples);
  for (auto& zero : tensor.zero_points) zero = static_cast<std::int16_t>(samples.integer(-9, 9));
  if constexpr (S::has_global)
    tensor.global.encode_scale = 0.37f;
  return tensor;
}

template <class S, class T>
int wrong_elements(Shape shape, Isa isa, bool streamed, std::uint8_t sabotage = 0) {
  auto tensor = random_tensor<S>(shape, 41);
  auto const meant = tensor;
  tensor.codes.front() = static_cast<std::uint8_t>(tensor.codes.front() ^ sabotage);
  int wrong = 0;
  for (index_t r = 0; r < shape.rows; ++r) {
    std::vector<T> row(static_cast<std::size_t>(shape.cols) + 1);
    if (!x86::dequantize_row(isa, tensor.view().row(r), streamed, row.data()))
      return -1;
    for (index_t c = 0; c < shape.cols; ++c) {
      T const expected = from_float<T>(meant.view()(r, c));
      wrong += bits_of_real(row[static_cast<std::size_t>(c)]) != bits_of_real(expected);
    }
    wrong += bits_of_real(row.back()) != 0;
  }
  return wrong;
}

template <class S>
void check() {
  for (Isa const isa : vector_levels()) {
    for (index_t const cols : {1, 2, 15, 16, 31, 63, 64, 257, 512, 600, 1500}) {
      for (bool const streamed : {false, true}) {
        CHECK_MESSAGE((wrong_elements<S, float>({3, cols}, isa, streamed) == 0),
                      std::string{name(isa)}, cols);
        CHECK_MESSAGE((wrong_elements<S, Code<BF16>>({2, cols}, isa, streamed) == 0), cols);
        CHECK_MESSAGE((wrong_elements<S, Code<FP16>>({2, cols}, isa, streamed) == 0), cols);
      }
    }
  }
}

}  // namespace

TEST_CASE("rows in vectors: block formats") {
  check<BlockScheme<NVFP4>>();
  check<BlockScheme<MXFP4>>();
  check<BlockScheme<MXFP8_E4M3>>();
  check<BlockScheme<MXFP6_E3M2>>();
}

TEST_CASE("rows in vectors: integers, codebooks, zero points, tiles that begin anywhere") {
  check<QuantScheme<INT8, PerChannel, SymmetricScale<Code<BF16>>>>();
  check<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>();
  check<QuantScheme<INT4, PerGroup<3>>>();
  check<QuantScheme<NF4, PerGroup<64>>>();
  check<QuantScheme<UINT5, PerGroup<24>, Asymmetric, Static<MinMax>>>();
  check<QuantScheme<E5M2FNUZ, PerBlock<2, 40>>>();
}

TEST_CASE("rows in vectors: one wrong bit would be seen") {
  if (vector_levels().empty())
    return;
  CHECK((wrong_elements<QuantScheme<INT8, PerChannel>, float>({1, 64}, Isa::avx2, false, 1) == 1));
}
