// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <random>
#include <sys/file.h>

#include <qfmt/io/directory.hpp>

// Output under a temporary name beside its final one. What becomes `model` is written as
//
//     .qfmt-tmp-model-<pid>-<16 hexadecimal digits>         a file or a directory
//     .qfmt-tmp-model-<pid>-<16 hexadecimal digits>.lock    locked (flock) while its run lives
//
// The lock stands beside the output and not in it, so that the output is whole at the moment of its
// renaming, and it exists before the output and after it, so that no one takes a live one for a leftover.

namespace qfmt::io {

namespace detail {

inline constexpr std::string_view temporary_prefix = ".qfmt-tmp-";

/// What temporary names for an output start with. Long names are cut: names have at most 255 bytes.
inline std::string temporary_stem(std::string const& name) {
  return std::string{temporary_prefix} + name.substr(0, 180) + "-";
}

/// Whether `entry` is a temporary name, with or without ".lock", for outputs with this stem.
inline bool is_temporary_name(std::string_view entry, std::string_view stem) {
  constexpr std::string_view digits = "0123456789";
  if (entry.substr(0, stem.size()) != stem)
    return false;
  entry.remove_prefix(stem.size());
  std::size_t const pid = (std::min)(entry.find_first_not_of(digits), entry.size());
  if (pid == 0 || entry.substr(pid, 1) != "-")
    return false;
  entry.remove_prefix(pid + 1);
  if (entry.size() == 16 + 5 && entry.substr(16) == ".lock")
    entry.remove_suffix(5);
  return entry.size() == 16 &&
         entry.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Removes a file, or a directory and the files in it.
inline void remove_output(int parent, std::string const& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT)
    return;
  int const fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return;
  if (DIR* const stream = ::fdopendir(fd)) {
    while (dirent const* const entry = ::readdir(stream)) ::unlinkat(fd, entry->d_name, 0);
    ::closedir(stream);
  } else {
    ::close(fd);
  }
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

/// Renames without replacing where the file system cannot do both at once: exactly for files; for
/// directories, which have no second links, by looking before. Returns 0, or -1 and errno.
inline int rename_by_link(int parent, char const* from, char const* to) {
  if (::linkat(parent, from, parent, to, 0) == 0)
    return ::unlinkat(parent, from, 0);
  if (errno != EPERM && errno != EOPNOTSUPP)
    return -1;
  struct stat info {};
  if (::fstatat(parent, to, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return -1;
  }
  return ::renameat(parent, from, parent, to);
}

/// Where an output goes: its directory and its name there.
struct Destination {
  Directory parent;
  std::string name;

  static Result<Destination> of(std::filesystem::path const& path) {
    std::filesystem::path const plain =
        path.has_filename() ? path : path.parent_path();  // "out/" is "out"
    std::string name = plain.filename().string();
    if (name.empty() || name == "." || name == ".." || name.size() > 255) {
      return Error{Status::invalid_argument,
                   shown(path) + ": got no name for the output, expected a path that ends in one"};
    }
    auto parent =
        Directory::open(plain.has_parent_path() ? plain.parent_path() : std::filesystem::path{"."});
    if (!parent)
      return parent.error();
    return Destination{*std::move(parent), std::move(name)};
  }

  [[nodiscard]] std::filesystem::path path() const { return parent.path() / name; }
  [[nodiscard]] Error exists() const {
    return {Status::output_exists,
            shown(path()) + ": got an output that exists, expected a new name"};
  }
};

/// A locked temporary name. What stands under it is removed in the end, unless it has been renamed.
class TemporaryName {
 public:
  /// Errors: io_open.
  static Result<TemporaryName> choose(Destination destination) {
    std::random_device random;
    for (int attempt = 0; attempt < 100; ++attempt) {
      std::array<char, 64> suffix{};
      std::snprintf(suffix.data(), suffix.size(), "%ld-%08x%08x", static_cast<long>(::getpid()),
                    random(), random());
      std::string const name = temporary_stem(destination.name) + suffix.data();
      std::string const lock_name = name + ".lock";
      int const fd = retried([&] {
        return ::openat(destination.parent.descriptor(), lock_name.c_str(),
                        O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      });
      if (fd < 0 && errno == EEXIST)
        continue;
      if (fd < 0)
        return system_error(Status::io_open, destination.path(), "cannot create a file beside it",
                            errno);
      Descriptor lock{fd};
      // A run that removes leftovers may have come between: then the lock is taken, or is no longer there.
      if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        continue;
      struct stat info {};
      if (::fstat(fd, &info) == 0 && info.st_nlink == 0)
        continue;
      return TemporaryName{std::move(destination), name, std::move(lock)};
    }
    return Error{Status::io_open,
                 shown(destination.parent.path()) + ": got 100 temporary names that are taken"};
  }

  TemporaryName(TemporaryName&&) noexcept = default;
  TemporaryName& operator=(TemporaryName&&) = delete;
  ~TemporaryName() {
    if (!lock_)
      return;
    remove_output(parent().descriptor(), name_);
    ::unlinkat(parent().descriptor(), (name_ + ".lock").c_str(), 0);
  }

  [[nodiscard]] Directory const& parent() const noexcept { return destination_.parent; }
  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  /// The final path, for messages.
  [[nodiscard]] std::filesystem::path path() const { return destination_.path(); }

  /// Gives the output its final name and makes that durable. Without `replace` an output that is there
  /// already stays as it is.
  ///
  /// Errors: output_exists; io_rename; io_sync, after which the output is in place but might not survive
  /// a power failure.
  Result<void> publish(bool replace) {
    int const dir = parent().descriptor();
    char const* const to = destination_.name.c_str();
    int result = replace ? ::renameat(dir, name_.c_str(), dir, to)
                         : ::renameat2(dir, name_.c_str(), dir, to, RENAME_NOREPLACE);
    if (result != 0 && !replace && (errno == EINVAL || errno == ENOSYS))
      result = rename_by_link(dir, name_.c_str(), to);
    if (result != 0 && (errno == EEXIST || errno == ENOTEMPTY))
      return destination_.exists();
    if (result != 0)
      return system_error(Status::io_rename, path(), "cannot give the output its name", errno);
    auto synced = parent().sync();
    ::unlinkat(dir, (name_ + ".lock").c_str(), 0);
    lock_ = Descriptor{};
    return synced;
  }

 private:
  TemporaryName(Destination destination, std::string name, Descriptor lock)
      : destination_{std::move(destination)}, name_{std::move(name)}, lock_{std::move(lock)} {}

  Destination destination_;
  std::string name_;
  Descriptor lock_;
};

}  // namespace detail

/// Removes what runs that died have left of an output: temporary files and directories whose lock no one
/// holds. Those of live runs stay. Gives the number of outputs removed.
///
/// Errors: io_read if the directory cannot be listed. What cannot be removed is left for another time.
inline Result<std::size_t> remove_stale(Directory const& parent, std::string const& output_name) {
  std::string const stem = detail::temporary_stem(output_name);
  auto entries = parent.names();
  if (!entries)
    return entries.error();
  std::size_t removed = 0;
  std::string done;
  for (std::string const& entry : *entries) {
    if (!detail::is_temporary_name(entry, stem))
      continue;
    std::string const name = entry.ends_with(".lock") ? entry.substr(0, entry.size() - 5) : entry;
    if (name == done)
      continue;  // the entry and its lock are neighbours
    done = name;
    std::string const lock_name = name + ".lock";
    Descriptor const lock{::openat(parent.descriptor(), lock_name.c_str(),
                                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
      continue;
    detail::remove_output(parent.descriptor(), name);
    ::unlinkat(parent.descriptor(), lock_name.c_str(), 0);
    ++removed;
  }
  return removed;
}

}  // namespace qfmt::io
