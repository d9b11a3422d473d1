// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The scales that llm-compressor's other searches found, and those whose search ends early, bit for
// bit. What importance does is the same in every type of tensors: BF16 stands for them.

#include "llmcompressor.hpp"

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("nvfp4_expanded_mse and nvfp4_expanded_imatrix") {
  check<Schemes<NVFP4ExpandedMse>::Nvfp4, float, Code<BF16>>(recorded(), "nvfp4");
  check<Schemes<NVFP4ExpandedImatrix>::Nvfp4, float, Code<BF16>>(recorded(), "nvfp4");
}

TEST_CASE("imatrix_mse: channels, groups, MX and NVFP4") {
  using S = Schemes<ImatrixMse>;
  check<S::Int8Channel, Code<BF16>>(recorded(), "int8_channel");
  check<S::Int4ChannelAsym, Code<BF16>>(recorded(), "int4_channel_asym");
  check<S::Int4Group, Code<BF16>>(recorded(), "int4_group32");
  check<S::Int4GroupAsym, Code<BF16>>(recorded(), "int4_group32_asym");
  check<S::Fp8Channel, Code<BF16>>(recorded(), "fp8_channel");
  check<S::Mxfp4, Code<BF16>>(recorded(), "mxfp4");
  check<S::Mxfp8, Code<BF16>>(recorded(), "mxfp8");
  check<S::Nvfp4, Code<BF16>>(recorded(), "nvfp4");
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

template <Observer O, Real... Types>
void check_rows(char const* matrix_name, std::vector<float> const& values) {
  auto const check_type = [&]<Real T>(char const* dtype, T) {
    CHECK(scales_of_rows<O, T>(values) ==
          recorded().one(std::string{O::name} + " int4_rows " + dtype + " " + matrix_name).back());
  };
  (check_type(dtype_of<Types>(), Types{}), ...);
}

}  // namespace

TEST_CASE("rows as tensors of their own, whose searches end early") {
  check_rows<MemorylessMse, float, Code<BF16>, Code<FP16>>("matrix", matrix());
  check_rows<MemorylessMse, float, Code<BF16>, Code<FP16>>("bell", bell());
  check_rows<ImatrixMse, Code<BF16>>("matrix", matrix());
  check_rows<ImatrixMse, Code<BF16>>("bell", bell());
}

TEST_CASE("a search that differs in one option is noticed") {
  auto const expected = recorded().one("memoryless_mse int4_rows F32 bell").back();
  using Endless = MseSearch<>;
  CHECK(scales_of_rows<Endless, float>(bell()) != expected);
  using Squares = MseSearch<MseOptions{.norm = 2.0, .patience = 5}>;
  CHECK(scales_of_rows<Squares, float>(bell()) != expected);
}
