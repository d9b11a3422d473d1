// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <support/laws/expect.hpp>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/tensor/calibrator.hpp>

// What holds for the lifecycle of every scheme S and type T of tensors. A lifecycle is anything with
//
//     Frozen<S> calibrate(batches)          from all of them, in one go
//     Frozen<S> calibrate_apart(batches)    each by a calibrator of its own, then merged backwards
//     QuantTensor<S> quantize(frozen, matrix)

namespace qfmt::test::laws {

template <Scheme S, Real T>
struct Lifecycle {
  using Batches = std::vector<Matrix<T>>;

  static Calibrator<S, T> calibrator_for(Batches const& batches) {
    return Calibrator<S, T>{batches.front().shape};
  }
  static Frozen<S> calibrate(Batches const& batches) {
    Calibrator<S, T> calibrator = calibrator_for(batches);
    for (auto const& batch : batches) (void)calibrator.observe(batch.view());
    return *std::move(calibrator).freeze();
  }
  static Frozen<S> calibrate_apart(Batches const& batches) {
    Calibrator<S, T> all = calibrator_for(batches);
    for (std::size_t i = batches.size(); i-- > 0;) {
      Calibrator<S, T> one = calibrator_for(batches);
      (void)one.observe(batches[i].view());
      (void)all.merge(one);
    }
    return *std::move(all).freeze();
  }
  static QuantTensor<S> quantize(Frozen<S> const& frozen, Matrix<T> const& matrix) {
    return *frozen.quantize(matrix.view());
  }
};

/// Batches of 20 columns; of the same number of rows where S needs it. The size of values differs
/// from batch to batch and from column to column, and some are zero.
template <Scheme S, Real T>
std::vector<Matrix<T>> sample_batches(std::uint64_t seed) {
  Samples samples{seed};
  std::vector<Matrix<T>> batches;
  for (int i = 0; i < 5; ++i) {
    int const rows = AnyRowsScheme<S> ? samples.integer(1, 9) : 8;
    float const size = static_cast<float>(samples.integer(1, 40));
    Matrix<T> batch{{rows, 20}};
    for (index_t r = 0; r < rows; ++r) {
      for (index_t c = 0; c < 20; ++c) {
        float const x = samples.normal() * size * static_cast<float>(1 + c);
        batch(r, c) = from_float<T>(samples.integer(0, 9) == 0 ? 0.0f : x);
      }
    }
    batches.push_back(batch);
  }
  return batches;
}

/// Calibrated on one matrix, that matrix becomes what quantize() makes of it alone.
template <Scheme S, Real T, class L>
Violations one_batch_is_quantize(L const& lifecycle) {
  Violations found{"calibrated on itself, a matrix is quantized as on its own"};
  for (auto const& matrix : sample_batches<S, T>(61)) {
    auto const expected = *quantize_with<S, T>(matrix.view(), fit_global<S, T>(matrix.view()));
    auto const calibrated = lifecycle.quantize(lifecycle.calibrate({matrix}), matrix);
    found.expect(calibrated == expected,
                 [&] { return std::to_string(matrix.shape.rows) + " rows differ"; });
  }
  return found;
}

/// All batches count, and neither their order nor their calibrator matters.
template <Scheme S, Real T, class L>
Violations batches_accumulate(L const& lifecycle) {
  Violations found{"batches accumulate"};
  auto batches = sample_batches<S, T>(62);
  auto const expected = lifecycle.calibrate(batches);
  if constexpr (AnyRowsScheme<S>) {
    Matrix<T> all{{0, 20}};
    for (auto const& batch : batches) {
      all.shape.rows += batch.shape.rows;
      all.values.insert(all.values.end(), batch.values.begin(), batch.values.end());
    }
    found.expect(lifecycle.calibrate({all}) == expected, [] { return "one large batch differs"; });
  }
  found.expect(lifecycle.calibrate_apart(batches) == expected, [] { return "merged differs"; });
  std::reverse(batches.begin(), batches.end());
  found.expect(lifecycle.calibrate(batches) == expected, [] { return "reversed differs"; });
  std::rotate(batches.begin(), batches.begin() + 2, batches.end());
  found.expect(lifecycle.calibrate(batches) == expected, [] { return "rotated differs"; });
  return found;
}

/// Whatever the matrix, each of its codes is that of its value under the frozen parameters.
template <Scheme S, Real T, class L>
Violations frozen_parameters_decide(L const& lifecycle) {
  Violations found{"codes are those of the frozen parameters"};
  auto const frozen = lifecycle.calibrate(sample_batches<S, T>(63));
  for (auto const& matrix : sample_batches<S, T>(64)) {
    auto const quantized = lifecycle.quantize(frozen, matrix);
    found.expect(quantized.global == frozen.global(), [] { return "another tensor part"; });
    if constexpr (LocalScheme<S>) {
      auto const expected = *quantize_with<S, T>(matrix.view(), frozen.global());
      found.expect(quantized == expected, [] { return "other tiles"; });
    } else {
      for (index_t r = 0; r < matrix.shape.rows; ++r) {
        for (index_t c = 0; c < matrix.shape.cols; ++c) {
          auto const tile = static_cast<std::size_t>(quantized.view().scale_index(r, c));
          float zero_point = 0.0f;
          if constexpr (S::has_zero_point)
            zero_point = static_cast<float>(frozen.zero_points()[tile]);
          float const prepared = S::Policy::template prepare<typename S::Profile>(
              frozen.scales()[tile], frozen.global());
          auto const expected =
              quantize_value<typename S::Format, typename S::Policy, typename S::Profile, T>(
                  to_float(matrix(r, c)), prepared, zero_point);
          found.expect(quantized.view().code(r, c) == expected, [&] {
            return "row " + std::to_string(r) + ", column " + std::to_string(c) + ": got code " +
                   std::to_string(quantized.view().code(r, c).bits);
          });
        }
      }
    }
  }
  return found;
}

/// A scheme and the type of tensors that it is calibrated on, for lists.
template <Scheme S, Real T>
struct Case {
  using Scheme = S;
  using Type = T;
};

/// The library's lifecycle keeps all of them.
template <Scheme S, Real T>
void check_lifecycle() {
  Lifecycle<S, T> const lifecycle;
  expect_held(one_batch_is_quantize<S, T>(lifecycle));
  expect_held(batches_accumulate<S, T>(lifecycle));
  expect_held(frozen_parameters_decide<S, T>(lifecycle));
}

}  // namespace qfmt::test::laws
