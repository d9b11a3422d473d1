// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <gemm/laws.hpp>

namespace qfmt::test {

std::uint32_t amax_bits(MatrixView<float const> x, index_t row) {
  std::uint32_t most = 0;
  for (index_t k = 0; k < x.shape.cols; ++k) most = (std::max)(most, magnitude_bits(x(row, k)));
  return most;
}

std::string show(Shape s) { return std::to_string(s.rows) + " x " + std::to_string(s.cols); }

namespace {

template <Real Y>
struct GuardedOutput {
  static constexpr index_t guard = 64;
  Shape shape;
  index_t stride;
  std::vector<unsigned char> bytes;

  GuardedOutput(Shape s, unsigned char fill)
      : shape{s}, stride{s.cols + 3}, bytes(static_cast<std::size_t>(s.rows * stride + 2 * guard) * sizeof(Y), fill) {}

  MatrixView<Y> view() { return {reinterpret_cast<Y*>(bytes.data()) + guard, shape, stride}; }

  [[nodiscard]] bool untouched_outside(unsigned char fill) const {
    std::vector<unsigned char> copy = bytes;
    for (index_t r = 0; r < shape.rows; ++r) {
      auto const row = copy.begin() + (guard + r * stride) * static_cast<index_t>(sizeof(Y));
      std::fill_n(row, shape.cols * static_cast<index_t>(sizeof(Y)), fill);
    }
    return std::all_of(copy.begin(), copy.end(), [fill](unsigned char b) { return b == fill; });
  }
};

}  // namespace

template <Real Y>
void expect_outputs(Violations& found, Matrix<Y> const& expected, Product<Y> product) {
  Shape const shape = expected.shape;
  for (unsigned char const fill : {static_cast<unsigned char>(0xFF), static_cast<unsigned char>(0)}) {
    GuardedOutput<Y> out{shape, fill};
    Status const status = product(out.view());
    found.expect(status == Status::ok, [&] { return show(shape) + ": " + name(status); });
    found.expect(out.untouched_outside(fill), [&] { return show(shape) + ": wrote outside"; });
    for (index_t m = 0; m < shape.rows; ++m) {
      for (index_t n = 0; n < shape.cols; ++n) {
        Y const y = out.view()(m, n);
        found.expect(same_nan_bits(y) == same_nan_bits(expected(m, n)), [&] {
          return show(shape) + " at (" + std::to_string(m) + ", " + std::to_string(n) + "): " + std::to_string(to_float(y)) + " instead of " +
                 std::to_string(to_float(expected(m, n)));
        });
      }
    }
  }
}
template void expect_outputs(Violations&, Matrix<float> const&, Product<float>);
template void expect_outputs(Violations&, Matrix<Code<BF16>> const&, Product<Code<BF16>>);
template void expect_outputs(Violations&, Matrix<Code<FP16>> const&, Product<Code<FP16>>);

namespace detail {

Violations one_hot_probe(char const* name, Matrix<float> const& expected, ProductOf product) {
  Violations found{std::string{name} + ": one-hot rows give the weights"};
  Matrix<float> identity{{expected.shape.cols, expected.shape.cols}};
  for (index_t k = 0; k < expected.shape.cols; ++k) identity(k, k) = 1.0f;
  Matrix<float> transposed{{expected.shape.cols, expected.shape.rows}};
  for (index_t k = 0; k < expected.shape.cols; ++k) {
    for (index_t n = 0; n < expected.shape.rows; ++n) transposed(k, n) = expected(n, k) + 0.0f;  // a sum begins with +0: no -0
  }
  expect_outputs<float>(found, transposed, [&](MatrixView<float> y) { return product(std::as_const(identity).view(), y); });
  return found;
}

Violations exact_sums(char const* name, Matrix<float> const& x, Matrix<float> const& w, Product<float> product) {
  Violations found{std::string{name} + ": exact sums are exact"};
  Matrix<float> expected{{x.shape.rows, w.shape.rows}};
  for (index_t m = 0; m < expected.shape.rows; ++m) {
    for (index_t n = 0; n < expected.shape.cols; ++n) {
      double sum = 0;
      for (index_t k = 0; k < x.shape.cols; ++k) sum += static_cast<double>(x(m, k)) * static_cast<double>(w(n, k));
      expected(m, n) = static_cast<float>(sum);
    }
  }
  expect_outputs(found, expected, product);
  return found;
}

template <Real Y>
Violations like_the_reference(char const* name, Matrix<float> const& x, Matrix<float> const& w, Bias bias, Product<Y> product) {
  Violations found{std::string{name} + ": the bits of the reference"};
  Matrix<Y> expected{{x.shape.rows, w.shape.rows}};
  Status const status = gemm_with(ReferenceGemm{}, x.view(), w.view(), expected.view(), bias);
  found.expect(status == Status::ok, [&] { return std::string{"reference: "} + qfmt::name(status); });
  expect_outputs(found, expected, product);
  return found;
}
template Violations like_the_reference(char const*, Matrix<float> const&, Matrix<float> const&, Bias, Product<float>);
template Violations like_the_reference(char const*, Matrix<float> const&, Matrix<float> const&, Bias, Product<Code<BF16>>);
template Violations like_the_reference(char const*, Matrix<float> const&, Matrix<float> const&, Bias, Product<Code<FP16>>);

template <Real Y>
Violations within_the_bound(char const* name, Matrix<float> const& x, Matrix<float> const& w, Product<Y> product) {
  Violations found{std::string{name} + ": within (K + 2) 2^-24 S"};
  Matrix<Y> y{{x.shape.rows, w.shape.rows}};
  Status const status = product(y.view());
  found.expect(status == Status::ok, [&] { return std::string{qfmt::name(status)}; });
  auto const rounded_to_output = [](double c) {
    if constexpr (same_as<Y, float>) {
      return static_cast<float>(c);
    } else {
      return decode(encode<typename Y::Format, NearestEven, ToSpecial>(c));
    }
  };
  for (index_t m = 0; m < y.shape.rows; ++m) {
    for (index_t n = 0; n < y.shape.cols; ++n) {
      double c = 0;
      double s = 0;
      for (index_t k = 0; k < x.shape.cols; ++k) {
        double const one = static_cast<double>(x(m, k)) * static_cast<double>(w(n, k));
        c += one;
        s += std::fabs(one);
      }
      double const t = std::ldexp(static_cast<double>(x.shape.cols + 2) * s, -24);
      float const out = to_float(y(m, n));
      found.expect(rounded_to_output(c - t) <= out && out <= rounded_to_output(c + t), [&] {
        return std::to_string(out) + " instead of " + std::to_string(c) + " +- " + std::to_string(t);
      });
    }
  }
  return found;
}
template Violations within_the_bound(char const*, Matrix<float> const&, Matrix<float> const&, Product<float>);
template Violations within_the_bound(char const*, Matrix<float> const&, Matrix<float> const&, Product<Code<BF16>>);
template Violations within_the_bound(char const*, Matrix<float> const&, Matrix<float> const&, Product<Code<FP16>>);

Violations keeps_the_promise(char const* name, Accuracy accuracy, double roundings, Matrix<float> const& x, Matrix<float> const& w,
                             Product<float> product) {
  Violations found{std::string{name} + ": within the bound of " + qfmt::name(accuracy)};
  constexpr double steps[] = {1.0 / 254, 1.0 / 254, 0x1p-9, 1.01 * 0x1p-15, 1.01 * 0x1p-23};
  double const step = steps[static_cast<int>(accuracy)];
  bool const by_block = accuracy == Accuracy::A8Block;
  Matrix<float> y{{x.shape.rows, w.shape.rows}};
  Status const status = product(y.view());
  found.expect(status == Status::ok, [&] { return std::string{qfmt::name(status)}; });
  for (index_t m = 0; m < y.shape.rows; ++m) {
    double const amax = (std::max)(0x1p-100, static_cast<double>(bit_cast<float>(amax_bits(x.view(), m))));
    for (index_t n = 0; n < y.shape.cols; ++n) {
      double exact = 0, total = 0, of_blocks = 0, of_block = 0;
      for (index_t k = 0; k < x.shape.cols; ++k) {
        if (by_block && k % 32 == 0) {
          of_block = 0x1p-100;
          for (index_t i = k; i < (std::min)(k + 32, x.shape.cols); ++i) of_block = (std::max)(of_block, std::fabs(static_cast<double>(x(m, i))));
        }
        of_blocks += of_block * std::fabs(static_cast<double>(w(n, k)));
        exact += static_cast<double>(x(m, k)) * static_cast<double>(w(n, k));
        total += std::fabs(static_cast<double>(w(n, k)));
      }
      double const bound = step * (by_block ? of_blocks : amax * total) + roundings * 0x1p-24 * amax * total;
      found.expect(std::fabs(static_cast<double>(y(m, n)) - exact) <= bound, [&] {
        return std::to_string(y(m, n)) + " instead of " + std::to_string(exact) + " +- " + std::to_string(bound);
      });
    }
  }
  return found;
}

}  // namespace detail

}  // namespace qfmt::test
