// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>

using namespace qfmt;
using namespace qfmt::test;

static_assert(!Operand<MatrixView<double>> && !Operand<MatrixView<Code<E4M3>>> && !Operand<float>);
static_assert(!Operand<QuantTensor<BlockScheme<NVFP4>>>);  // its view is one

namespace {

/// Every segment of every row, decoded with a step of 1 and of 3, has the bits of value(), and nothing
/// around it is written.
template <Operand O>
Violations segments(O const& operand) {
  Violations found{"decode_row gives the bits of value"};
  Shape const shape = shape_of(operand);
  for (index_t row = 0; row < shape.rows; ++row) {
    for (index_t first = 0; first <= shape.cols; ++first) {
      for (index_t const count : {index_t{0}, index_t{1}, index_t{2}, index_t{5}, index_t{40}, shape.cols - first}) {
        if (first + count > shape.cols) continue;
        constexpr float untouched = -12345.0f;
        std::vector<float> dense(static_cast<std::size_t>(count + 1), untouched);
        std::vector<float> spread(static_cast<std::size_t>(3 * count + 1), untouched);
        decode_row(operand, row, first, count, dense.data());
        decode_row<3>(operand, row, first, count, spread.data());
        bool same = dense.back() == untouched;
        for (index_t i = 0; i < 3 * count + 1; ++i) {
          float const x = spread[static_cast<std::size_t>(i)];
          if (i % 3 != 0 || i == 3 * count) {
            same = same && x == untouched;
          } else {
            auto const expected = same_nan_bits(value(operand, row, first + i / 3));
            same = same && same_nan_bits(x) == expected && same_nan_bits(dense[static_cast<std::size_t>(i / 3)]) == expected;
          }
        }
        found.expect(same, [&] { return "row " + std::to_string(row) + ", " + std::to_string(count) + " from " + std::to_string(first); });
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("quantized rows decode to the bits of their elements, from any column") {
  GemmSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    for (index_t const cols : {1, 2, 33, 70, 131}) {
      auto const tensor = quantized<S>({3, cols}, 5);
      expect_held(segments(tensor.view()));
    }
  });
}

TEST_CASE("every format decodes, specials included") {
  auto const all_codes = []<class F>() {
    using S = QuantScheme<F, PerTensor>;
    CAPTURE(F::name);
    QuantTensor<S> tensor{{1, F::bits > 8 ? 300 : 1 << F::bits}};
    std::vector<Code<F>> codes;
    for (index_t i = 0; i < tensor.shape.cols; ++i) codes.push_back({static_cast<typename F::storage_type>(F::bits > 8 ? i * 218 : i)});
    pack<F>(codes.data(), tensor.shape.cols, tensor.codes.data(), tensor.row_bytes);
    tensor.scales[0] = 0.75f;
    std::vector<float> out(codes.size());
    decode_row(tensor.view(), 0, 0, tensor.shape.cols, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(same_nan_bits(out[i]) == same_nan_bits(decode(codes[i]) * 0.75f));
  };
  FloatFormats::for_each(all_codes);
  IntegerFormats::for_each(all_codes);
  CodebookFormats::for_each(all_codes);
}

TEST_CASE("the view agrees with bits taken out one by one") {
  GemmSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    auto const tensor = quantized<S>({130, 150}, 6);
    auto const expected = expected_values(tensor);
    for (index_t r = 0; r < 130; ++r) {
      for (index_t c = 0; c < 150; ++c) {
        if (same_nan_bits(value(tensor.view(), r, c)) != same_nan_bits(expected(r, c))) FAIL_CHECK(r, ", ", c);
      }
    }
  });
}

TEST_CASE("dense rows decode through their stride") {
  auto const of = []<class T>() {
    Matrix<T> const m = normal_matrix<T>({4, 50}, 7);
    MatrixView<T const> const part{m.values.data() + 3, {4, 41}, 50};
    CHECK(shape_of(part) == Shape{4, 41});
    CHECK(same_nan_bits(value(part, 2, 5)) == same_nan_bits(to_float(m(2, 8))));
    expect_held(segments(part));
  };
  of.template operator()<float>();
  of.template operator()<Code<BF16>>();
  of.template operator()<Code<FP16>>();
}
