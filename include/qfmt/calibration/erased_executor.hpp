// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <qfmt/core/parallel.hpp>

namespace qfmt::calibration {

/// Any executor, which somebody else owns; Serial without one. Costs an indirect call for each
/// range, and spares a copy of all that is compiled for each executor.
class ErasedExecutor {
 public:
  ErasedExecutor() = default;

  template <Executor E>
  explicit ErasedExecutor(E& executor)
      : run_{
            [&executor](index_t count, index_t grain, std::function<void(IndexRange)> const& body) {
              executor.for_each_range(count, grain, body);
            }} {}

  template <class Body>
  void for_each_range(index_t count, index_t grain, Body&& body) const {
    if (run_) {
      run_(count, grain, std::ref(body));
    } else {
      Serial{}.for_each_range(count, grain, body);
    }
  }

 private:
  std::function<void(index_t, index_t, std::function<void(IndexRange)> const&)> run_;
};

static_assert(Executor<ErasedExecutor const>);

}  // namespace qfmt::calibration
