// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <tensor/every_scheme.hpp>
#include <utility>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>
#include <qfmt/tensor/presets.hpp>

namespace qfmt::test {

/// What calibrating S on a matrix and quantizing this matrix gives.
template <class S>
laws::Quantized calibrated(Matrix<float> const& matrix, laws::How /*how*/,
                           float const* encode_scale) {
  Calibrator<S> calibrator{matrix.shape.cols};
  if (auto const seen = calibrator.observe(matrix.view()); !seen)
    return {false, seen.error().to_string()};
  auto const frozen =
      encode_scale == nullptr
          ? std::move(calibrator).freeze()
          : std::move(calibrator).freeze(typename S::Global{.encode_scale = *encode_scale});
  if (!frozen)
    return {false, frozen.error().to_string()};
  return laws::unpacked<S>(frozen->quantize(matrix.view()), &laws::leave_alone<S>);
}

template <class S>
SchemeCase case_of(std::string name, bool is_weight) {
  using F = typename S::Format;
  SchemeCase made{std::move(name), is_weight, LocalScheme<S>, {}, {}};
  if constexpr (LocalScheme<S>) {
    made.quantize = laws::described<S>();
    made.quantize.run = &calibrated<S>;
  } else {
    made.quantize = laws::any_quantizer<S>();
  }
  for (std::uint32_t bits = 0; bits < (1u << F::bits); ++bits) {
    float const level = decode(Code<F>{static_cast<typename F::storage_type>(bits)});
    if (is_finite(level))
      made.levels.push_back(static_cast<double>(level));
  }
  std::sort(made.levels.begin(), made.levels.end());
  made.levels.erase(std::unique(made.levels.begin(), made.levels.end()), made.levels.end());
  return made;
}

}  // namespace qfmt::test
