// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include <qfmt/calibration/model.hpp>
#include <qfmt/io/compressed_layer.hpp>

// Weights of models between calibration and files.

namespace qfmt::oneshot {

[[nodiscard]] inline io::Dtype weight_dtype(calibration::Weight const& weight) {
  return weight.visit([]<class T>(MatrixView<T const>) { return io::stored_dtype<T>(); });
}

[[nodiscard]] inline io::Bytes weight_bytes(calibration::Weight const& weight) {
  return weight.visit([]<class T>(MatrixView<T const> w) {
    return io::detail::to_bytes(w.data, static_cast<std::size_t>(w.shape.size()));
  });
}

/// Errors: unknown_dtype for other than F32, BF16 and F16; size_mismatch.
[[nodiscard]] inline Result<calibration::Weight> make_weight(io::Dtype dtype, Shape shape,
                                                             std::span<std::byte const> bytes) {
  Result<calibration::Weight> weight = Error{
      Status::unknown_dtype, std::string{"got "} + name(dtype) + ", expected F32, BF16 or F16"};
  auto const take = [&]<class T>() {
    std::vector<T> values(static_cast<std::size_t>(shape.size()));
    if (values.size() * sizeof(T) != bytes.size()) {
      weight =
          Error{Status::size_mismatch, "got " + std::to_string(bytes.size()) + " bytes, expected " +
                                           std::to_string(values.size() * sizeof(T))};
      return;
    }
    if (!bytes.empty())
      std::memcpy(values.data(), bytes.data(), bytes.size());
    weight = calibration::Weight{shape, std::move(values)};
  };
  switch (dtype) {
    case io::Dtype::F32:
      take.template operator()<float>();
      break;
    case io::Dtype::BF16:
      take.template operator()<Code<BF16>>();
      break;
    case io::Dtype::F16:
      take.template operator()<Code<FP16>>();
      break;
    default:
      break;
  }
  return weight;
}

}  // namespace qfmt::oneshot
