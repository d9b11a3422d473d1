// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

namespace qfmt {

/// What a kernel is told about a piece of its work: the half-open range of indices [begin, end).
struct IndexRange {
  index_t begin = 0;
  index_t end = 0;
};

/// An executor runs `body(IndexRange)` so that every index of [0, count) is covered exactly once,
/// and returns when all of it is done. Ranges start at multiples of `grain` and hold at most
/// `grain` indices; they may run at the same time and in any order.
///
/// Kernels write each result from one range only and never combine results of different ranges in
/// an order that the executor decides: what they compute does not depend on the executor.
template <class E>
concept Executor = requires(E& executor, index_t count, index_t grain, void (*body)(IndexRange)) {
  executor.for_each_range(count, grain, body);
};

/// The executor that runs everything in order on the calling thread.
struct Serial {
  template <class Body>
  constexpr void for_each_range(index_t count, index_t grain, Body&& body) const {
    for (index_t begin = 0; begin < count; begin += grain) {
      index_t const end = count - begin < grain ? count : begin + grain;
      body(IndexRange{begin, end});
    }
  }
};

static_assert(Executor<Serial>);
static_assert(Executor<Serial const>);

}  // namespace qfmt
