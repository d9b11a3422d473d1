// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/executors.hpp>
#include <support/samples.hpp>
#include <type_traits>
#include <utility>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/percentile.hpp>
#include <qfmt/tensor/frozen.hpp>

// Stored parameters, and what a frozen scheme quantizes and refuses.

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();

using Int8 = QuantScheme<INT8, PerTensor>;
using Columns = QuantScheme<INT8, Tiling<whole, 2>, Asymmetric, Static<MinMax>>;
using Local4 = BlockScheme<NVFP4, Local<AbsMax>>;

}  // namespace

TEST_CASE("frozen: parameters are never made up") {
  static_assert(!std::is_default_constructible_v<Frozen<Int8>>);
  static_assert(!std::is_constructible_v<Frozen<Int8>, Shape>);
  CHECK(std::is_copy_constructible_v<Frozen<Int8>>);
}

TEST_CASE("frozen: stored parameters quantize any number of rows") {
  auto const frozen = Frozen<Columns>::from_stored({1, 3}, {1.0f, 0.5f}, {10, -128});
  REQUIRE(frozen.ok());
  Matrix<float> const x{{2, 3}, 7.25f};
  auto const q = frozen->quantize<float>(x.view());
  REQUIRE(q.ok());
  CHECK(INT8::to_int(q->view().code(1, 0).bits) == 17);
  CHECK(INT8::to_int(q->view().code(1, 2).bits) == -114);  // 14.5 to even, - 128
  CHECK(q->view()(0, 1) == 7.0f);
  CHECK(frozen->quantize<float>(Matrix<float>{{0, 3}}.view())->codes.empty());
  Matrix<float> const far{{1, 3}, 1e30f};
  CHECK(INT8::to_int(frozen->quantize<float>(far.view())->view().code(0, 0).bits) == 127);
}

TEST_CASE("frozen: parameters that are no parameters") {
  CHECK(Frozen<Int8>::from_stored({1, 3}, {0.5f}).ok());
  CHECK(Frozen<Int8>::from_stored({1, 3}, {}).status() == Status::shape_mismatch);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {1, 1}).status() == Status::shape_mismatch);
  CHECK(Frozen<Int8>::from_stored({1, -3}, {1}).status() == Status::shape_mismatch);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {1}, {0}).status() == Status::shape_mismatch);
  CHECK(Frozen<Columns>::from_stored({1, 3}, {1, 1}).status() == Status::shape_mismatch);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {quiet}).status() == Status::nonfinite_scale);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {inf}).status() == Status::nonfinite_scale);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {0.0f}).status() == Status::scale_zero);
  CHECK(Frozen<Int8>::from_stored({1, 3}, {-0.5f}).status() == Status::scale_negative);
  CHECK(Frozen<Columns>::from_stored({1, 3}, {1, 1}, {0, 128}).status() ==
        Status::zero_point_out_of_range);
  CHECK(Frozen<Local4>::from_stored({1, 16}, {}, {}, {672.0f}).ok());
  CHECK(Frozen<Local4>::from_stored({1, 16}, {{0x38}}).status() == Status::shape_mismatch);
  CHECK(Frozen<Local4>::from_stored({1, 16}, {}, {}, {0.0f}).status() == Status::scale_zero);
  CHECK(Frozen<Local4>::from_stored({1, 16}, {}, {}, {inf}).status() == Status::nonfinite_scale);
}

TEST_CASE("frozen: what cannot be quantized") {
  auto const frozen = *Frozen<Int8>::from_stored({1, 3}, {0.5f});
  auto const local = *Frozen<Local4>::from_stored({1, 3}, {}, {}, {672.0f});
  CHECK(frozen.quantize<float>(Matrix<float>{{2, 4}}.view()).status() == Status::shape_mismatch);
  CHECK(local.quantize<float>(Matrix<float>{{2, 4}}.view()).status() == Status::shape_mismatch);
  CHECK(frozen.quantize<float>(MatrixView<float const>{nullptr, {2, 3}}).status() ==
        Status::null_pointer);
  Matrix<float> x{{2, 3}};
  for (float const bad : {quiet, inf, -inf}) {
    x(1, 1) = bad;
    auto const refused = frozen.quantize<float>(std::as_const(x).view());
    CHECK(refused.status() == Status::nonfinite_activation);
    CHECK(refused.error().message.find("row 1, column 1") != std::string::npos);
    CHECK(local.quantize<float>(std::as_const(x).view()).status() == Status::nonfinite_activation);
  }
  auto const weights = *Frozen<QuantScheme<INT8, PerChannel>>::from_stored({2, 3}, {1, 1});
  CHECK(weights.quantize<float>(Matrix<float>{{3, 3}}.view()).status() == Status::shape_mismatch);
  CHECK(weights.quantize<float>(Matrix<float>{{2, 3}}.view()).ok());
}

TEST_CASE("frozen: the executor does not matter") {
  Matrix<float> const x = normal_matrix({200, 37}, 31);
  auto const frozen = *Frozen<QuantScheme<E4M3, PerTensor>>::from_stored({1, 37}, {0.01f});
  auto const local = *Frozen<Local4>::from_stored({1, 37}, {}, {}, {672.0f});
  CHECK(*frozen.quantize(x.view(), Reversed{}) == *frozen.quantize(x.view()));
  CHECK(*frozen.quantize(x.view(), Threads{}) == *frozen.quantize(x.view()));
  CHECK(*local.quantize(x.view(), Threads{}) == *local.quantize(x.view()));
}

TEST_CASE("frozen: the observer of a local scheme was for the tensor, not for its tiles") {
  using Half = BlockScheme<NVFP4, Local<Percentile<1, 2>>>;
  Matrix<float> const x = normal_matrix({3, 48}, 32);
  auto const half = *Frozen<Half>::from_stored({1, 48}, {}, {}, {672.0f});
  auto const whole_tiles = *Frozen<Local4>::from_stored({1, 48}, {}, {}, {672.0f});
  CHECK(half.quantize(x.view())->scales == whole_tiles.quantize(x.view())->scales);
  CHECK(half.quantize(x.view())->codes == whole_tiles.quantize(x.view())->codes);
}
