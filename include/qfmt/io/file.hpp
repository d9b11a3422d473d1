// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <qfmt/tensor/result.hpp>

namespace qfmt::io {

namespace detail {

/// A path in a message: as it is, or quoted when it holds something that would break the line.
inline std::string shown(std::filesystem::path const& path) {
  std::string const& text = path.native();
  bool const is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  return is_plain ? text : qfmt::quoted(text);
}

/// The error of a system call. A full disk, quota or file size limit is always io_no_space.
inline Error system_error(Status status, std::filesystem::path const& path, char const* what,
                          int error) {
  bool const is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {is_full ? Status::io_no_space : status,
          shown(path) + ": " + what + ": " + std::generic_category().message(error)};
}

/// Repeats a system call while signals interrupt it.
template <class Call>
auto retried(Call&& call) {
  for (;;) {
    auto const result = call();
    if (result != -1 || errno != EINTR)
      return result;
  }
}

}  // namespace detail

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) noexcept : value_{value} {}
  Descriptor(Descriptor&& other) noexcept : value_{std::exchange(other.value_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0)
      ::close(value_);
  }

  [[nodiscard]] int get() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ >= 0; }

 private:
  int value_ = -1;
};

/// An open regular file, read and written at positions: calls from several threads do not disturb one
/// another. Every error names the path and what the system said.
class File {
 public:
  /// Opens for reading. Fifos, devices and directories are refused without waiting for them.
  ///
  /// Errors: io_open, not_regular_file.
  static Result<File> open(std::filesystem::path const& path) {
    return open_at(AT_FDCWD, path, path, 0);
  }

  /// Opens for reading relative to a directory; `path` is for messages. With O_NOFOLLOW in `flags` a
  /// symbolic link is unsafe_path.
  static Result<File> open_at(int directory, std::filesystem::path const& name,
                              std::filesystem::path const& path, int flags) {
    int const fd = detail::retried([&] {
      return ::openat(directory, name.c_str(),
                      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    });
    if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW) != 0) {
      return Error{Status::unsafe_path,
                   detail::shown(path) + ": got a symbolic link, expected a regular file"};
    }
    if (fd < 0 && errno == ENXIO)
      return Error{Status::not_regular_file,
                   detail::shown(path) + ": got a socket or device, expected a regular file"};
    if (fd < 0)
      return detail::system_error(Status::io_open, path, "cannot open", errno);
    File file{Descriptor{fd}, path};
    struct stat info {};
    if (::fstat(fd, &info) != 0)
      return detail::system_error(Status::io_open, path, "cannot examine", errno);
    if (!S_ISREG(info.st_mode))
      return Error{Status::not_regular_file, detail::shown(path) + ": got " + kind(info.st_mode) +
                                                 ", expected a regular file"};
    return file;
  }

  /// Makes a new file for reading and writing, relative to a directory; `path` is for messages, `mode`
  /// says who may read it.
  ///
  /// Errors: output_exists, io_open, io_no_space.
  static Result<File> create_at(int directory, std::filesystem::path const& name,
                                std::filesystem::path const& path, mode_t mode = 0644) {
    int const flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int const fd = detail::retried([&] { return ::openat(directory, name.c_str(), flags, mode); });
    if (fd < 0 && errno == EEXIST)
      return Error{Status::output_exists, detail::shown(path) + ": there is already such a file"};
    if (fd < 0)
      return detail::system_error(Status::io_open, path, "cannot create", errno);
    return File{Descriptor{fd}, path};
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

  /// The size now, in bytes. Errors: io_read.
  [[nodiscard]] Result<uint64_t> size() const {
    struct stat info {};
    if (::fstat(descriptor(), &info) != 0)
      return detail::system_error(Status::io_read, path_, "cannot examine", errno);
    return static_cast<uint64_t>(info.st_size);
  }

  /// Fills all of `bytes` from a position. Errors: io_read; io_short_read if the file ends before.
  [[nodiscard]] Result<void> read(uint64_t position, std::span<std::byte> bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
      std::size_t const chunk = (std::min)(bytes.size() - done, longest_transfer);
      auto const count = detail::retried([&] {
        return ::pread(descriptor(), bytes.data() + done, chunk,
                       static_cast<off_t>(position + done));
      });
      if (count < 0)
        return detail::system_error(Status::io_read, path_, "cannot read", errno);
      if (count == 0) {
        return Error{Status::io_short_read, detail::shown(path_) + ": got " + std::to_string(done) +
                                                " bytes at " + std::to_string(position) +
                                                ", expected " + std::to_string(bytes.size()) +
                                                ": the file has become shorter"};
      }
      done += static_cast<std::size_t>(count);
    }
    return {};
  }

  /// Writes all of `bytes` at a position. Errors: io_write, io_no_space.
  [[nodiscard]] Result<void> write(uint64_t position, std::span<std::byte const> bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
      std::size_t const chunk = (std::min)(bytes.size() - done, longest_transfer);
      auto const count = detail::retried([&] {
        return ::pwrite(descriptor(), bytes.data() + done, chunk,
                        static_cast<off_t>(position + done));
      });
      if (count < 0)
        return detail::system_error(Status::io_write, path_, "cannot write", errno);
      if (count == 0)
        return detail::system_error(Status::io_write, path_, "cannot write", EIO);
      done += static_cast<std::size_t>(count);
    }
    return {};
  }

  /// Gives a new file its size and, where the file system can, its space: a full disk is reported here
  /// and not in the middle of the work. Errors: io_write, io_no_space.
  [[nodiscard]] Result<void> reserve(uint64_t size) const {
    if (size == 0)
      return {};
    if (size > static_cast<uint64_t>((std::numeric_limits<off_t>::max)()))
      return detail::system_error(Status::io_write, path_, "cannot reserve space", EFBIG);
    auto const length = static_cast<off_t>(size);
    if (detail::retried([&] { return ::fallocate(descriptor(), 0, 0, length); }) == 0)
      return {};
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
      return detail::system_error(Status::io_write, path_, "cannot reserve space", errno);
    if (detail::retried([&] { return ::ftruncate(descriptor(), length); }) == 0)
      return {};
    return detail::system_error(Status::io_write, path_, "cannot set the size", errno);
  }

  /// Brings what has been written to the device. An error is final: what was lost cannot be known, so
  /// the file must be thrown away. Errors: io_sync.
  [[nodiscard]] Result<void> sync() const {
    if (detail::retried([&] { return ::fsync(descriptor()); }) == 0)
      return {};
    return detail::system_error(Status::io_sync, path_, "cannot synchronize", errno);
  }

  /// A second handle on the same open file. Errors: io_open.
  [[nodiscard]] Result<File> duplicate() const {
    int const fd = ::fcntl(descriptor(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
      return detail::system_error(Status::io_open, path_, "cannot duplicate", errno);
    return File{Descriptor{fd}, path_};
  }

 private:
  static constexpr std::size_t longest_transfer =
      std::size_t{1} << 30;  // Linux moves at most 2^31 - 4096 bytes in one call

  File(Descriptor descriptor, std::filesystem::path path)
      : descriptor_{std::move(descriptor)}, path_{std::move(path)} {}

  static char const* kind(mode_t mode) noexcept {
    if (S_ISDIR(mode))
      return "a directory";
    if (S_ISFIFO(mode))
      return "a fifo";
    if (S_ISCHR(mode) || S_ISBLK(mode))
      return "a device";
    return "something else";
  }

  Descriptor descriptor_;
  std::filesystem::path path_;
};

/// All of a small file. Errors: those of File; `too_large` if it has more than `limit` bytes.
[[nodiscard]] inline Result<std::string> read_text(File const& file, uint64_t limit,
                                                   Status too_large) {
  auto const size = file.size();
  if (!size)
    return size.error();
  if (*size > limit) {
    return Error{too_large, detail::shown(file.path()) + ": got " + std::to_string(*size) +
                                " bytes, expected at most " + std::to_string(limit)};
  }
  std::string text(static_cast<std::size_t>(*size), '\0');
  if (auto read = file.read(0, std::as_writable_bytes(std::span{text})); !read)
    return read.error();
  return text;
}

/// A file seen as memory. Opt-in: when another process shortens the file, touching the lost part ends
/// this process (SIGBUS), which File::read never does.
class MappedFile {
 public:
  /// Maps a whole file. Errors: io_read. An empty file is an empty view.
  static Result<MappedFile> map(File const& file) {
    auto const size = file.size();
    if (!size)
      return size.error();
    MappedFile mapped;
    if (*size == 0)
      return mapped;
    void* const address = ::mmap(nullptr, static_cast<std::size_t>(*size), PROT_READ, MAP_PRIVATE,
                                 file.descriptor(), 0);
    if (address == MAP_FAILED)
      return detail::system_error(Status::io_read, file.path(), "cannot map", errno);
    mapped.bytes_ = {static_cast<std::byte const*>(address), static_cast<std::size_t>(*size)};
    return mapped;
  }

  MappedFile(MappedFile&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile() {
    if (!bytes_.empty())
      ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }

  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return bytes_; }

 private:
  MappedFile() = default;
  std::span<std::byte const> bytes_;
};

}  // namespace qfmt::io
