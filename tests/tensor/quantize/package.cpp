// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Scales, zero points and codes under profile::CompressedTensors, bit for bit those of the package,
// by the independent description in support/compressed_tensors_reference.hpp; for weights of all
// three types, ordinary and extreme.

#include <doctest/doctest.h>
#include <support/compressed_tensors_reference.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;
namespace ref = qfmt::test::reference;

namespace {

template <class T>
ref::Type const& type() {
  static ref::Type const types[] = {ref::Type::fp32(), ref::Type::bf16(), ref::Type::fp16()};
  return types[is_same_v<T, float> ? 0 : is_same_v<T, Code<BF16>> ? 1 : 2];
}

/// Rows of different character: normal, heavy-tailed, any finite bits, tiny, zeros among the
/// others.
template <class T>
Matrix<T> weights(Shape shape, std::uint64_t seed, bool extreme) {
  Samples samples{seed};
  Matrix<T> matrix{shape};
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c) {
      float x = samples.normal() * 0.02f;
      if (r % 4 == 1)
        x = samples.normal() * std::exp(2 * samples.normal());
      if (r % 4 == 2 && extreme) {
        do {
          x = std::ldexp(samples.any_finite(), 0);
        } while (!is_finite(round_to<T>(x)) ||
                 std::fabs(x) >= (is_same_v<T, Code<FP16>> ? 28000.0f : 0x1p126f));
      }
      if (r % 4 == 3)
        x = samples.bits() % 3 == 0 ? (samples.bits() % 2 == 0 ? 0.0f : -0.0f) : x * 1e-5f;
      matrix(r, c) = from_float<T>(x);
    }
  }
  for (index_t c = 0; c < std::min<index_t>(shape.cols, 40); ++c)
    matrix(0, c) = T{};  // a tile of zeros
  return matrix;
}

/// Counts differences between the library and the description, tile by tile.
template <class S, class T, class Expect>
int differences(Matrix<T> const& matrix, Expect&& expect) {
  auto const quantized = quantize<S, T>(matrix.view());
  REQUIRE(quantized.ok());
  auto const view = quantized->view();
  Shape const tile = S::Granularity::tile(matrix.shape);
  int wrong = 0;
  for (index_t tr = 0; tr < view.scale_shape.rows; ++tr) {
    for (index_t tc = 0; tc < view.scale_shape.cols; ++tc) {
      std::vector<float> values;
      std::vector<std::uint32_t> codes;
      for (index_t r = tr * tile.rows; r < std::min((tr + 1) * tile.rows, matrix.shape.rows); ++r) {
        for (index_t c = tc * tile.cols; c < std::min((tc + 1) * tile.cols, matrix.shape.cols);
             ++c) {
          values.push_back(to_float(matrix(r, c)));
          codes.push_back(view.code(r, c).bits);
        }
      }
      index_t const index = tr * view.scale_shape.cols + tc;
      int const zero_point = view.zero_points == nullptr ? 0 : view.zero_points[index];
      wrong += expect(values, codes, view.scales[index], zero_point);
    }
  }
  return wrong;
}

template <class F, class G, class T>
int symmetric_differences(float half, float lowest, float highest, bool wrong_on_purpose = false) {
  using S = QuantScheme<F, G, SymmetricScale<T>, Static<AbsMax>, profile::CompressedTensors>;
  ref::Type const& d = type<T>();
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    wrong += differences<S>(
        weights<T>({12, 96}, seed, true), [&](auto const& values, auto const& codes, T scale, int) {
          float const s = ref::symmetric_scale(d, ref::extremes(values).amax(), half);
          int count = to_float(scale) != s ? 1 : 0;
          for (std::size_t i = 0; i < values.size(); ++i) {
            float const t = wrong_on_purpose ? values[i] * (1.0f / s)
                                             : ref::scaled(d, values[i], s, 0.0f, lowest, highest);
            std::uint32_t const code =
                is_same_v<F, E4M3> ? ref::e4m3_code(t) : ref::integer_code(t, F::bits);
            count += codes[i] != code ? 1 : 0;
          }
          return count;
        });
  }
  return wrong;
}

template <class T>
int asymmetric_differences() {
  using S = QuantScheme<INT4, PerGroup<32>, AsymmetricScale<T>, Static<MinMax>,
                        profile::CompressedTensors>;
  ref::Type const& d = type<T>();
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    wrong += differences<S>(weights<T>({12, 96}, seed, true), [&](auto const& values,
                                                                  auto const& codes, T scale,
                                                                  int zero_point) {
      auto const expected = ref::asymmetric(d, ref::extremes(values), -8.0f, 7.0f);
      int count =
          to_float(scale) != expected.scale || static_cast<float>(zero_point) != expected.zero_point
              ? 1
              : 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        float const t = ref::scaled(d, values[i], expected.scale, expected.zero_point, -8.0f, 7.0f);
        count += codes[i] != ref::integer_code(t, 4) ? 1 : 0;
      }
      return count;
    });
  }
  return wrong;
}

template <class T>
int nvfp4_differences(bool extreme) {
  using S = BlockScheme<NVFP4, Static<AbsMax>, profile::CompressedTensors>;
  ref::Type const& d = type<T>();
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    auto const matrix = weights<T>({12, 96}, seed, extreme);
    std::vector<float> all;
    for (T const x : matrix.values) all.push_back(to_float(x));
    float const global = ref::nvfp4_global_scale(d, ref::extremes(all).amax());
    auto const quantized = quantize<S, T>(matrix.view());
    REQUIRE(quantized.ok());
    wrong += quantized->global.encode_scale != global ? 1 : 0;
    wrong +=
        differences<S>(matrix, [&](auto const& values, auto const& codes, Code<UE4M3> scale, int) {
          std::uint32_t const expected =
              ref::nvfp4_scale_code(d, ref::extremes(values).amax(), global);
          float const effective = ref::nvfp4_effective_scale(expected, global);
          int count = scale.bits != expected ? 1 : 0;
          for (std::size_t i = 0; i < values.size(); ++i)
            count += codes[i] != ref::fp4_code(values[i] / effective) ? 1 : 0;
          return count;
        });
  }
  return wrong;
}

template <class B, class T>
int mx_differences(int offset) {
  using S = BlockScheme<B, Static<AbsMax>, profile::CompressedTensors>;
  ref::Type const& d = type<T>();
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    wrong += differences<S>(
        weights<T>({12, 96}, seed, true),
        [&](auto const& values, auto const& codes, Code<E8M0> scale, int) {
          int const expected = ref::mx_scale_code(d, ref::extremes(values).amax(), offset);
          float const s = std::ldexp(1.0f, expected - 127);
          int count = scale.bits != static_cast<unsigned>(expected) ? 1 : 0;
          for (std::size_t i = 0; i < values.size(); ++i) {
            float const t = d.round(values[i] / s);
            std::uint32_t const code =
                offset == 2 ? ref::fp4_code(t)
                            : ref::e4m3_code(ref::scaled(d, values[i], s, 0.0f, -448.0f, 448.0f));
            count += codes[i] != code ? 1 : 0;
          }
          return count;
        });
  }
  return wrong;
}

}  // namespace

TEST_CASE_TEMPLATE("the package's integers and FP8", T, float, Code<BF16>, Code<FP16>) {
  CHECK(symmetric_differences<INT8, PerChannel, T>(127.5f, -128.0f, 127.0f) == 0);
  CHECK(symmetric_differences<INT4, PerGroup<32>, T>(7.5f, -8.0f, 7.0f) == 0);
  CHECK(symmetric_differences<E4M3, PerBlock<4, 40>, T>(448.0f, -448.0f, 448.0f) == 0);
  CHECK(symmetric_differences<INT8, PerChannel, T>(127.5f, -128.0f, 127.0f, true) >
        0);  // negative control
  CHECK(asymmetric_differences<T>() == 0);
}

TEST_CASE_TEMPLATE("the package's NVFP4", T, float, Code<BF16>, Code<FP16>) {
  CHECK(nvfp4_differences<T>(false) == 0);
  CHECK(nvfp4_differences<T>(true) == 0);
}

TEST_CASE_TEMPLATE("the package's MXFP4 and MXFP8", T, float, Code<BF16>, Code<FP16>) {
  CHECK(mx_differences<MXFP4, T>(2) == 0);
  CHECK(mx_differences<MXFP8_E4M3, T>(8) == 0);
  CHECK(mx_differences<MXFP4, T>(3) > 0);  // negative control
}
