// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <map>
#include <random>

#include <qfmt/calibration/activation_cache.hpp>
#include <qfmt/io/directory.hpp>

namespace qfmt::io {

/// Activations that do not fit into memory, in one file without a name: it is gone when the process
/// ends, however it ends. What is dropped leaves room for others of the same size, and activations of
/// a batch have one size between most parts of a model, so the file stays about as large as what is in it.
///
///     auto spill = FileSpill::create("/scratch");
///     if (!spill) return spill.error();
///     PipelineOptions options{.cache_budget = uint64_t{4} << 30, .spill = &*spill};
class FileSpill final : public calibration::Spill {
 public:
  /// In a directory that there is. Errors: io_open, io_no_space.
  [[nodiscard]] static Result<FileSpill> create(std::filesystem::path const& directory) {
    auto const parent = Directory::open(directory);
    if (!parent)
      return parent.error();
    std::random_device random;
    char name[64];
    std::snprintf(name, sizeof name, ".qfmt-spill-%ld-%08x%08x", static_cast<long>(::getpid()),
                  random(), random());
    auto file = File::create_at(parent->descriptor(), name, directory / name, 0600);
    if (!file)
      return file.error();
    ::unlinkat(parent->descriptor(), name, 0);
    return FileSpill{*std::move(file)};
  }

  /// Errors: io_no_space on a full disk; io_write. Nothing is kept of these bytes then.
  Result<uint64_t> write(std::span<std::byte const> bytes) override {
    uint64_t position = end_;
    auto const free = free_.find(bytes.size());
    if (free != free_.end())
      position = free->second;
    if (auto written = file_.write(position, bytes); !written)
      return written.error();
    if (free != free_.end())
      free_.erase(free);
    else
      end_ += bytes.size();
    kept_[next_] = {position, bytes.size()};
    return next_++;
  }

  /// Errors: invalid_argument for a number that is not there, or another size; io_read.
  Result<void> read(uint64_t number, std::span<std::byte> into) override {
    auto const found = kept_.find(number);
    if (found == kept_.end() || found->second.size != into.size())
      return Error{Status::invalid_argument,
                   detail::shown(file_.path()) + ": got number " + std::to_string(number) +
                       " and " + std::to_string(into.size()) + " bytes, which are not there"};
    return file_.read(found->second.position, into);
  }

  void drop(uint64_t number) override {
    auto const found = kept_.find(number);
    if (found == kept_.end())
      return;
    free_.emplace(found->second.size, found->second.position);
    kept_.erase(found);
  }

  /// The size of the file.
  [[nodiscard]] uint64_t size() const noexcept { return end_; }

 private:
  struct Piece {
    uint64_t position = 0;
    uint64_t size = 0;
  };

  explicit FileSpill(File file) : file_{std::move(file)} {}

  File file_;
  std::map<uint64_t, Piece> kept_;
  std::multimap<uint64_t, uint64_t> free_;  // by size, the position
  uint64_t next_ = 0;
  uint64_t end_ = 0;
};

}  // namespace qfmt::io
