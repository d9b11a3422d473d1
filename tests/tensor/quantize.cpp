// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string>
#include <support/bits.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/quantize.hpp>

// Published vectors, and what quantize() refuses. Its laws, its agreement with the package and its
// errors on random data are in quantize/, values that go wrong elsewhere in value_catalogue.cpp.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using BF16Code = Code<BF16>;
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();

Matrix<BF16Code> row_of(std::vector<float> const& values) {
  Matrix<BF16Code> row{{1, static_cast<index_t>(values.size())}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    row.values[i] = from_float<BF16Code>(values[i]);
    REQUIRE(to_float(row.values[i]) == values[i]);  // the vectors are exact in BF16
  }
  return row;
}

template <class F, class G, class P, class When = Static<AbsMax>>
using Package = QuantScheme<F, G, P, When, profile::CompressedTensors>;

/// The integers of row 0.
template <class S>
std::vector<int> integers(QuantTensor<S> const& tensor) {
  std::vector<int> out;
  for (index_t c = 0; c < tensor.shape.cols; ++c)
    out.push_back(S::Format::to_int(tensor.view().code(0, c).bits));
  return out;
}

template <class S>
std::vector<float> values(QuantTensor<S> const& tensor) {
  std::vector<float> out;
  for (index_t c = 0; c < tensor.shape.cols; ++c) out.push_back(tensor.view()(0, c));
  return out;
}

using Bytes = std::vector<std::uint8_t>;

// The vectors of compressed-tensors, groups of 8 and rows of 32.
std::vector<float> const eight{0.10986328125f,    -0.51953125f, 0.30078125f,  0.06982421875f,
                               -0.0150146484375f, 0.25f,        0.400390625f, -0.2001953125f};

std::vector<float> const thirty_two{
    -0.005126953125f,     0.01025390625f,          -0.0045166015625f,     -0.00628662109375f,
    -0.0185546875f,       -0.0042724609375f,       0.022216796875f,       0.00848388671875f,
    0.020751953125f,      0.004974365234375f,      0.00787353515625f,     0.0037078857421875f,
    -0.033203125f,        0.01708984375f,          0.0101318359375f,      0.00994873046875f,
    -0.003387451171875f,  -0.0034942626953125f,    -0.00177764892578125f, -0.000934600830078125f,
    0.0006103515625f,     -9.202957153320312e-05f, 0.00104522705078125f,  -0.00128173828125f,
    0.00061798095703125f, 0.000789642333984375f,   -0.00131988525390625f, 0.0034332275390625f,
    0.0011138916015625f,  0.0023956298828125f,     -0.00124359130859375f, -0.0014801025390625f};

}  // namespace

TEST_CASE("vectors of compressed-tensors: integers in groups of 8") {
  auto const row = row_of(eight);
  auto const int4 = quantize<Package<INT4, PerGroup<8>, SymmetricScale<BF16Code>>>(row.view());
  REQUIRE(int4.ok());
  CHECK(to_float(int4->scales[0]) == 0.0693359375f);
  CHECK(integers(*int4) == std::vector<int>{2, -8, 4, 1, 0, 4, 6, -3});
  CHECK(values(*int4) == std::vector<float>{.138671875f, -.5546875f, .27734375f, .0693359375f, 0.0f,
                                            .27734375f, .416015625f, -.2080078125f});

  auto const int8 = quantize<Package<INT8, PerGroup<8>, SymmetricScale<BF16Code>>>(row.view());
  REQUIRE(int8.ok());
  CHECK(to_float(int8->scales[0]) == 0.00408935546875f);
  CHECK(integers(*int8) == std::vector<int>{27, -127, 74, 17, -4, 61, 98, -49});

  auto const asymmetric =
      quantize<Package<INT4, PerGroup<8>, AsymmetricScale<BF16Code>, Static<MinMax>>>(row.view());
  REQUIRE(asymmetric.ok());
  CHECK(to_float(asymmetric->scales[0]) == 0.0615234375f);
  CHECK(asymmetric->zero_points == std::vector<std::int16_t>{0});
  CHECK(integers(*asymmetric) == std::vector<int>{2, -8, 5, 1, 0, 4, 6, -3});
  CHECK(values(*asymmetric) == std::vector<float>{.123046875f, -.4921875f, .3076171875f,
                                                  .0615234375f, 0.0f, .24609375f, .369140625f,
                                                  -.1845703125f});
}

TEST_CASE("vectors of compressed-tensors: NVFP4") {
  auto const row = row_of(thirty_two);
  auto const q =
      quantize<BlockScheme<NVFP4, Static<AbsMax>, profile::CompressedTensors>>(row.view());
  REQUIRE(q.ok());
  CHECK(q->global.encode_scale == 80896.0f);
  CHECK(q->scales == std::vector<Code<UE4M3>>{{0x7E}, {0x64}});
  CHECK(q->view().scale(0, 0) == 0.005537974648177624f);
  CHECK(q->view().scale(0, 16) == 0.0005933544016443193f);
  CHECK(q->codes == Bytes{0x4a, 0xaa, 0xad, 0x36, 0x26, 0x13, 0x5f, 0x44, 0xff, 0xbd, 0x82, 0xc4,
                          0x32, 0x7c, 0x64, 0xcc});
}

TEST_CASE("vectors of compressed-tensors: MXFP4 and FP8") {
  auto const row = row_of(thirty_two);
  auto const mxfp4 =
      quantize<BlockScheme<MXFP4, Static<AbsMax>, profile::CompressedTensors>>(row.view());
  REQUIRE(mxfp4.ok());
  CHECK(mxfp4->scales == std::vector<Code<E8M0>>{{120}});
  CHECK(mxfp4->codes == Bytes{0x39, 0xa9, 0x9c, 0x25, 0x15, 0x12, 0x4e, 0x33, 0x99, 0x88, 0x80,
                              0x80, 0x00, 0x18, 0x10, 0x88});

  auto const fp8 = quantize<Package<E4M3, PerChannel, SymmetricScale<BF16Code>>>(row.view());
  REQUIRE(fp8.ok());
  CHECK(to_float(fp8->scales[0]) == 7.390975952148438e-05f);
  CHECK(Bytes(fp8->codes.begin(), fp8->codes.begin() + 16) ==
        Bytes{0xe9, 0x71, 0xe7, 0xeb, 0xf8, 0xe6, 0x79, 0x6e, 0x79, 0x68, 0x6d, 0x65, 0xfe, 0x76,
              0x71, 0x70});
}

TEST_CASE("the profiles differ in -0 and in small blocks") {
  Matrix<float> row{{1, 32}};
  row.values[0] = 1.0f;
  row.values[1] = -0.0f;
  row.values[2] = -1e-9f;  // not -0, but rounds to it
  auto const ours = quantize<BlockScheme<MXFP4>>(std::as_const(row).view());
  auto const theirs = quantize<BlockScheme<MXFP4, Static<AbsMax>, profile::CompressedTensors>>(
      std::as_const(row).view());
  REQUIRE(ours.ok());
  REQUIRE(theirs.ok());
  CHECK(ours->view().code(0, 1).bits == 8);
  CHECK(theirs->view().code(0, 1).bits == 0);
  CHECK(ours->view().code(0, 2).bits == 8);
  CHECK(theirs->view().code(0, 2).bits == 8);
}

TEST_CASE("shapes and pointers that make no sense are refused") {
  float numbers[4] = {1, 2, 3, 4};
  auto const status = [](MatrixView<float const> view) {
    auto const a = quantize<QuantScheme<INT8, PerChannel>>(view);
    auto const b = quantize<BlockScheme<NVFP4>>(view);
    CHECK(a.status() == b.status());
    return a.status();
  };
  CHECK(status({numbers, {-1, 4}}) == Status::shape_mismatch);
  CHECK(status({numbers, {1, -4}}) == Status::shape_mismatch);
  CHECK(status({numbers, {2, 2}, 1}) == Status::shape_mismatch);
  CHECK(status({nullptr, {2, 2}}) == Status::null_pointer);
  CHECK(status({nullptr, {0, 0}}) == Status::ok);
  CHECK(status({numbers, {1, 2}, 4}) == Status::ok);
  auto const result =
      quantize<QuantScheme<INT8, PerChannel>>(MatrixView<float const>{numbers, {2, 2}, 1});
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message == "got 2 x 2 with stride 1");
}

TEST_CASE("a view with a stride is quantized as its dense copy") {
  auto const wide = normal_matrix({6, 50}, 82);
  Matrix<float> dense{{6, 37}};
  for (index_t r = 0; r < 6; ++r) {
    for (index_t c = 0; c < 37; ++c) dense(r, c) = wide(r, c + 3);
  }
  MatrixView<float const> const part{wide.values.data() + 3, {6, 37}, 50};
  auto const a = quantize<BlockScheme<NVFP4>>(part);
  auto const b = quantize<BlockScheme<NVFP4>>(std::as_const(dense).view());
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  CHECK(*a == *b);

  // What lies between the rows of the view is not looked at, whatever it is.
  auto surrounded = wide;
  for (index_t r = 0; r < 6; ++r) {
    surrounded(r, 2) = -inf;
    surrounded(r, 40) = quiet;
  }
  MatrixView<float const> const inner{surrounded.values.data() + 3, {6, 37}, 50};
  auto const c = quantize<BlockScheme<NVFP4>>(inner);
  REQUIRE(c.ok());
  CHECK(*a == *c);
  CHECK(amax(inner) == amax(part));
}

TEST_CASE("layers that share a tensor scale: quantize_with") {
  auto const small = normal_matrix({4, 32}, 83);
  auto large = small;
  for (float& x : large.values) x *= 8.0f;
  using S = BlockScheme<NVFP4>;
  GlobalScale const shared = fit_global<S>(std::as_const(large).view());
  auto const alone = quantize<S>(small.view());
  auto const fused = quantize_with<S>(small.view(), shared);
  REQUIRE(alone.ok());
  REQUIRE(fused.ok());
  CHECK(alone->global.encode_scale == 8.0f * shared.encode_scale);
  CHECK(fused->global == shared);
  CHECK(alone->codes ==
        fused->codes);  // a power of two between them: the same codes, smaller block scales
  for (std::size_t i = 0; i < alone->scales.size(); ++i)
    CHECK(decode(fused->scales[i]) == decode(alone->scales[i]) / 8.0f);
}
