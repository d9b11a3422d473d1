// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/io/file.hpp>
#include <qfmt/io/safetensors_header.hpp>

namespace qfmt::io {

namespace detail {

/// What a file that is no safetensors file seems to be, from how it begins; empty if that is unknown.
inline std::string recognized(std::string_view start) {
  struct Kind {
    std::string_view magic;
    char const* name;
  };
  constexpr std::array kinds = {
      Kind{"GGUF", "a GGUF file"},
      Kind{"PK\x03\x04", "a zip archive, as torch.save and numpy.savez write"},
      Kind{"version https://git-lfs",
           "a Git LFS pointer: the file itself has not been downloaded (git lfs pull)"},
      Kind{"\x80\x02", "a Python pickle, as torch.save writes"},
      Kind{"\x80\x03", "a Python pickle"},
      Kind{"\x80\x04", "a Python pickle"},
      Kind{"\x80\x05", "a Python pickle"},
      Kind{"\x89HDF", "an HDF5 file"},
      Kind{"\x93NUMPY", "a NumPy array"},
      Kind{"\x1F\x8B", "a gzip archive"},
      Kind{"<!DOCTYPE", "a web page"},
      Kind{"<!doctype", "a web page"},
      Kind{"<html", "a web page"},
      Kind{"<?xml", "an XML document"},
      Kind{"{", "JSON text without the 8 bytes of length before it"},
  };
  for (Kind const& kind : kinds) {
    if (start.substr(0, kind.magic.size()) == kind.magic)
      return kind.name;
  }
  // Eight characters as a length are 2^60 or so.
  bool const is_text = start.size() >= 8 && std::all_of(start.begin(), start.end(), [](char c) {
                         return (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r');
                       });
  return is_text ? "a text file" : std::string{};
}

/// A number of 8 bytes, little-endian.
inline uint64_t load_u64(std::byte const* bytes) noexcept {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<uint64_t>(bytes[i]);
  return value;
}

}  // namespace detail

/// A safetensors file open for reading. Its whole description is checked when it is opened; data is
/// read when asked for, with positioned reads, from any number of threads.
///
///     auto file = SafetensorsFile::open("model.safetensors");
///     if (!file) return file.error();
///     TensorInfo const* w = file->find("lm_head.weight");
///     std::vector<std::byte> bytes(w->bytes());
///     if (auto done = file->read(*w, bytes); !done) return done.error();
class SafetensorsFile {
 public:
  /// Errors: those of File::open and parse_safetensors_header; header_too_small, header_too_large,
  /// header_truncated; not_safetensors, which names what the file seems to be.
  static Result<SafetensorsFile> open(std::filesystem::path const& path, ReadOptions options = {}) {
    auto file = File::open(path);
    if (!file)
      return file.error();
    return open(*std::move(file), options);
  }

  static Result<SafetensorsFile> open(File file, ReadOptions options = {}) {
    std::string const where = detail::shown(file.path());
    auto const size = file.size();
    if (!size)
      return size.error();
    if (*size < prefix)
      return Error{Status::header_too_small, where + ": got a file of " + std::to_string(*size) +
                                                 " bytes, expected at least 8"};

    std::array<std::byte, 32> start{};
    std::size_t const known = static_cast<std::size_t>((std::min)(*size, uint64_t{start.size()}));
    if (auto read = file.read(0, std::span{start}.first(known)); !read)
      return read.error();
    uint64_t const length = detail::load_u64(start.data());
    std::string const kind =
        detail::recognized({reinterpret_cast<char const*>(start.data()), known});
    auto const refuse = [&](Status status, std::string const& message) {
      if (!kind.empty())
        return Error{Status::not_safetensors, where + ": this is " + kind};
      return Error{status, where + ": " + message};
    };
    if (length > max_header_bytes) {
      return refuse(Status::header_too_large, "got a header of " + std::to_string(length) +
                                                  " bytes, expected at most " +
                                                  std::to_string(max_header_bytes));
    }
    if (length > *size - prefix) {
      return refuse(Status::header_truncated, "got a file of " + std::to_string(*size) +
                                                  " bytes, expected a header of " +
                                                  std::to_string(length) + " bytes in it");
    }

    std::string header(static_cast<std::size_t>(length), '\0');
    if (auto read = file.read(prefix, std::as_writable_bytes(std::span{header})); !read)
      return read.error();
    uint64_t const data_bytes = *size - prefix - length;
    auto parsed = parse_safetensors_header(header, data_bytes, where, options);
    if (!parsed && parsed.status() == Status::header_not_object && !kind.empty())
      return refuse(parsed.status(), {});
    if (!parsed)
      return parsed.error();
    return SafetensorsFile{std::move(file), *std::move(parsed), prefix + length, data_bytes};
  }

  /// All tensors, in the order of their data.
  [[nodiscard]] std::vector<TensorInfo> const& tensors() const noexcept { return header_.tensors; }
  [[nodiscard]] Metadata const& metadata() const noexcept { return header_.metadata; }
  [[nodiscard]] std::vector<std::string> const& warnings() const noexcept {
    return header_.warnings;
  }
  [[nodiscard]] std::filesystem::path const& path() const noexcept { return file_.path(); }
  /// The tensor with this name, or null.
  [[nodiscard]] TensorInfo const* find(std::string_view name) const {
    return header_.index.find(header_.tensors, name);
  }
  /// Where the data section begins in the file, and its size.
  [[nodiscard]] uint64_t data_begin() const noexcept { return data_begin_; }
  [[nodiscard]] uint64_t data_bytes() const noexcept { return data_bytes_; }

  /// Whether the data lies at a multiple of its element size in the file. The format does not promise it;
  /// reading does not need it, a typed view of a mapped file does.
  [[nodiscard]] bool is_aligned(TensorInfo const& tensor) const noexcept {
    uint64_t const unit = bits(tensor.dtype) < 8 ? 1 : bits(tensor.dtype) / 8;
    return (data_begin_ + tensor.begin) % unit == 0;
  }

  /// Reads all data of a tensor of this file.
  ///
  /// Errors: buffer_too_small or size_mismatch if `out` has not exactly the tensor's size; io_read;
  /// io_short_read if the file has become shorter since it was opened.
  [[nodiscard]] Result<void> read(TensorInfo const& tensor, std::span<std::byte> out) const {
    return read_bytes(tensor, 0, tensor.bytes(), out);
  }

  /// Reads rows [first, first + count) of a tensor, where a row is what the first dimension counts.
  ///
  /// Errors: as read(); rank_unsupported for a scalar; invalid_argument if there are no such rows.
  [[nodiscard]] Result<void> read_rows(TensorInfo const& tensor, uint64_t first, uint64_t count,
                                       std::span<std::byte> out) const {
    if (tensor.shape.empty())
      return fail(tensor, Status::rank_unsupported,
                  "got a scalar, expected at least one dimension");
    uint64_t const rows = tensor.shape[0];
    if (first > rows || count > rows - first) {
      return fail(tensor, Status::invalid_argument,
                  "got rows from " + std::to_string(first) + ", " + std::to_string(count) +
                      " of them, expected some of " + std::to_string(rows));
    }
    uint64_t const row = rows == 0 ? 0 : tensor.bytes() / rows;
    if (row * rows != tensor.bytes())
      return fail(tensor, Status::subbyte_misaligned, "got rows that are not whole bytes");
    return read_bytes(tensor, first * row, count * row, out);
  }

 private:
  static constexpr uint64_t prefix = 8;  // the length of the header, before it

  SafetensorsFile(File file, SafetensorsHeader header, uint64_t data_begin, uint64_t data_bytes)
      : file_{std::move(file)},
        header_{std::move(header)},
        data_begin_{data_begin},
        data_bytes_{data_bytes} {}

  [[nodiscard]] Error fail(TensorInfo const& tensor, Status status,
                           std::string const& message) const {
    return {status,
            detail::shown(path()) + ": tensor " + qfmt::quoted(tensor.name) + ": " + message};
  }

  [[nodiscard]] Result<void> read_bytes(TensorInfo const& tensor, uint64_t offset, uint64_t count,
                                        std::span<std::byte> out) const {
    if (tensor.begin > tensor.end || tensor.end > data_bytes_)
      return fail(tensor, Status::invalid_argument, "this is no tensor of the file");
    if (out.size() != count) {
      Status const status = out.size() < count ? Status::buffer_too_small : Status::size_mismatch;
      return fail(tensor, status,
                  "got a buffer of " + std::to_string(out.size()) + " bytes, expected " +
                      std::to_string(count));
    }
    return file_.read(data_begin_ + tensor.begin + offset, out);
  }

  File file_;
  SafetensorsHeader header_;
  uint64_t data_begin_;
  uint64_t data_bytes_;
};

}  // namespace qfmt::io
