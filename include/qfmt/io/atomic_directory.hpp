// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/temporary.hpp>

namespace qfmt::io {

/// An output directory that is complete or absent, whenever the process or the machine stops.
///
///     auto out = AtomicDirectory::create("model-NVFP4");
///     if (!out) return out.error();
///     if (auto done = out->write_file("config.json", text); !done) return done.error();
///     return out->commit();
///
/// Files are written in a temporary directory beside the final one; commit() renames it. Without
/// commit() the destructor removes it; what a killed run leaves, the next one for the same name removes.
class AtomicDirectory {
 public:
  /// Errors: output_exists if there is anything under this name; invalid_argument; io_open.
  static Result<AtomicDirectory> create(std::filesystem::path const& path) {
    auto destination = detail::Destination::of(path);
    if (!destination)
      return destination.error();
    if (auto cleaned = remove_stale(destination->parent, destination->name); !cleaned)
      return cleaned.error();
    if (destination->parent.contains(destination->name))
      return destination->exists();
    auto temporary = detail::TemporaryName::choose(*std::move(destination));
    if (!temporary)
      return temporary.error();
    if (::mkdirat(temporary->parent().descriptor(), temporary->name().c_str(), 0755) != 0) {
      return detail::system_error(Status::io_open, temporary->path(), "cannot create the directory",
                                  errno);
    }
    auto directory = Directory::open(temporary->parent().path() / temporary->name());
    if (!directory)
      return directory.error();
    return AtomicDirectory{*std::move(temporary), *std::move(directory)};
  }

  /// Where the output will be.
  [[nodiscard]] std::filesystem::path path() const { return temporary_.path(); }
  /// Where it is until then.
  [[nodiscard]] Directory const& directory() const noexcept { return directory_; }

  /// Makes an empty file, to be written and synchronized by the caller.
  ///
  /// Errors: unsafe_path for other than bare names; output_exists if the file has been made before.
  [[nodiscard]] Result<File> create_file(std::string const& name) const {
    if (!is_bare_name(name))
      return Error{Status::unsafe_path, detail::shown(path()) + ": got the file name " +
                                            qfmt::quoted(name) + ", expected a bare name"};
    return File::create_at(directory_.descriptor(), name, path() / name);
  }

  /// Writes a whole file. Errors: those of create_file and of writing.
  [[nodiscard]] Result<void> write_file(std::string const& name, std::string_view text) const {
    auto const file = create_file(name);
    if (!file)
      return file.error();
    if (auto written = file->write(0, std::as_bytes(std::span{text})); !written)
      return written;
    return file->sync();
  }

  /// Copies a file under its own name. Errors: those of Directory::open_file, create_file and copying.
  [[nodiscard]] Result<void> copy_file(std::filesystem::path const& source) const {
    auto const parent = Directory::open(source.has_parent_path() ? source.parent_path()
                                                                 : std::filesystem::path{"."});
    if (!parent)
      return parent.error();
    auto const from = parent->open_file(source.filename().string());
    if (!from)
      return from.error();
    auto const size = from->size();
    if (!size)
      return size.error();
    auto const to = create_file(source.filename().string());
    if (!to)
      return to.error();
    if (auto reserved = to->reserve(*size); !reserved)
      return reserved;
    std::vector<std::byte> chunk(static_cast<std::size_t>((std::min)(*size, uint64_t{1} << 20)));
    for (uint64_t at = 0; at < *size; at += chunk.size()) {
      std::span const part = std::span{chunk}.first(
          static_cast<std::size_t>((std::min)(*size - at, uint64_t{chunk.size()})));
      if (auto read = from->read(at, part); !read)
        return read;
      if (auto written = to->write(at, part); !written)
        return written;
    }
    return to->sync();
  }

  /// Gives the directory its final name. All files must have been synchronized. Nothing can be written
  /// afterwards.
  ///
  /// Errors: output_exists if the name has been taken meanwhile (it stays as it is); io_rename; io_sync.
  Result<void> commit() {
    if (auto synced = directory_.sync(); !synced)
      return synced;
    return temporary_.publish(false);
  }

 private:
  AtomicDirectory(detail::TemporaryName temporary, Directory directory)
      : temporary_{std::move(temporary)}, directory_{std::move(directory)} {}

  detail::TemporaryName temporary_;
  Directory directory_;
};

}  // namespace qfmt::io
