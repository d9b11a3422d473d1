// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <support/executors.hpp>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/tensor/quantize.hpp>

// What holds for every scheme when a matrix is quantized. The laws are written against
// AnyQuantizer, which forgets the scheme, so that they are compiled once. A sabotaged quantizer is
// made by changing the result.

namespace qfmt::test::laws {

/// A quantized matrix, unpacked.
struct Quantized {
  bool ok = false;
  std::string error = {};
  std::vector<std::uint32_t> codes = {};  // (N, K)
  std::vector<std::uint8_t> bytes = {};   // packed
  std::vector<std::uint32_t> stored_scales = {};
  std::vector<float> scales = {};  // of each element, as a number
  std::vector<int> zero_points = {};
  std::vector<float> values = {};  // (N, K), dequantized
  float encode_scale = 1.0f;       // of the tensor, if it has one

  /// Whether everything that is stored is the same.
  friend bool operator==(Quantized const& a, Quantized const& b) {
    return a.ok == b.ok && a.bytes == b.bytes && a.stored_scales == b.stored_scales &&
           a.zero_points == b.zero_points && a.encode_scale == b.encode_scale;
  }
};

enum class How : std::uint8_t { serial, reversed, threads };

struct AnyQuantizer {
  std::string name;
  index_t tile_rows, tile_cols;  // 0: the whole side
  int bits;
  bool is_float;
  double relative_error, absolute_error;  // of the format, rounding to nearest
  double lowest, highest;
  /// With the scales of this tensor part, or of the matrix itself if it is null.
  std::function<Quantized(Matrix<float> const&, How, float const* encode_scale)> run;

  [[nodiscard]] Quantized operator()(Matrix<float> const& matrix) const {
    return run(matrix, How::serial, nullptr);
  }
};

template <class S>
void leave_alone(QuantTensor<S>& /*tensor*/) {}

template <class S>
Quantized unpacked(Result<QuantTensor<S>> result, void (*change)(QuantTensor<S>&)) {
  if (!result)
    return {false, result.error().to_string()};
  change(*result);
  Quantized out{true};
  auto const view = result->view();
  out.bytes = result->codes;
  for (auto const& scale : result->scales) {
    if constexpr (requires { scale.bits; }) {
      out.stored_scales.push_back(scale.bits);
    } else {
      out.stored_scales.push_back(std::bit_cast<std::uint32_t>(scale));
    }
  }
  for (auto const zero_point : result->zero_points) out.zero_points.push_back(zero_point);
  for (index_t r = 0; r < view.shape.rows; ++r) {
    for (index_t c = 0; c < view.shape.cols; ++c) {
      out.codes.push_back(view.code(r, c).bits);
      out.scales.push_back(view.scale(r, c));
      out.values.push_back(view(r, c));
    }
  }
  if constexpr (S::has_global)
    out.encode_scale = result->global.encode_scale;
  return out;
}

/// What is known of a quantizer for scheme S; how it runs is missing.
template <class S>
AnyQuantizer described() {
  using F = typename S::Format;
  AnyQuantizer quantizer{std::string{F::name} + ", " + S::Policy::name + ", " + S::Profile::name,
                         S::Granularity::rows,
                         S::Granularity::cols,
                         F::bits,
                         FloatFormat<F>,
                         0.0,
                         0.0,
                         static_cast<double>(min_value<F>()),
                         static_cast<double>(max_value<F>()),
                         {}};
  if constexpr (FloatFormat<F>) {
    double const u = std::ldexp(1.0, -F::mantissa_bits - 1);
    quantizer.relative_error = u / (1 + u);
    quantizer.absolute_error = std::ldexp(0.5, F::min_exponent - F::mantissa_bits);
  } else if constexpr (IntegerFormat<F>) {
    quantizer.absolute_error = std::ldexp(0.5, -F::spec.fraction_bits);
  }
  return quantizer;
}

/// The library's quantizer for scheme S and tensors of T, with its result changed by `change`.
/// Executors beyond the serial one are compiled in if WithExecutors.
template <class S, class T = float, bool WithExecutors = false>
AnyQuantizer any_quantizer(void (*change)(QuantTensor<S>&) = &leave_alone<S>) {
  AnyQuantizer quantizer = described<S>();
  quantizer.run = [change](Matrix<float> const& matrix, How how, float const* encode_scale) {
    Matrix<T> typed{matrix.shape};
    for (std::size_t i = 0; i < typed.values.size(); ++i)
      typed.values[i] = from_float<T>(matrix.values[i]);
    MatrixView<T const> const view = std::as_const(typed).view();
    typename S::Global global{};
    bool fixed = encode_scale != nullptr;
    if constexpr (S::has_global) {
      if (fixed)
        global.encode_scale = *encode_scale;
    }
    auto const quantize_by = [&](auto const& executor) {
      return fixed ? quantize_with<S, T>(view, global, executor) : quantize<S, T>(view, executor);
    };
    if constexpr (WithExecutors) {
      if (how == How::reversed)
        return unpacked<S>(quantize_by(Reversed{}), change);
      if (how == How::threads)
        return unpacked<S>(quantize_by(Threads{}), change);
    }
    return unpacked<S>(quantize_by(Serial{}), change);
  };
  return quantizer;
}

inline std::string at(Shape shape, std::size_t i) {
  return "row " + std::to_string(static_cast<index_t>(i) / shape.cols) + ", column " +
         std::to_string(static_cast<index_t>(i) % shape.cols);
}

/// Which tile an element belongs to.
inline index_t tile_of(AnyQuantizer const& q, Shape shape, index_t row, index_t col) {
  index_t const tiles_across = q.tile_cols == 0 ? 1 : ceil_div(shape.cols, q.tile_cols);
  return (q.tile_rows == 0 ? 0 : row / q.tile_rows) * tiles_across +
         (q.tile_cols == 0 ? 0 : col / q.tile_cols);
}

/// The result does not depend on the executor. For quantizers made WithExecutors.
inline Violations executor_independent(AnyQuantizer const& q) {
  Violations found{q.name + ": independent of the executor"};
  for (Shape const shape :
       {Shape{1, 64}, Shape{3, 32}, Shape{65, 48}, Shape{200, 33}, Shape{300, 160}}) {
    auto const matrix = normal_matrix(shape, 71);
    auto const expected = q.run(matrix, How::serial, nullptr);
    for (How const how : {How::reversed, How::threads}) {
      for (int repeat = 0; repeat < 3; ++repeat) {
        found.expect(expected.ok && q.run(matrix, how, nullptr) == expected,
                     [&] { return std::to_string(shape.rows) + " rows"; });
      }
    }
  }
  return found;
}

/// Changing one tile changes nothing that is stored for another, if the tensor's part is fixed.
inline Violations tiles_are_independent(AnyQuantizer const& q) {
  Violations found{q.name + ": tiles are independent"};
  Shape const shape{7, 75};
  auto matrix = normal_matrix(shape, 72);
  float const encode_scale = 100.0f;
  auto const before = q.run(matrix, How::serial, &encode_scale);
  for (index_t const row : {0, 2, 6}) {
    for (index_t const col : {0, 15, 16, 40, 74}) {
      auto changed = matrix;
      index_t const tile = tile_of(q, shape, row, col);
      for (index_t r = 0; r < shape.rows; ++r) {
        for (index_t c = 0; c < shape.cols; ++c) {
          if (tile_of(q, shape, r, c) == tile)
            changed(r, c) = 7.0f * changed(r, c) + 1.0f;
        }
      }
      auto const after = q.run(changed, How::serial, &encode_scale);
      bool others_same = true;
      bool this_changed = false;
      for (index_t r = 0; r < shape.rows; ++r) {
        for (index_t c = 0; c < shape.cols; ++c) {
          auto const i = static_cast<std::size_t>(r * shape.cols + c);
          bool const same =
              before.codes[i] == after.codes[i] && before.scales[i] == after.scales[i];
          if (tile_of(q, shape, r, c) == tile) {
            this_changed = this_changed || !same;
          } else {
            others_same = others_same && same;
          }
        }
      }
      found.expect(others_same && this_changed, [&] {
        return "tile of row " + std::to_string(row) + ", column " + std::to_string(col);
      });
    }
  }
  return found;
}

/// Permuting the elements of a tile permutes their codes and leaves its scale. For tiles of one
/// row.
inline Violations permutes_with_its_input(AnyQuantizer const& q) {
  Violations found{q.name + ": permutation inside of a tile"};
  Shape const shape{4, 128};
  auto matrix = normal_matrix(shape, 73);
  auto reversed = matrix;
  index_t const width = q.tile_cols == 0 ? shape.cols : q.tile_cols;
  auto const partner = [&](index_t c) {
    index_t const first = c / width * width;
    index_t const last = std::min(first + width, shape.cols) - 1;
    return first + (last - c);
  };
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c) reversed(r, c) = matrix(r, partner(c));
  }
  auto const a = q(matrix);
  auto const b = q(reversed);
  found.expect(a.stored_scales == b.stored_scales && a.zero_points == b.zero_points,
               [] { return std::string{"scales"}; });
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c) {
      auto const i = static_cast<std::size_t>(r * shape.cols + c);
      auto const j = static_cast<std::size_t>(r * shape.cols + partner(c));
      found.expect(a.codes[j] == b.codes[i], [&] { return at(shape, i); });
    }
  }
  return found;
}

/// Quantizing what was dequantized changes no value.
inline Violations idempotent(AnyQuantizer const& q) {
  Violations found{q.name + ": idempotent"};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Matrix<float> const matrix = normal_matrix({16, 128}, 100 + seed);
    auto const once = q(matrix);
    Matrix<float> again{matrix.shape};
    again.values = once.values;
    auto const twice = q(again);
    for (std::size_t i = 0; i < once.values.size(); ++i) {
      found.expect(twice.values[i] == once.values[i], [&] {
        return at(matrix.shape, i) + ": " + std::to_string(once.values[i]) + " became " +
               std::to_string(twice.values[i]);
      });
    }
  }
  return found;
}

/// A matrix 2^k times as large has the same codes and zero points, and values 2^k times as large.
inline Violations scales_with_powers_of_two(AnyQuantizer const& q) {
  Violations found{q.name + ": scaling by powers of two"};
  auto const matrix = normal_matrix({9, 96}, 74);
  auto const before = q(matrix);
  for (int const k : {-20, -3, 1, 5, 20}) {
    auto scaled = matrix;
    for (float& x : scaled.values) x = std::ldexp(x, k);
    auto const after = q(scaled);
    found.expect(after.bytes == before.bytes && after.zero_points == before.zero_points,
                 [&] { return "codes, times 2^" + std::to_string(k); });
    for (std::size_t i = 0; i < matrix.values.size(); ++i) {
      found.expect(after.values[i] == std::ldexp(before.values[i], k),
                   [&] { return at(matrix.shape, i) + ", times 2^" + std::to_string(k); });
    }
  }
  return found;
}

/// Negating the matrix negates the values. For formats that are symmetric, under symmetric
/// policies.
inline Violations negates_with_its_input(AnyQuantizer const& q) {
  Violations found{q.name + ": sign"};
  auto matrix = normal_matrix({9, 96}, 75);
  auto const plus = q(matrix);
  for (float& x : matrix.values) x = -x;
  auto const minus = q(matrix);
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    found.expect(minus.values[i] == -plus.values[i], [&] { return at(matrix.shape, i); });
  }
  return found;
}

/// Per element, with scale s and the format's errors u / (1 + u) (relative) and h (absolute):
///
///     |q - x| <= max(u / (1 + u) |x|, s h, clip)
///
/// where clip is how far x lies outside of s * [lowest, highest].
///
/// up to the rounding of quotient and product to binary32 (or `step`, the unit roundoff of the
/// tensor's type, where the profile calculates in that). Not for codebooks.
inline Violations error_is_bounded(AnyQuantizer const& q, double step = 0x1p-24) {
  Violations found{q.name + ": error of each element"};
  double largest = 0.0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (Shape const shape : {Shape{17, 130}, Shape{1, 7}, Shape{33, 64}}) {
      auto const matrix = normal_matrix(shape, 200 + seed);
      auto const result = q(matrix);
      for (std::size_t i = 0; i < matrix.values.size(); ++i) {
        auto const x = static_cast<double>(matrix.values[i]);
        auto const scale = static_cast<double>(result.scales[i]);
        double zero_point = 0.0;
        if (!result.zero_points.empty()) {
          auto const row = static_cast<index_t>(i) / shape.cols;
          auto const col = static_cast<index_t>(i) % shape.cols;
          zero_point = result.zero_points[static_cast<std::size_t>(tile_of(q, shape, row, col))];
        }
        double const above = x - scale * (q.highest - zero_point);
        double const below = scale * (q.lowest - zero_point) - x;
        double const clip = std::fmax(0.0, std::fmax(above, below));
        // The quotient, the sum with the zero point and the product are each off by one rounding.
        double const slack =
            4 * step * (std::fabs(x) + scale * std::fabs(zero_point)) + step * scale;
        double const bound =
            std::fmax(std::fmax(q.relative_error * std::fabs(x), scale * q.absolute_error), clip) +
            slack;
        double const error = std::fabs(static_cast<double>(result.values[i]) - x);
        largest = std::fmax(largest, error / bound);
        found.expect(error <= bound, [&] {
          return at(shape, i) + ": " + std::to_string(error / bound) + " of the bound";
        });
      }
    }
  }
  found.expect(largest > 0.9, [&] { return "the bound is not tight: " + std::to_string(largest); });
  return found;
}

/// Zeros stay zeros, of any shape; spare bits and padding are zero.
inline Violations zeros_and_padding(AnyQuantizer const& q) {
  Violations found{q.name + ": zeros and padding"};
  for (Shape const shape : {Shape{1, 1}, Shape{1, 37}, Shape{5, 64}, Shape{3, 129}}) {
    auto const result = q(Matrix<float>{shape});
    bool all_zero = result.ok;
    for (float const x : result.values) all_zero = all_zero && x == 0.0f;
    for (float const x : result.scales) all_zero = all_zero && std::isfinite(x) && x > 0.0f;
    found.expect(all_zero, [&] { return std::to_string(shape.cols) + " columns of zeros"; });

    Matrix<float> ones{shape, 1.0f};
    auto const full = q(ones);
    auto const row_bytes = static_cast<index_t>(full.bytes.size()) / shape.rows;
    bool clean = full.ok;
    for (index_t r = 0; r < shape.rows; ++r) {
      for (index_t bit = shape.cols * q.bits; bit < 8 * row_bytes; ++bit) {
        clean =
            clean &&
            (full.bytes[static_cast<std::size_t>(r * row_bytes + bit / 8)] >> (bit % 8) & 1) == 0;
      }
    }
    found.expect(clean, [&] { return std::to_string(shape.cols) + " columns: padding"; });
  }
  return found;
}

}  // namespace qfmt::test::laws
