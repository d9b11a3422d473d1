// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/atomic_directory.hpp>
#include <qfmt/io/safetensors_header.hpp>

namespace qfmt::io {

/// What a file will hold: decided before any data is written, because the header comes first.
struct SafetensorsPlan {
  Metadata metadata;
  std::vector<TensorInfo> tensors;  ///< begin and end are not used

  void add(std::string name, Dtype dtype, std::vector<uint64_t> shape) {
    tensors.push_back({std::move(name), dtype, std::move(shape), 0, 0});
  }

  /// The bytes of all tensors; those whose size is not valid count as none.
  [[nodiscard]] uint64_t data_bytes() const {
    uint64_t total = 0;
    for (TensorInfo const& tensor : tensors) {
      if (auto const bytes = tensor_bytes(tensor.dtype, tensor.shape))
        total += *bytes;
    }
    return total;
  }
};

/// The tensors of a plan in the order of the reference writer, with their places: dtypes of higher rank
/// first, then by name. `where` begins every message.
///
/// Errors: tensor_name_invalid, duplicate_key, too_many_tensors, metadata_invalid, and those of
/// tensor_bytes.
[[nodiscard]] inline Result<std::vector<TensorInfo>> safetensors_layout(SafetensorsPlan const& plan,
                                                                        std::string const& where) {
  if (plan.tensors.size() > ReadOptions{}.max_tensors) {
    return Error{Status::too_many_tensors, where + ": got " + std::to_string(plan.tensors.size()) +
                                               " tensors, expected at most " +
                                               std::to_string(ReadOptions{}.max_tensors)};
  }
  if (plan.metadata.size() > max_metadata_entries) {
    return Error{Status::metadata_invalid,
                 where + ": __metadata__: got " + std::to_string(plan.metadata.size()) +
                     " entries, expected at most " + std::to_string(max_metadata_entries)};
  }
  for (auto const& [key, value] : plan.metadata) {
    if (!is_utf8(key) || !is_utf8(value))
      return Error{Status::metadata_invalid, where + ": __metadata__: key " + qfmt::quoted(key) +
                                                 ": got bytes that are not UTF-8"};
  }
  std::vector<TensorInfo> tensors = plan.tensors;
  std::sort(tensors.begin(), tensors.end(), [](TensorInfo const& a, TensorInfo const& b) {
    return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
  });
  uint64_t cursor = 0;
  for (TensorInfo& tensor : tensors) {
    auto const subject = [&] { return where + ": tensor " + qfmt::quoted(tensor.name) + ": "; };
    if (auto valid = check_tensor_name(tensor.name); !valid)
      return Error{valid.status(), where + ": " + valid.error().message};
    if (!is_utf8(tensor.name) || tensor.name == "__metadata__")
      return Error{Status::tensor_name_invalid,
                   subject() + "expected UTF-8, and not '__metadata__'"};
    auto const bytes = tensor_bytes(tensor.dtype, tensor.shape);
    if (!bytes)
      return Error{bytes.status(), subject() + bytes.error().message};
    tensor.begin = cursor;
    if (__builtin_add_overflow(cursor, *bytes, &cursor) || cursor > uint64_t{1} << 62)
      return Error{Status::size_overflow, subject() + "got more than 2^62 bytes in one file"};
    tensor.end = cursor;
  }
  if (auto const twice = NameIndex{tensors}.duplicate(tensors)) {
    return Error{Status::duplicate_key, where + ": tensor " +
                                            qfmt::quoted(tensors[twice->first].name) +
                                            ": got the name twice, expected it once"};
  }
  return tensors;
}

/// The start of a file: the length of the header, and the header as the reference writer has it: metadata
/// first, no white space but the padding to a multiple of 8 bytes. `tensors` is in the order of its data.
[[nodiscard]] inline std::string safetensors_header_bytes(Metadata const& metadata,
                                                          std::vector<TensorInfo> const& tensors) {
  std::string text = "{";
  auto const separate = [&] {
    if (text.size() > 1)
      text += ',';
  };
  if (!metadata.empty()) {
    text += R"("__metadata__":{)";
    for (auto const& [key, value] : metadata) {
      if (text.back() != '{')
        text += ',';
      text += json_string(key) + ':' + json_string(value);
    }
    text += '}';
  }
  for (TensorInfo const& tensor : tensors) {
    separate();
    text += json_string(tensor.name) + R"(:{"dtype":")" + name(tensor.dtype) + R"(","shape":[)";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (i > 0)
        text += ',';
      text += std::to_string(tensor.shape[i]);
    }
    text += R"(],"data_offsets":[)" + std::to_string(tensor.begin) + ',' +
            std::to_string(tensor.end) + "]}";
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');

  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  return bytes + text;
}

/// Writes a safetensors file whose tensors come in any order, each in one piece or in several. The
/// bytes of the file depend on the plan and the data alone.
///
///     SafetensorsPlan plan;
///     plan.add("w", Dtype::F32, {2, 2});
///     auto writer = SafetensorsWriter::create(directory, "model.safetensors", plan);
///     if (!writer) return writer.error();
///     if (auto done = writer->write("w", bytes); !done) return done.error();
///     return writer->finish();
class SafetensorsWriter {
 public:
  /// Takes an empty file. Reserves all of its space, so a full disk shows here, and writes the header.
  ///
  /// Errors: those of safetensors_layout; header_too_large; io_write, io_no_space.
  static Result<SafetensorsWriter> create(File file, SafetensorsPlan const& plan) {
    std::string const where = detail::shown(file.path());
    auto tensors = safetensors_layout(plan, where);
    if (!tensors)
      return tensors.error();
    std::string header = safetensors_header_bytes(plan.metadata, *tensors);
    if (header.size() - 8 > max_header_bytes) {
      return Error{Status::header_too_large,
                   where + ": got a header of " + std::to_string(header.size() - 8) +
                       " bytes, expected at most " + std::to_string(max_header_bytes)};
    }
    uint64_t const data_bytes = tensors->empty() ? 0 : tensors->back().end;
    if (auto reserved = file.reserve(header.size() + data_bytes); !reserved)
      return reserved.error();
    if (auto written = file.write(0, std::as_bytes(std::span{header})); !written)
      return written.error();
    return SafetensorsWriter{std::move(file), *std::move(tensors), std::move(header)};
  }

  /// Makes the file `name` in an output directory. Errors: also those of AtomicDirectory::create_file.
  static Result<SafetensorsWriter> create(AtomicDirectory const& directory, std::string const& name,
                                          SafetensorsPlan const& plan) {
    auto file = directory.create_file(name);
    if (!file)
      return file.error();
    return create(*std::move(file), plan);
  }

  /// All tensors with their places, in the order of their data.
  [[nodiscard]] std::vector<TensorInfo> const& tensors() const noexcept { return tensors_; }

  /// Writes a whole tensor. Different tensors may be written from different threads.
  ///
  /// Errors: invalid_argument if the plan has no such tensor; duplicate_key if it has been written, in
  /// whole or in part; size_mismatch; io_write, io_no_space.
  Result<void> write(std::string_view name, std::span<std::byte const> bytes) {
    auto const at = position(name);
    if (!at)
      return at.error();
    TensorInfo const& tensor = tensors_[*at];
    if (written_[*at] != 0 || is_started_[*at] != 0)
      return fail(tensor, Status::duplicate_key, "got its data twice, expected it once");
    if (bytes.size() != tensor.bytes())
      return size_error(tensor, bytes.size());
    return put(*at, bytes);
  }

  /// Writes the next bytes of a tensor. Errors: as write(); size_mismatch if there are more than it has.
  Result<void> append(std::string_view name, std::span<std::byte const> bytes) {
    auto const at = position(name);
    if (!at)
      return at.error();
    TensorInfo const& tensor = tensors_[*at];
    if (bytes.size() > tensor.bytes() - written_[*at])
      return size_error(tensor, written_[*at] + bytes.size());
    return put(*at, bytes);
  }

  /// Checks that every tensor has been written and that the file has the size and header it should, and
  /// synchronizes it.
  ///
  /// Errors: checkpoint_incomplete, naming a tensor that has not been written; io_read, io_write, io_sync.
  Result<void> finish() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (is_started_[i] != 0 && written_[i] == tensors_[i].bytes())
        continue;
      return fail(tensors_[i], Status::checkpoint_incomplete,
                  "got " + std::to_string(written_[i]) + " bytes written, expected " +
                      std::to_string(tensors_[i].bytes()));
    }
    uint64_t const expected = header_.size() + (tensors_.empty() ? 0 : tensors_.back().end);
    auto const size = file_.size();
    if (!size)
      return size.error();
    std::string header(header_.size(), '\0');
    if (auto read = file_.read(0, std::as_writable_bytes(std::span{header})); !read)
      return read;
    if (*size != expected || header != header_) {
      return Error{Status::io_write, detail::shown(file_.path()) + ": got " +
                                         std::to_string(*size) +
                                         " bytes or a header that was not written, expected " +
                                         std::to_string(expected) + " bytes"};
    }
    return file_.sync();
  }

 private:
  SafetensorsWriter(File file, std::vector<TensorInfo> tensors, std::string header)
      : file_{std::move(file)},
        tensors_{std::move(tensors)},
        index_{tensors_},
        header_{std::move(header)},
        written_(tensors_.size()),
        is_started_(tensors_.size()) {}

  [[nodiscard]] Result<std::size_t> position(std::string_view name) const {
    if (TensorInfo const* const found = index_.find(tensors_, name))
      return static_cast<std::size_t>(found - tensors_.data());
    return Error{Status::invalid_argument, detail::shown(file_.path()) + ": tensor " +
                                               qfmt::quoted(std::string{name}) +
                                               ": got a tensor that is not in the plan"};
  }

  [[nodiscard]] Error fail(TensorInfo const& tensor, Status status,
                           std::string const& message) const {
    return {status,
            detail::shown(file_.path()) + ": tensor " + qfmt::quoted(tensor.name) + ": " + message};
  }

  [[nodiscard]] Error size_error(TensorInfo const& tensor, uint64_t bytes) const {
    return fail(tensor, Status::size_mismatch,
                "got " + std::to_string(bytes) + " bytes, expected " +
                    std::to_string(tensor.bytes()) + " for " + io::name(tensor.dtype) + " " +
                    to_string(tensor.shape));
  }

  Result<void> put(std::size_t at, std::span<std::byte const> bytes) {
    if (auto written = file_.write(header_.size() + tensors_[at].begin + written_[at], bytes);
        !written)
      return written;
    is_started_[at] = 1;
    written_[at] += bytes.size();
    return {};
  }

  File file_;
  std::vector<TensorInfo> tensors_;
  NameIndex index_;
  std::string header_;               // with its length
  std::vector<uint64_t> written_;    // bytes of each tensor
  std::vector<uint8_t> is_started_;  // whether a write has been made, if only of no bytes
};

}  // namespace qfmt::io
