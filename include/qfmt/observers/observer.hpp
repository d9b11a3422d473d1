// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>

#include <qfmt/scaling/range.hpp>

namespace qfmt {

/// An observer watches the values of ONE tile and says which range of them a scale should cover.
///
///     observe(values)   takes more values of the tile, in any order and in any number of pieces
///     merge(other)      as if this observer had also seen everything that `other` has
///     range()           the range; {0, 0} before anything was seen
///
/// Order must not matter and merging must be associative: then any split of the data over threads
/// or batches gives the same result, bit for bit. A NaN or an infinity among the values makes the
/// range not finite.
template <class O>
concept Observer = std::default_initializable<O> && std::copyable<O> &&
    requires(O observer, O const& other, std::span<float const> values) {
  observer.observe(values);
  observer.merge(other);
  { other.range() } -> std::same_as<Range>;
  { O::name } -> std::convertible_to<char const*>;
};

}  // namespace qfmt
