// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <dirent.h>
#include <optional>
#include <vector>

#include <qfmt/io/file.hpp>

namespace qfmt::io {

/// Whether a text is the bare name of a file that can be nowhere but in its directory: not empty, at most
/// 255 bytes, no slash, backslash, colon or control character, no leading dot.
[[nodiscard]] inline bool is_bare_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 255 || name[0] == '.')
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c != '/' && c != '\\' && c != ':' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
}

/// A directory whose files are opened relative to it, by bare names, without following symbolic links.
///
/// One kind of link is followed: what the Hugging Face cache consists of, `../../blobs/<hash>`, where the
/// hash is 40 or 64 hexadecimal digits and the blob itself is a regular file.
class Directory {
 public:
  /// Errors: io_open.
  static Result<Directory> open(std::filesystem::path const& path) {
    int const fd =
        detail::retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0)
      return detail::system_error(Status::io_open, path, "cannot open the directory", errno);
    return Directory{Descriptor{fd}, path};
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

  /// Opens a file for reading.
  ///
  /// Errors: unsafe_path for other than bare names and for links; not_regular_file; io_open.
  [[nodiscard]] Result<File> open_file(std::string const& name) const {
    if (!is_bare_name(name)) {
      return Error{Status::unsafe_path, detail::shown(path_) + ": got the file name " +
                                            qfmt::quoted(name) +
                                            ", expected the bare name of a file in the directory"};
    }
    auto file = File::open_at(descriptor(), name, path_ / name, O_NOFOLLOW);
    if (file || file.status() != Status::unsafe_path)
      return file;
    if (auto const blob = cache_blob(name))
      return File::open_at(descriptor(), *blob, path_ / name, O_NOFOLLOW);
    return Error{Status::unsafe_path,
                 file.error().message +
                     "; copy the directory with its links resolved (cp -rL) or name the real one"};
  }

  /// Whether there is an entry of this name, whatever it is.
  [[nodiscard]] bool contains(std::string const& name) const {
    struct stat info {};
    return ::fstatat(descriptor(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  }

  /// The names of all entries, sorted, without "." and "..". Errors: io_read.
  [[nodiscard]] Result<std::vector<std::string>> names() const {
    int const fd = ::openat(descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* const stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (stream == nullptr) {
      Error const error =
          detail::system_error(Status::io_read, path_, "cannot list the directory", errno);
      if (fd >= 0)
        ::close(fd);
      return error;
    }
    std::vector<std::string> names;
    errno = 0;
    while (dirent const* const entry = ::readdir(stream)) {
      std::string_view const name = entry->d_name;
      if (name != "." && name != "..")
        names.emplace_back(name);
    }
    int const error = errno;
    ::closedir(stream);
    if (error != 0)
      return detail::system_error(Status::io_read, path_, "cannot list the directory", error);
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Whether an entry is a directory or a link to one.
  [[nodiscard]] bool is_directory(std::string const& name) const {
    struct stat info {};
    return ::fstatat(descriptor(), name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode);
  }

  /// Makes the entries that have been added, renamed and removed survive a crash. File systems that
  /// cannot synchronize directories are taken at their word. Errors: io_sync.
  [[nodiscard]] Result<void> sync() const {
    if (detail::retried([&] { return ::fsync(descriptor()); }) == 0 || errno == EINVAL ||
        errno == EROFS)
      return {};
    return detail::system_error(Status::io_sync, path_, "cannot synchronize the directory", errno);
  }

 private:
  Directory(Descriptor descriptor, std::filesystem::path path)
      : descriptor_{std::move(descriptor)}, path_{std::move(path)} {}

  [[nodiscard]] std::optional<std::string> cache_blob(std::string const& name) const {
    constexpr std::string_view prefix = "../../blobs/";
    std::array<char, 128> target{};
    auto const length = ::readlinkat(descriptor(), name.c_str(), target.data(), target.size());
    if (length < 0 || static_cast<std::size_t>(length) >= target.size())
      return std::nullopt;
    std::string_view const text{target.data(), static_cast<std::size_t>(length)};
    if (text.substr(0, prefix.size()) != prefix)
      return std::nullopt;
    std::string_view const hash = text.substr(prefix.size());
    bool const is_hash = (hash.size() == 40 || hash.size() == 64) &&
                         hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return is_hash ? std::optional{std::string{text}} : std::nullopt;
  }

  Descriptor descriptor_;
  std::filesystem::path path_;
};

}  // namespace qfmt::io
