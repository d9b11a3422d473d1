// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>
#include <limits>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/gemm/gemm_with.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W = QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>;

/// A product that is fine until something in it is changed.
struct Call {
  Matrix<float> x_values = normal_matrix({3, 40}, 1);
  QuantTensor<W> w_values = quantized<W>({5, 40}, 2);
  Matrix<float> y_values{{3, 5}, -7.0f};
  MatrixView<float const> x = std::as_const(x_values).view();
  QuantTensorView<W> w = w_values.view();
  MatrixView<float> y = y_values.view();

  Call() = default;
  Call(Call const&) = delete;
  Call& operator=(Call const&) = delete;

  Status operator()() { return gemm_with(PortableGemm{}, x, w, y); }
};

template <class Change>
void expect_refused(Status expected, Change&& change) {
  Call call;
  change(call);
  Status const status = call();
  CHECK_MESSAGE(status == expected, name(status), " instead of ", name(expected));
  for (float const y : call.y_values.values) CHECK(y == -7.0f);
}

}  // namespace

TEST_CASE("a good product is accepted") {
  Call call;
  CHECK(call() == Status::ok);
  for (float const y : call.y_values.values) CHECK(y != -7.0f);
  expect_held(like_the_reference(PortableGemm{}, call.x, call.w));
}

TEST_CASE("views that may write are operands too, and temporaries bind") {
  Call call;
  ThreadPool pool{2};
  CHECK(gemm_with(PortableGemm{}, call.x_values.view(), call.w, call.y, Bias{}, pool) == Status::ok);
  CHECK(gemm_with(PortableGemm{}, call.x, call.w, call.y, {}, ThreadPool{1}) == Status::ok);
}

TEST_CASE("shapes that do not fit are refused") {
  expect_refused(Status::shape_mismatch, [](Call& p) { p.x.shape.cols = 39; });
  expect_refused(Status::shape_mismatch, [](Call& p) { p.y.shape.rows = 2; });
  expect_refused(Status::shape_mismatch, [](Call& p) { p.y.shape.cols = 4; });
  expect_refused(Status::shape_mismatch, [](Call& p) { p.w.shape.rows = 4; });
  expect_refused(Status::shape_mismatch, [](Call& p) { p.w.scale_shape.cols = 1; });
  expect_refused(Status::negative_size, [](Call& p) { p.x.shape.rows = -1; });
  expect_refused(Status::negative_size, [](Call& p) { p.w.shape.cols = -1; });
  expect_refused(Status::negative_size, [](Call& p) { p.y.shape.cols = -1; });
  Call p;
  float const bias[4] = {};
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, p.y, Bias{bias, 4}) == Status::shape_mismatch);
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, p.y, Bias{nullptr, 5}) == Status::null_pointer);
  CHECK(p.y(0, 0) == -7.0f);
}

TEST_CASE("null pointers are refused") {
  expect_refused(Status::null_pointer, [](Call& p) { p.x.data = nullptr; });
  expect_refused(Status::null_pointer, [](Call& p) { p.w.codes = nullptr; });
  expect_refused(Status::null_pointer, [](Call& p) { p.w.scales = nullptr; });
  expect_refused(Status::null_pointer, [](Call& p) { p.w.zero_points = nullptr; });
  expect_refused(Status::null_pointer, [](Call& p) { p.y.data = nullptr; });
}

TEST_CASE("strides below a row are refused") {
  expect_refused(Status::stride_invalid, [](Call& p) { p.x.stride = 39; });
  expect_refused(Status::stride_invalid, [](Call& p) { p.y.stride = 4; });
  expect_refused(Status::stride_invalid, [](Call& p) { p.y.stride = -5; });
  expect_refused(Status::stride_invalid, [](Call& p) { p.w.row_bytes = 19; });
}

TEST_CASE("sizes that cannot be counted are refused") {
  constexpr index_t most = std::numeric_limits<index_t>::max();
  expect_refused(Status::size_overflow, [](Call& p) { p.x.stride = most; });
  expect_refused(Status::size_overflow, [](Call& p) { p.x.shape.rows = most / 100; });
  expect_refused(Status::size_overflow, [](Call& p) { p.w.row_bytes = most; });
  expect_refused(Status::size_overflow, [](Call& p) { p.w.shape.cols = most; });
}

TEST_CASE("misaligned memory is refused") {
  auto const off_by_one = [](auto*& p) { p = reinterpret_cast<std::remove_reference_t<decltype(p)>>(reinterpret_cast<std::uintptr_t>(p) + 1); };
  expect_refused(Status::buffer_misaligned, [&](Call& p) { off_by_one(p.x.data); });
  expect_refused(Status::buffer_misaligned, [&](Call& p) { off_by_one(p.w.scales); });
  expect_refused(Status::buffer_misaligned, [&](Call& p) { off_by_one(p.w.zero_points); });
  expect_refused(Status::buffer_misaligned, [&](Call& p) { off_by_one(p.y.data); });
}

TEST_CASE("an output that shares memory with an operand is refused") {
  std::vector<float> memory(1000, 1.0f);
  auto const dense = [&](index_t at, Shape shape, index_t stride) { return MatrixView<float>{memory.data() + at, shape, stride}; };
  auto const w = normal_matrix({5, 10}, 2);
  auto const product = [&](index_t y_at, index_t y_stride) { return gemm_with(PortableGemm{}, dense(100, {3, 10}, 20), w.view(), dense(y_at, {3, 5}, y_stride)); };
  CHECK(product(100, 20) == Status::buffer_aliasing);
  CHECK(product(109, 20) == Status::buffer_aliasing);
  CHECK(product(96, 20) == Status::buffer_aliasing);
  CHECK(product(149, 20) == Status::buffer_aliasing);
  CHECK(product(110, 20) == Status::ok);  // the columns beside x
  CHECK(product(115, 20) == Status::ok);  // the last of them
  CHECK(product(116, 20) == Status::buffer_aliasing);
  CHECK(product(95, 20) == Status::ok);   // in front of each row
  CHECK(product(110, 7) == Status::buffer_aliasing);  // rows of another length: not told apart
  CHECK(product(150, 20) == Status::ok);
  CHECK(product(80, 5) == Status::ok);

  // A single row has no stride to speak of.
  auto const one_row = [&](index_t y_at, index_t x_stride, index_t y_stride) {
    return gemm_with(PortableGemm{}, dense(100, {1, 10}, x_stride), w.view(), dense(y_at, {1, 5}, y_stride));
  };
  CHECK(one_row(110, 10, 5) == Status::ok);
  CHECK(one_row(109, 10, 5) == Status::buffer_aliasing);

  Call p;
  std::vector<float> shared(64);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(shared.data());
  std::copy(p.w_values.codes.begin(), p.w_values.codes.end(), bytes + 56);
  MatrixView<float> const y{shared.data(), {3, 5}};
  p.w.codes = bytes + 56;  // y ends at byte 60
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, y) == Status::buffer_aliasing);
  p.w.codes = bytes + 60;
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, y) == Status::ok);
  p.w = p.w_values.view();
  p.w.scales = shared.data() + 14;
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, y) == Status::buffer_aliasing);
  p.w = p.w_values.view();
  p.w.zero_points = reinterpret_cast<std::int16_t const*>(shared.data() + 14);
  CHECK(gemm_with(PortableGemm{}, p.x, p.w, y) == Status::buffer_aliasing);
}
