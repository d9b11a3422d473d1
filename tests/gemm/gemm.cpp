// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/environments.hpp>
#include <gemm/laws.hpp>
#include <limits>
#include <qfmt/exec/thread_pool.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W = QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>;

/// A product that is fine until something in it is changed.
struct Product {
  Matrix<float> x_values = normal_matrix({3, 40}, 1);
  QuantTensor<W> w_values = quantized<W>({5, 40}, 2);
  Matrix<float> y_values{{3, 5}, -7.0f};
  MatrixView<float const> x = std::as_const(x_values).view();
  QuantTensorView<W> w = w_values.view();
  MatrixView<float> y = y_values.view();

  Product() = default;
  Product(Product const&) = delete;
  Product& operator=(Product const&) = delete;

  Status operator()() { return gemm(x, w, y); }
};

template <class Change>
void expect_refused(Status expected, Change&& change) {
  Product product;
  change(product);
  Status const status = product();
  CHECK_MESSAGE(status == expected, name(status), " instead of ", name(expected));
  for (float const y : product.y_values.values) CHECK(y == -7.0f);
}

}  // namespace

TEST_CASE("a good product is accepted") {
  Product product;
  CHECK(product() == Status::ok);
  for (float const y : product.y_values.values) CHECK(y != -7.0f);
  expect_held(like_the_reference(PortableGemm{}, product.x, product.w));
}

TEST_CASE("views that may write are operands too, and temporaries bind") {
  Product product;
  ThreadPool pool{2};
  CHECK(gemm(product.x_values.view(), product.w, product.y, Bias{}, pool) == Status::ok);
  CHECK(gemm(product.x, product.w, product.y, {}, ThreadPool{1}) == Status::ok);
}

TEST_CASE("shapes that do not fit are refused") {
  expect_refused(Status::shape_mismatch, [](Product& p) { p.x.shape.cols = 39; });
  expect_refused(Status::shape_mismatch, [](Product& p) { p.y.shape.rows = 2; });
  expect_refused(Status::shape_mismatch, [](Product& p) { p.y.shape.cols = 4; });
  expect_refused(Status::shape_mismatch, [](Product& p) { p.w.shape.rows = 4; });
  expect_refused(Status::shape_mismatch, [](Product& p) { p.w.scale_shape.cols = 1; });
  expect_refused(Status::negative_size, [](Product& p) { p.x.shape.rows = -1; });
  expect_refused(Status::negative_size, [](Product& p) { p.w.shape.cols = -1; });
  expect_refused(Status::negative_size, [](Product& p) { p.y.shape.cols = -1; });
  Product p;
  float const bias[4] = {};
  CHECK(gemm(p.x, p.w, p.y, Bias{bias, 4}) == Status::shape_mismatch);
  CHECK(gemm(p.x, p.w, p.y, Bias{nullptr, 5}) == Status::null_pointer);
  CHECK(p.y(0, 0) == -7.0f);
}

TEST_CASE("null pointers are refused") {
  expect_refused(Status::null_pointer, [](Product& p) { p.x.data = nullptr; });
  expect_refused(Status::null_pointer, [](Product& p) { p.w.codes = nullptr; });
  expect_refused(Status::null_pointer, [](Product& p) { p.w.scales = nullptr; });
  expect_refused(Status::null_pointer, [](Product& p) { p.w.zero_points = nullptr; });
  expect_refused(Status::null_pointer, [](Product& p) { p.y.data = nullptr; });
}

TEST_CASE("strides below a row are refused") {
  expect_refused(Status::stride_invalid, [](Product& p) { p.x.stride = 39; });
  expect_refused(Status::stride_invalid, [](Product& p) { p.y.stride = 4; });
  expect_refused(Status::stride_invalid, [](Product& p) { p.y.stride = -5; });
  expect_refused(Status::stride_invalid, [](Product& p) { p.w.row_bytes = 19; });
}

TEST_CASE("sizes that cannot be counted are refused") {
  constexpr index_t most = std::numeric_limits<index_t>::max();
  expect_refused(Status::size_overflow, [](Product& p) { p.x.stride = most; });
  expect_refused(Status::size_overflow, [](Product& p) { p.x.shape.rows = most / 100; });
  expect_refused(Status::size_overflow, [](Product& p) { p.w.row_bytes = most; });
  expect_refused(Status::size_overflow, [](Product& p) { p.w.shape.cols = most; });
}

TEST_CASE("misaligned memory is refused") {
  auto const off_by_one = [](auto*& p) { p = reinterpret_cast<std::remove_reference_t<decltype(p)>>(reinterpret_cast<std::uintptr_t>(p) + 1); };
  expect_refused(Status::buffer_misaligned, [&](Product& p) { off_by_one(p.x.data); });
  expect_refused(Status::buffer_misaligned, [&](Product& p) { off_by_one(p.w.scales); });
  expect_refused(Status::buffer_misaligned, [&](Product& p) { off_by_one(p.w.zero_points); });
  expect_refused(Status::buffer_misaligned, [&](Product& p) { off_by_one(p.y.data); });
}

TEST_CASE("an output that shares memory with an operand is refused") {
  std::vector<float> memory(1000, 1.0f);
  auto const dense = [&](index_t at, Shape shape, index_t stride) { return MatrixView<float>{memory.data() + at, shape, stride}; };
  auto const w = normal_matrix({5, 10}, 2);
  auto const product = [&](index_t y_at, index_t y_stride) { return gemm(dense(100, {3, 10}, 20), w.view(), dense(y_at, {3, 5}, y_stride)); };
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
    return gemm(dense(100, {1, 10}, x_stride), w.view(), dense(y_at, {1, 5}, y_stride));
  };
  CHECK(one_row(110, 10, 5) == Status::ok);
  CHECK(one_row(109, 10, 5) == Status::buffer_aliasing);

  Product p;
  std::vector<float> shared(64);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(shared.data());
  std::copy(p.w_values.codes.begin(), p.w_values.codes.end(), bytes + 56);
  MatrixView<float> const y{shared.data(), {3, 5}};
  p.w.codes = bytes + 56;  // y ends at byte 60
  CHECK(gemm(p.x, p.w, y) == Status::buffer_aliasing);
  p.w.codes = bytes + 60;
  CHECK(gemm(p.x, p.w, y) == Status::ok);
  p.w = p.w_values.view();
  p.w.scales = shared.data() + 14;
  CHECK(gemm(p.x, p.w, y) == Status::buffer_aliasing);
  p.w = p.w_values.view();
  p.w.zero_points = reinterpret_cast<std::int16_t const*>(shared.data() + 14);
  CHECK(gemm(p.x, p.w, y) == Status::buffer_aliasing);
}

TEST_CASE("a NaN in a row of x makes that row NaN and no other") {
  auto x = normal_matrix({9, 150}, 1);
  auto const w = quantized<BlockScheme<NVFP4>>({70, 150}, 2);
  Matrix<float> clean{{9, 70}}, y{{9, 70}};
  CHECK(gemm(x.view(), w.view(), clean.view()) == Status::ok);
  x(4, 149) = std::numeric_limits<float>::quiet_NaN();
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  for (index_t m = 0; m < 9; ++m) {
    for (index_t n = 0; n < 70; ++n) {
      if (m == 4) {
        CHECK(std::isnan(y(m, n)));
      } else {
        CHECK(same_nan_bits(y(m, n)) == same_nan_bits(clean(m, n)));
      }
    }
  }
}

TEST_CASE("a NaN scale makes its column NaN and no other") {
  auto const x = normal_matrix({9, 150}, 1);
  auto w = quantized<QuantScheme<INT8, PerChannel>>({70, 150}, 2);
  w.scales[66] = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> y{{9, 70}};
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  for (index_t m = 0; m < 9; ++m) {
    for (index_t n = 0; n < 70; ++n) CHECK(std::isnan(y(m, n)) == (n == 66));
  }
}

TEST_CASE("infinity times zero is NaN, infinity times a number infinite") {
  float const infinity = std::numeric_limits<float>::infinity();
  Matrix<float> x{{1, 20}, 1.0f}, w{{2, 20}, 1.0f}, y{{1, 2}};
  x(0, 19) = infinity;
  w(0, 19) = 0.0f;
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  CHECK(std::isnan(y(0, 0)));
  CHECK(y(0, 1) == infinity);
}

TEST_CASE("the caller's floating-point environment changes nothing and is not changed") {
  Samples samples{9};
  // Products and sums around the smallest normal number, so that flushing would show.
  auto const x = matrix_of<float>({5, 60}, [&] { return samples.normal() * 0x1p-70f; });
  auto const w = matrix_of<float>({33, 60}, [&] { return samples.normal() * 0x1p-70f; });
  auto const big = normal_matrix({5, 60}, 1);
  auto const q = quantized<BlockScheme<NVFP4>>({33, 60}, 2);
  Matrix<float> small_expected{{5, 33}}, expected{{5, 33}}, y{{5, 33}};
  CHECK(gemm(x.view(), w.view(), small_expected.view()) == Status::ok);
  CHECK(gemm(big.view(), q.view(), expected.view()) == Status::ok);
  auto const differences = [&](Matrix<float> const& from) {
    int count = 0;
    for (std::size_t i = 0; i < y.values.size(); ++i) count += same_nan_bits(y.values[i]) != same_nan_bits(from.values[i]) ? 1 : 0;
    return count;
  };
  for (auto const& environment : environments()) {
    CAPTURE(environment.name);
    InEnvironment const caller{environment};
    ThreadPool pool{3};  // its threads begin in the caller's environment
    auto const both = [&](auto const& backend, auto& executor) {
      CHECK(gemm_with(backend, x.view(), w.view(), y.view(), NoEpilogue{}, executor) == Status::ok);
      CHECK(differences(small_expected) == 0);
      CHECK(gemm_with(backend, big.view(), q.view(), y.view(), NoEpilogue{}, executor) == Status::ok);
      CHECK(differences(expected) == 0);
    };
    Serial const serial;
    both(PortableGemm{}, serial);
    both(PortableGemm{}, pool);
    both(ReferenceGemm{}, serial);
    both(ReferenceGemm{}, pool);
    CHECK(std::fegetround() == environment.rounding);
#if defined(__SSE2__)
    CHECK((_mm_getcsr() & 0x8040u) == environment.flush);
#endif

    // Without the door the environment shows, or this test could not fail.
    Status const status = PortableGemm{}(x.view(), w.view(), y.view(), NoEpilogue{}, serial);
    CHECK(status == Status::ok);
    if (environment.rounding != FE_TONEAREST || environment.flush != 0) CHECK(differences(small_expected) > 0);
  }
}

TEST_CASE("metamorphic laws: permuted rows, negated x, scaled w, zeros behind K") {
  auto const x = normal_matrix({6, 48}, 1);
  auto const w = quantized<QuantScheme<INT8, PerChannel>>({40, 48}, 2);
  Matrix<float> y{{6, 40}};
  CHECK(gemm(x.view(), w.view(), y.view()) == Status::ok);
  auto const expect = [&](auto const& x2, auto const& w2, auto&& expected) {
    Matrix<float> z{{6, 40}};
    CHECK(gemm(x2.view(), w2.view(), z.view()) == Status::ok);
    for (index_t m = 0; m < 6; ++m) {
      for (index_t n = 0; n < 40; ++n) CHECK(same_nan_bits(z(m, n)) == same_nan_bits(expected(m, n)));
    }
  };
  Matrix<float> reversed{x.shape}, negated{x.shape}, padded{{6, 61}}, dense{{40, 61}};
  for (index_t m = 0; m < 6; ++m) {
    for (index_t k = 0; k < 48; ++k) reversed(m, k) = x(5 - m, k), negated(m, k) = -x(m, k), padded(m, k) = x(m, k);
  }
  for (index_t n = 0; n < 40; ++n) {
    for (index_t k = 0; k < 48; ++k) dense(n, k) = value(w.view(), n, k);
  }
  auto scaled = w;
  for (float& scale : scaled.scales) scale *= 8.0f;
  expect(std::as_const(reversed), w, [&](index_t m, index_t n) { return y(5 - m, n); });
  expect(std::as_const(negated), w, [&](index_t m, index_t n) { return -y(m, n); });
  expect(x, scaled, [&](index_t m, index_t n) { return 8.0f * y(m, n); });
  expect(std::as_const(padded), std::as_const(dense), [&](index_t m, index_t n) { return y(m, n); });
}
