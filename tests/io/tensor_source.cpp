// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/io/checkpoint.hpp>
#include <qfmt/io/tensor_source.hpp>

#include "memory_source.hpp"

namespace {

/// Finds tensors, but cannot read them.
struct Index {
  [[nodiscard]] qfmt::io::TensorInfo const* find(std::string const&) const { return nullptr; }
};

}  // namespace

TEST_CASE("what layers can be loaded from") {
  CHECK(qfmt::io::TensorSource<qfmt::io::Checkpoint>);
  CHECK(qfmt::io::TensorSource<qfmt::io::SafetensorsFile>);
  CHECK(qfmt::io::TensorSource<samples::MemorySource>);
  CHECK_FALSE(qfmt::io::TensorSource<Index>);
}
