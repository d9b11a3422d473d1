// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Scales, zero points and ranges that go wrong elsewhere: the numbers go on from
// value_catalogue.cpp. Codes out of range (20) and codes of NaN (21) are those of files and are
// tested in io/compressed_tensors.cpp, random bits of none (24) in static/stochastic_without_bits.cpp.

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <support/samples.hpp>
#include <utility>

#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();
constexpr float largest = std::numeric_limits<float>::max();

using Int8 = preset::W8A8::Weights;
using Asymmetric4 = preset::W4A16_ASYM::Weights;
using Nvfp4 = preset::NVFP4::Weights;
using Mxfp4 = preset::MXFP4::Weights;
template <class S>
using InFP16 = with_stored_scale<S, Code<FP16>>;

template <class S>
QuantTensor<S> quantized(Shape shape) {
  Matrix<float> const matrix = normal_matrix(shape, 5);
  return *quantize<S, float>(matrix.view());
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

/// What check_parameters says after `change`.
template <class S, class Change>
Status after(Change&& change, char const* place) {
  auto w = quantized<S>({2, 256});
  REQUIRE(check_parameters(w.view()).ok());
  change(w);
  auto const found = check_parameters(w.view());
  INFO((found ? "" : found.error().message));
  CHECK((found || contains(found.error().message, place)));
  return found.status();
}

}  // namespace

TEST_CASE("value 7: a scale that underflows in 16 bits becomes its type's smallest") {
  float const x = 1e-6f;  // / 127.5 is below 2^-25, half of FP16's smallest number
  Matrix<float> const row{{1, 128}, x};
  auto const symmetric = quantize<InFP16<Int8>>(row.view());
  REQUIRE(symmetric.ok());
  CHECK(symmetric->scales[0].bits == 1);
  CHECK(std::fabs(symmetric->view()(0, 0) - x) <= 0x1p-25f);
  Matrix<float> const smaller{{1, 128}, 4e-7f};  // / 15 as well
  auto const asymmetric = quantize<InFP16<Asymmetric4>>(smaller.view());
  REQUIRE(asymmetric.ok());
  CHECK(asymmetric->scales[0].bits == 1);
  CHECK(std::fabs(asymmetric->view()(0, 0) - 4e-7f) <= 0x1p-25f);
}

TEST_CASE("value 8: a scale that 16 bits cannot hold is refused, with its place") {
  Matrix<float> matrix{{2, 256}, 1.0f};
  matrix(1, 200) = largest;
  auto const symmetric = quantize<InFP16<preset::W4A16::Weights>>(std::as_const(matrix).view());
  CHECK(symmetric.status() == Status::nonfinite_scale);
  CHECK(contains(symmetric.error().message, "row 1, column 1"));
  CHECK(contains(symmetric.error().message, "FP16"));
  CHECK(quantize<InFP16<Asymmetric4>>(std::as_const(matrix).view()).status() ==
        Status::nonfinite_scale);
  // A NaN elsewhere is what is reported.
  matrix(0, 3) = quiet;
  CHECK(quantize<InFP16<Asymmetric4>>(std::as_const(matrix).view()).status() ==
        Status::nonfinite_weight);
  CHECK(Frozen<InFP16<preset::FP8::Weights>>::from_ranges({1, 4}, std::array{Range{0.0f, largest}})
            .status() == Status::nonfinite_scale);
}

TEST_CASE("value 9: a tile beyond the tensor's part saturates, whatever their product") {
  Matrix<float> const row{{1, 16}, largest};
  for (float const encode_scale : {1.0f, 0x1p96f, largest}) {
    auto const q = quantize_with<Nvfp4>(row.view(), {encode_scale});
    REQUIRE(q.ok());
    CHECK(q->scales[0].bits == 0x7E);  // 448
    CHECK(q->view()(0, 0) == 6.0f * (448.0f / encode_scale));
  }
}

TEST_CASE("value 9: a tensor part that no block can be divided by is refused") {
  Matrix<float> const row{{1, 16}, 1.0f};
  auto const status = [&](float encode_scale) {
    auto const q = quantize_with<Nvfp4>(row.view(), {encode_scale});
    CHECK(q.status() ==
          Frozen<preset::NVFP4::InputActivations>::from_stored({1, 16}, {}, {}, {encode_scale})
              .status());
    if (!q)
      CHECK(contains(q.error().message, "tensor scale: got " + std::to_string(encode_scale)));
    return q.status();
  };
  CHECK(status(0.0f) == Status::scale_zero);
  CHECK(status(-1.0f) == Status::scale_negative);
  CHECK(status(quiet) == Status::nonfinite_scale);
  CHECK(status(inf) == Status::nonfinite_scale);
  CHECK(status(0x1p-120f) == Status::nonfinite_scale);  // 448 / 2^-120 is infinite
  CHECK(status(0x1p-119f) == Status::ok);
}

TEST_CASE("value 10: what an outlier costs is counted") {
  Matrix<float> row{{1, 32}, 1e-3f};
  row(0, 5) = 1e30f;
  row(0, 6) = 0.0f;
  auto const q = quantize<Mxfp4>(std::as_const(row).view());
  REQUIRE(q.ok());
  auto const metrics = error_metrics<Mxfp4, float>(std::as_const(row).view(), q->view());
  CHECK(metrics.lost == 30);
}

TEST_CASE("value 12: a scale of zero under codes that are not") {
  auto const to_zero = [](auto& w) { w.scales[1] = {}; };
  CHECK(after<Int8>(to_zero, "scale in row 1, column 0: got 0.0") == Status::scale_zero);
  CHECK(after<Asymmetric4>(to_zero, "scale in row 0, column 1") == Status::scale_zero);
  // Block scales underflow to zero in Transformer Engine, under codes of any value.
  CHECK(after<Nvfp4>(to_zero, "") == Status::ok);
  auto const zeros = [](auto& w) {
    w.scales[0] = {};
    std::fill_n(w.codes.begin(), w.codes.size() / 2, std::uint8_t{0});
  };
  CHECK(after<Int8>(zeros, "") == Status::ok);
}

TEST_CASE("values 13 to 16: scales that are not finite, or negative") {
  CHECK(after<Int8>([](auto& w) { w.scales[1] = quiet; }, "row 1, column 0: got NaN") ==
        Status::nonfinite_scale);
  CHECK(after<Int8>([](auto& w) { w.scales[1] = inf; }, "row 1, column 0: got +Inf") ==
        Status::nonfinite_scale);
  CHECK(after<Int8>([](auto& w) { w.scales[0] = -0.5f; }, "row 0, column 0: got -0.5") ==
        Status::scale_negative);
  CHECK(after<Mxfp4>([](auto& w) { w.scales[9] = {0xFF}; }, "row 1, column 1: got NaN") ==
        Status::nonfinite_scale);
  CHECK(after<Nvfp4>([](auto& w) { w.scales[0] = {0x7F}; }, "row 0, column 0: got NaN") ==
        Status::nonfinite_scale);
  CHECK(after<Nvfp4>([](auto& w) { w.scales[31] = {0xB8}; }, "row 1, column 15: got -1.0") ==
        Status::scale_negative);
  CHECK(after<Nvfp4>([](auto& w) { w.global = {quiet}; }, "tensor scale") ==
        Status::nonfinite_scale);
}

TEST_CASE("value 17: a subnormal scale is a scale") {
  CHECK(after<Int8>([](auto& w) { w.scales[0] = 0x1p-149f; }, "") == Status::ok);
  CHECK(Frozen<preset::FP8::Weights>::from_stored({1, 4}, {0x1p-149f}).ok());
}

TEST_CASE("values 18 and 19: a zero point that is no code") {
  for (std::int16_t const zero_point : {std::int16_t{8}, std::int16_t{-9}, std::int16_t{300}})
    CHECK(after<Asymmetric4>([&](auto& w) { w.zero_points[3] = zero_point; },
                             "zero point in row 1, column 1: got") ==
          Status::zero_point_out_of_range);
  CHECK(after<Asymmetric4>([&](auto& w) { w.zero_points[3] = -8; }, "") == Status::ok);
}

TEST_CASE("parameters without data") {
  QuantTensorView<Int8> w{};
  CHECK(check_parameters(w).ok());
  w.shape = {2, 4};
  w.scale_shape = {2, 1};
  CHECK(check_parameters(w).status() == Status::null_pointer);
}

TEST_CASE("value 23: a range that is none") {
  using S = QuantScheme<INT8, PerTensor, Asymmetric, Static<MinMax>>;
  auto const frozen = [](Range range) { return Frozen<S>::from_ranges({1, 4}, std::array{range}); };
  auto const turned = frozen({2.0f, -1.0f});
  CHECK(turned.status() == Status::invalid_range);
  CHECK(contains(turned.error().message, "tile 0: got [2.000000, -1.000000]"));
  CHECK(frozen({quiet, 1.0f}).status() == Status::invalid_range);
  CHECK(frozen({-1.0f, inf}).status() == Status::invalid_range);
  CHECK(Frozen<S>::from_ranges({1, 4}, {}).status() == Status::shape_mismatch);
  auto const good = frozen({-1.0f, 1.55f});
  REQUIRE(good.ok());
  CHECK(good->scales()[0] == 2.55f / 255.0f);
  CHECK(good->zero_points()[0] == -28);
  CHECK(frozen({0.0f, 0.0f}).ok());
}

TEST_CASE("value 25: tensors that share a seed have random bits of their own") {
  Philox const random{7};
  int same = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) same += random(i, 0) == random(i, 1) ? 1 : 0;
  CHECK(same == 0);
}
