// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Dequantization is exact: every code under every scale and zero point becomes, in the registers of
// the tensor cores, the number that it is. The functions are those that the kernels run.

#include <qfmt/cuda/gemm/weight_registers.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The number in half h of register r.
template <class T>
float number(cuda::LeftRegisters const& left, int r, int h) {
  return element_of<T>(left.r[r], h);
}

/// Words in which every place holds the same code.
template <class F>
cuda::WeightWords<F::bits> words_of_code(std::uint32_t code) {
  using Order = typename cuda::detail::WordOrderOf<F>::type;
  cuda::WeightWords<F::bits> out{};
  for (std::uint32_t& word : out.word) {
    for (int pair = 0; pair < 16 / F::bits; ++pair)
      for (int half = 0; half < 2; ++half) word |= cuda::put_code<Order>(code, {0, pair, half});
  }
  return out;
}

/// Registers that are not, in some place, `expected` to the bit (of +0 and -0 either). NaN is NaN.
template <class T>
int wrong(cuda::LeftRegisters const& left, float row_0, float row_1) {
  int count = 0;
  for (int r = 0; r < 4; ++r) {
    for (int h = 0; h < 2; ++h) {
      float const expected = r % 2 == 0 ? row_0 : row_1;
      float const got = number<T>(left, r, h);
      count += got == expected || (is_nan(expected) && is_nan(got)) ? 0 : 1;
    }
  }
  return count;
}

template <class T>
int nvfp4_errors(float factor) {
  using S = BlockScheme<NVFP4>;
  int errors = 0;
  for (std::uint32_t scale = 0; scale < 256; ++scale) {
    cuda::WeightScales<S, T> scales;
    scales.scale[0] =
        cuda::TwoRows<Code<UE4M3>>::of({static_cast<std::uint8_t>(scale & 0x7F)},
                                       {static_cast<std::uint8_t>(0x7E - (scale & 0x7F) % 0x7F)});
    auto const pairs = cuda::row_pairs(scales, 0);
    for (std::uint32_t code = 0; code < 16; ++code) {
      auto const left =
          cuda::left_registers<S, T>(words_of_code<E2M1>(code), static_cast<int>(scale % 4), pairs);
      float const q = decode(Code<E2M1>{static_cast<std::uint8_t>(code)});
      errors += wrong<T>(left, q * decode(scales.scale[0].row(0)) / factor,
                         q * decode(scales.scale[0].row(1)) / factor);
    }
  }
  return errors;
}

/// Every code of F, with every zero point.
template <class S, class T>
int code_errors(float unit = 1.0f) {
  using F = typename S::Format;
  int errors = 0;
  int zero_points = 1;
  int first = 0;
  if constexpr (S::has_zero_point) {
    zero_points = 1 << F::bits;
    first = F::min_int;
  }
  for (int z = 0; z < zero_points; ++z) {
    cuda::WeightScales<S, T> scales{};
    if constexpr (S::has_zero_point) {
      scales.zero_point[0] = cuda::TwoRows<std::int16_t>::of(
          static_cast<std::int16_t>(first + z), static_cast<std::int16_t>(-1 - first - z));
    }
    auto const pairs = cuda::row_pairs(scales, 0);
    for (std::uint32_t code = 0; code < 1u << F::bits; ++code) {
      auto const left = cuda::left_registers<S, T>(words_of_code<F>(code), z % 4, pairs);
      float const q = decode(Code<F>{static_cast<typename F::storage_type>(code)}) * unit;
      float const z0 = S::has_zero_point ? static_cast<float>(first + z) : 0.0f;
      float const z1 = S::has_zero_point ? static_cast<float>(-1 - first - z) : 0.0f;
      errors += wrong<T>(left, q - z0, q - z1);
    }
  }
  return errors;
}

}  // namespace

TEST_CASE("cuda: NVFP4 weights are exact in BF16 and FP16: every code under every scale, NaN too") {
  CHECK(nvfp4_errors<Code<BF16>>(128.0f) == 0);
  CHECK(nvfp4_errors<Code<FP16>>(128.0f) == 0);
  CHECK(nvfp4_errors<Code<BF16>>(64.0f) != 0);
}

TEST_CASE("cuda: codes are exact in BF16 and FP16, less any zero point") {
  using Int8Asymmetric = QuantScheme<INT8, PerGroup<128>, Asymmetric, Static<MinMax>>;
  CHECK(code_errors<BlockScheme<MXFP4>, Code<BF16>>() == 0);
  CHECK(code_errors<BlockScheme<MXFP4>, Code<FP16>>() == 0);
  CHECK(code_errors<QuantScheme<INT4, PerGroup<32>>, Code<BF16>>() == 0);
  CHECK(code_errors<QuantScheme<INT4, PerGroup<32>>, Code<FP16>>() == 0);
  CHECK(code_errors<Int4Asymmetric, Code<BF16>>() == 0);
  CHECK(code_errors<Int4Asymmetric, Code<FP16>>() == 0);
  CHECK(code_errors<Int8Asymmetric, Code<BF16>>() == 0);
  CHECK(code_errors<Int8Asymmetric, Code<FP16>>() == 0);
  CHECK(code_errors<QuantScheme<E4M3, PerChannel>, Code<BF16>>() == 0);
  CHECK(code_errors<QuantScheme<E4M3, PerChannel>, Code<FP16>>() == 0);
  CHECK(code_errors<QuantScheme<E5M2, PerChannel>, Code<BF16>>() == 0);
  CHECK(code_errors<QuantScheme<E5M2, PerChannel>, Code<FP16>>() == 0);
  CHECK(code_errors<BlockScheme<MXFP4>, Code<BF16>>(2.0f) != 0);
}

TEST_CASE("cuda: where scales enter, and in which order tiles are read") {
  using cuda::ReadOrder;
  using cuda::ScaleUse;
  using Nvfp4 = cuda::WeightTraits<BlockScheme<NVFP4>, Code<BF16>>;
  static_assert(Nvfp4::scale_use == ScaleUse::Weights && Nvfp4::order == ReadOrder::LaneOwned);
  using Mxfp4 = cuda::WeightTraits<BlockScheme<MXFP4>, Code<BF16>>;
  static_assert(Mxfp4::scale_use == ScaleUse::Sums && Mxfp4::order == ReadOrder::Natural);
  static_assert(Mxfp4::scales == 2 && Mxfp4::steps_per_scale == 2);
  using Int4 = cuda::WeightTraits<Int4Asymmetric, Code<FP16>>;
  static_assert(Int4::scale_use == ScaleUse::Sums && Int4::order == ReadOrder::LaneOwned);
  using Int8 = cuda::WeightTraits<Int8Rows, std::int8_t>;
  static_assert(Int8::scale_use == ScaleUse::Rows && Int8::steps == 2);
  CHECK(Int8::scales == 1);
}
