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
///     merge(other)      as if what `other` has seen had followed what this observer has
///     range()           the range; {0, 0} before anything was seen
///
/// Merging is concatenation, bit for bit, and so associative. A NaN or an infinity among the values
/// makes the range not finite.
template <class O>
concept Observer = std::default_initializable<O> && std::copyable<O> &&
    requires(O observer, O const& other, std::span<float const> values) {
  observer.observe(values);
  observer.merge(other);
  { other.range() } -> std::same_as<Range>;
  { O::name } -> std::convertible_to<char const*>;
};

/// An observer for which it matters how the values are divided into batches, and in which order the
/// batches come. Within a batch order does not matter.
///
///     end_batch()   what comes next belongs to another batch
///
/// The values after the last end_batch() are a batch too, which is still open: merging joins it
/// with the first batch of the other.
template <class O>
concept BatchObserver = Observer<O> && requires(O observer) {
  observer.end_batch();
};

/// Every other one: any split of the data over threads or batches, in any order, gives the same
/// result.
template <class O>
concept OrderFreeObserver = Observer<O> && !BatchObserver<O>;

}  // namespace qfmt
