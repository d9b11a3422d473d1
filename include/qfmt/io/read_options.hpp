// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include <qfmt/core/config.hpp>

namespace qfmt::io {

/// How much is forgiven. Both refuse whatever could be read in two ways.
enum class Strictness : uint8_t {
  strict,  ///< what the format's text allows
  compat,  ///< also white space before the object, and tabs and newlines after it; see `warnings`
};

/// How files are read: what is forgiven, and how many tensors a file may have (too_many_tensors).
struct ReadOptions {
  Strictness strictness = Strictness::strict;
  std::size_t max_tensors = 1'000'000;
};

/// The largest number of entries of `__metadata__`.
inline constexpr std::size_t max_metadata_entries = 65'536;

using Metadata = std::map<std::string, std::string>;

}  // namespace qfmt::io
