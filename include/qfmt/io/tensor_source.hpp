// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <vector>

#include <qfmt/io/tensor_info.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt::io {

/// Anything that tensors can be read from by name.
template <class Source>
concept TensorSource = requires(Source const& source, std::string const& tensor,
                                std::span<std::byte> into) {
  { source.find(tensor)->dtype } -> std::convertible_to<Dtype>;
  { source.find(tensor)->shape } -> std::convertible_to<std::vector<uint64_t>>;
  { source.read(*source.find(tensor), into) } -> std::same_as<Result<void>>;
};

}  // namespace qfmt::io
