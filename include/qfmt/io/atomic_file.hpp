// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/temporary.hpp>

namespace qfmt::io {

/// What to do with an output that is there already.
enum class Existing : uint8_t {
  refuse,   ///< leave it, and fail with output_exists
  replace,  ///< put the new one in its place: readers see the old or the new, never a mixture
};

/// An output file that is complete or as it was before, whenever the process or the machine stops. As
/// AtomicDirectory, for one file.
class AtomicFile {
 public:
  /// Errors: output_exists, invalid_argument, io_open.
  static Result<AtomicFile> create(std::filesystem::path const& path,
                                   Existing existing = Existing::refuse) {
    auto destination = detail::Destination::of(path);
    if (!destination)
      return destination.error();
    if (auto cleaned = remove_stale(destination->parent, destination->name); !cleaned)
      return cleaned.error();
    if (existing == Existing::refuse && destination->parent.contains(destination->name))
      return destination->exists();
    auto temporary = detail::TemporaryName::choose(*std::move(destination));
    if (!temporary)
      return temporary.error();
    auto file =
        File::create_at(temporary->parent().descriptor(), temporary->name(), temporary->path());
    if (!file)
      return file.error();
    return AtomicFile{*std::move(temporary), *std::move(file), existing};
  }

  /// The open file. Its path() is the final one.
  [[nodiscard]] File const& file() const noexcept { return file_; }

  /// Synchronizes the file and gives it its final name.
  ///
  /// Errors: io_sync; io_rename; output_exists if the name has been taken meanwhile.
  Result<void> commit() {
    if (auto synced = file_.sync(); !synced)
      return synced;
    return temporary_.publish(existing_ == Existing::replace);
  }

 private:
  AtomicFile(detail::TemporaryName temporary, File file, Existing existing)
      : temporary_{std::move(temporary)}, file_{std::move(file)}, existing_{existing} {}

  detail::TemporaryName temporary_;
  File file_;
  Existing existing_;
};

/// Writes a whole file, complete or not at all. Errors: those of AtomicFile and of writing.
[[nodiscard]] inline Result<void> write_file(std::filesystem::path const& path,
                                             std::string_view text,
                                             Existing existing = Existing::refuse) {
  auto out = AtomicFile::create(path, existing);
  if (!out)
    return out.error();
  if (auto written = out->file().write(0, std::as_bytes(std::span{text})); !written)
    return written;
  return out->commit();
}

}  // namespace qfmt::io
