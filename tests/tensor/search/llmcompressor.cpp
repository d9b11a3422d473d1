// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The scales that llm-compressor's observers found (tests/fixtures/observers), bit for bit.

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The second matrix of record_observers.py: sums of four bytes.
std::vector<float> bell() {
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

Importance importance() {
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

using profile::CompressedTensors;

/// All lines of an observer and a scheme. S has the observer already.
template <Scheme S>
void check(Record const& record, std::string const& scheme) {
  std::string const start = std::string{S::Timing::Observer::name} + " " + scheme + " ";
  auto const check_matrix = [&](char const* name, std::vector<float> const& values) {
    auto const check_type = [&]<Real T>(char const* dtype, T) {
      using OfType = with_stored_scale<with_profile<S, CompressedTensors>, T>;
      CHECK_MESSAGE((found<OfType, T>(values) == record.all(start + dtype + " " + name).front()),
                    start, dtype, " ", name);
    };
    check_type("BF16", Code<BF16>{});
    check_type("F16", Code<FP16>{});
    check_type("F32", 0.0f);
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

Record const& recorded() {
  static Record const record{"llmcompressor-0.14.txt", "observers"};
  return record;
}

}  // namespace

TEST_CASE("memoryless_mse: tensors, channels, groups, ragged blocks, MX and NVFP4") {
  using S = Schemes<MemorylessMse>;
  check<S::Int8Tensor>(recorded(), "int8_tensor");
  check<S::Int8Channel>(recorded(), "int8_channel");
  check<S::Int4ChannelAsym>(recorded(), "int4_channel_asym");
  check<S::Int4Group>(recorded(), "int4_group32");
  check<S::Int4GroupAsym>(recorded(), "int4_group32_asym");
  check<S::Fp8Channel>(recorded(), "fp8_channel");
  check<S::Fp8Block>(recorded(), "fp8_block");
  check<S::Mxfp4>(recorded(), "mxfp4");
  check<S::Mxfp8>(recorded(), "mxfp8");
  check<S::Nvfp4>(recorded(), "nvfp4");
}

TEST_CASE("nvfp4_expanded_mse and nvfp4_expanded_imatrix") {
  check<Schemes<NVFP4ExpandedMse>::Nvfp4>(recorded(), "nvfp4");
  check<Schemes<NVFP4ExpandedImatrix>::Nvfp4>(recorded(), "nvfp4");
}

TEST_CASE("imatrix_mse: channels, groups, MX and NVFP4") {
  using S = Schemes<ImatrixMse>;
  check<S::Int8Channel>(recorded(), "int8_channel");
  check<S::Int4ChannelAsym>(recorded(), "int4_channel_asym");
  check<S::Int4Group>(recorded(), "int4_group32");
  check<S::Int4GroupAsym>(recorded(), "int4_group32_asym");
  check<S::Fp8Channel>(recorded(), "fp8_channel");
  check<S::Mxfp4>(recorded(), "mxfp4");
  check<S::Mxfp8>(recorded(), "mxfp8");
  check<S::Nvfp4>(recorded(), "nvfp4");
}

namespace {

/// The digest of the scales of all rows, each of them a tensor of its own.
template <Observer O, Real T>
std::string scales_of_rows(std::vector<float> const& values) {
  using S = QuantScheme<INT4, PerChannel, SymmetricScale<T>, Static<O>, CompressedTensors>;
  bool const weighted = std::string{O::name}.find("imatrix") != std::string::npos;
  Digest digest;
  for (index_t r = 0; r < matrix_shape.rows; ++r) {
    std::vector<T> row;
    for (index_t c = 0; c < matrix_shape.cols; ++c)
      row.push_back(from_float<T>(values[static_cast<std::size_t>(r * matrix_shape.cols + c)]));
    auto const tensor = quantize<S, T>(MatrixView<T const>{row.data(), {1, matrix_shape.cols}},
                                       Serial{}, weighted ? importance() : Importance{});
    REQUIRE(tensor);
    digest.add(to_float(tensor->scales[0]));
  }
  return digest.hex();
}

template <Observer O>
void check_rows(char const* matrix_name, std::vector<float> const& values) {
  auto const recorded_as = [&](char const* dtype) {
    return recorded().one(std::string{O::name} + " int4_rows " + dtype + " " + matrix_name).back();
  };
  CHECK(scales_of_rows<O, Code<BF16>>(values) == recorded_as("BF16"));
  CHECK(scales_of_rows<O, Code<FP16>>(values) == recorded_as("F16"));
  CHECK(scales_of_rows<O, float>(values) == recorded_as("F32"));
}

}  // namespace

TEST_CASE("rows as tensors of their own, whose searches end early") {
  check_rows<MemorylessMse>("matrix", matrix());
  check_rows<MemorylessMse>("bell", bell());
  check_rows<ImatrixMse>("matrix", matrix());
  check_rows<ImatrixMse>("bell", bell());
}

TEST_CASE("a search that differs in one option is noticed") {
  auto const expected = recorded().one("memoryless_mse int4_rows F32 bell").back();
  using Endless = MseSearch<>;
  CHECK(scales_of_rows<Endless, float>(bell()) != expected);
  using Squares = MseSearch<MseOptions{.norm = 2.0, .patience = 5}>;
  CHECK(scales_of_rows<Squares, float>(bell()) != expected);
}
