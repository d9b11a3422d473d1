// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/tensor/quantize.hpp>

// What the comparisons with the scales that llm-compressor found (tests/fixtures/observers) share.

namespace qfmt::test {

/// The second matrix of record_observers.py: sums of four bytes.
inline std::vector<float> bell() {
  std::uint64_t state = 2;
  std::vector<float> values;
  for (index_t i = 0; i < matrix_shape.size(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto const u = static_cast<std::uint32_t>(state >> 32);
    auto const sum = (u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24);
    values.push_back((static_cast<float>(sum) - 510.0f) / 256.0f);
  }
  return values;
}

inline Importance importance() {
  std::vector<float> columns;
  for (int j = 0; j < matrix_shape.cols; ++j)
    columns.push_back(static_cast<float>(j * 37 % 64) / 8.0f);
  auto result = Importance::from(columns);
  REQUIRE(result);
  return *result;
}

template <Scheme S, Real T>
std::vector<std::string> found(std::vector<float> const& values) {
  std::vector<T> rounded;
  for (float const x : values) rounded.push_back(from_float<T>(x));
  bool const weighted = std::string{S::Timing::Observer::name}.find("imatrix") != std::string::npos;
  auto const tensor = quantize<S, T>(MatrixView<T const>{rounded.data(), matrix_shape}, Serial{},
                                     weighted ? importance() : Importance{});
  REQUIRE(tensor);
  Digest scales;
  for (auto const scale : tensor->scales) scales.add(to_float(scale));
  std::vector<std::string> digests{scales.hex()};
  if constexpr (S::has_zero_point) {
    Digest zero_points;
    for (auto const zero_point : tensor->zero_points)
      zero_points.add(static_cast<float>(zero_point));
    digests.push_back(zero_points.hex());
  }
  if constexpr (S::has_global) {
    Digest global;
    global.add(tensor->global.encode_scale);
    digests.push_back(global.hex());
  }
  return digests;
}

/// Its name in the records.
template <Real T>
constexpr char const* dtype_of() {
  return same_as<T, float> ? "F32" : same_as<T, Code<BF16>> ? "BF16" : "F16";
}

using profile::CompressedTensors;

/// The lines of an observer and a scheme, for tensors of these types. S has the observer already.
template <Scheme S, Real... Types>
void check(Record const& record, std::string const& scheme) {
  std::string const start = std::string{S::Timing::Observer::name} + " " + scheme + " ";
  auto const check_matrix = [&](char const* name, std::vector<float> const& values) {
    auto const check_type = [&]<Real T>(T) {
      using OfType = with_stored_scale<with_profile<S, CompressedTensors>, T>;
      std::string const dtype = dtype_of<T>();
      CHECK_MESSAGE((found<OfType, T>(values) == record.all(start + dtype + " " + name).front()),
                    start, dtype, " ", name);
    };
    (check_type(Types{}), ...);
  };
  check_matrix("matrix", matrix());
  check_matrix("bell", bell());
}

template <Observer O>
struct Schemes {
  using When = Static<O>;
  using Int8Tensor = QuantScheme<INT8, PerTensor, Symmetric, When>;
  using Int8Channel = QuantScheme<INT8, PerChannel, Symmetric, When>;
  using Int4ChannelAsym = QuantScheme<INT4, PerChannel, Asymmetric, When>;
  using Int4Group = QuantScheme<INT4, PerGroup<32>, Symmetric, When>;
  using Int4GroupAsym = QuantScheme<INT4, PerGroup<32>, Asymmetric, When>;
  using Fp8Channel = QuantScheme<E4M3, PerChannel, Symmetric, When>;
  using Fp8Block = QuantScheme<E4M3, PerBlock<48, 80>, Symmetric, When>;
  using Mxfp4 = BlockScheme<MXFP4, When>;
  using Mxfp8 = BlockScheme<MXFP8_E4M3, When>;
  using Nvfp4 = BlockScheme<NVFP4, When>;
};

inline Record const& recorded() {
  static Record const record{"llmcompressor-0.14.txt", "observers"};
  return record;
}

}  // namespace qfmt::test
