// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <qfmt/observers/mse.hpp>

namespace qfmt {

/// llm-compressor's observer of that name: |value - x|^3 in binary32, weighed by the importance of
/// the input column; ranges from the whole one down to a twentieth.
struct ImatrixMse
    : MseSearch<MseOptions{
          .steps = 20, .grid = 20.0, .norm = 3.0, .patience = 5, .wide_errors = true}> {
  static constexpr char const* name = "imatrix_mse";
};

/// llm-compressor's observer of that name.
struct NVFP4ExpandedImatrix
    : MseSearch<MseOptions{.steps = 112, .grid = 200.0, .expand = 1.8, .wide_errors = true}> {
  static constexpr char const* name = "nvfp4_expanded_imatrix";
};

/// How much the columns of a weight matter, from the inputs of its layer: the mean of x^2 over the
/// tokens, for each of K inputs. Sums in binary64; the order of tokens shows in its last bits only.
class ColumnImportance {
 public:
  explicit ColumnImportance(std::size_t columns) : sums_(columns) {}

  /// One token. Precondition: as many inputs as columns.
  void observe(std::span<float const> inputs) noexcept {
    for (std::size_t i = 0; i < sums_.size(); ++i)
      sums_[i] += static_cast<double>(inputs[i]) * static_cast<double>(inputs[i]);
    ++tokens_;
  }
  /// As if this one had also seen the tokens of `other`. Precondition: as many columns.
  void merge(ColumnImportance const& other) noexcept {
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i];
    tokens_ += other.tokens_;
  }

  [[nodiscard]] uint64_t tokens() const noexcept { return tokens_; }

  /// The means, (K); zeros before any token.
  [[nodiscard]] std::vector<float> means() const {
    std::vector<float> means(sums_.size());
    double const tokens = tokens_ == 0 ? 1.0 : static_cast<double>(tokens_);
    for (std::size_t i = 0; i < sums_.size(); ++i) means[i] = static_cast<float>(sums_[i] / tokens);
    return means;
  }

 private:
  std::vector<double> sums_;
  uint64_t tokens_ = 0;
};

static_assert(PatientSearch<ImatrixMse> && TileSearch<NVFP4ExpandedImatrix>);

}  // namespace qfmt
