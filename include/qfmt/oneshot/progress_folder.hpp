// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/atomic_file.hpp>
#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/safetensors.hpp>
#include <qfmt/io/safetensors_writer.hpp>
#include <qfmt/io/sha256.hpp>

namespace qfmt::oneshot {

/// A tensor as files have it.
struct NamedTensor {
  std::string name;
  io::Dtype dtype;
  std::vector<uint64_t> shape;
  io::Bytes bytes;
};

/// The folder in which a job keeps what it has finished, part by part, so that it can go on after it
/// was stopped. A part is a safetensors file that is complete or absent, whenever the process or the
/// machine stops. The folder belongs to one job, described by a text: whatever its output depends on.
class ProgressFolder {
 public:
  /// Makes the folder, or continues in one that an earlier run of the same job has left.
  ///
  /// Errors: config_invalid for a folder of another job; output_exists for one with anything else in
  /// it; io_open, io_write, io_no_space.
  [[nodiscard]] static Result<ProgressFolder> open(std::filesystem::path const& path,
                                                   std::string const& job) {
    ProgressFolder folder{path};
    std::string const digest = io::sha256(job) + "\n";
    std::error_code error;
    std::filesystem::create_directory(path, error);
    if (error)
      return Error{Status::io_open,
                   path.string() + ": cannot create the directory: " + error.message()};
    auto const file = path / "job";
    if (!std::filesystem::exists(file, error)) {
      if (!entries_of(path, [](std::string const& name) { return !is_temporary(name); }).empty())
        return Error{
            Status::output_exists,
            path.string() + ": got a folder with other files, expected a new or empty one"};
      if (auto written = io::write_file(file, digest); !written)
        return written.error();
      return folder;
    }
    auto const opened = io::File::open(file);
    if (!opened)
      return opened.error();
    auto const known = io::read_text(*opened, 1024, Status::config_invalid);
    if (!known)
      return known.error();
    if (*known != digest)
      return Error{Status::config_invalid,
                   path.string() +
                       ": got the progress of a job with another recipe, model or data, "
                       "expected that of this one: remove it to begin anew"};
    return folder;
  }

  [[nodiscard]] bool has(std::string const& part) const {
    std::error_code error;
    return std::filesystem::exists(file_of(part), error);
  }

  /// Errors: those of writing.
  Result<void> save(std::string const& part, std::vector<NamedTensor> const& tensors) const {
    io::SafetensorsPlan plan;
    for (NamedTensor const& tensor : tensors) plan.add(tensor.name, tensor.dtype, tensor.shape);
    auto out = io::AtomicFile::create(file_of(part), io::Existing::replace);
    if (!out)
      return out.error();
    auto file = out->file().duplicate();
    if (!file)
      return file.error();
    auto writer = io::SafetensorsWriter::create(*std::move(file), plan);
    if (!writer)
      return writer.error();
    for (NamedTensor const& tensor : tensors) {
      if (auto written = writer->write(tensor.name, tensor.bytes); !written)
        return written;
    }
    if (auto finished = writer->finish(); !finished)
      return finished;
    return out->commit();
  }

  /// Errors: those of SafetensorsFile.
  [[nodiscard]] Result<std::vector<NamedTensor>> load(std::string const& part) const {
    auto const file = io::SafetensorsFile::open(file_of(part));
    if (!file)
      return file.error();
    std::vector<NamedTensor> tensors;
    for (io::TensorInfo const& tensor : file->tensors()) {
      io::Bytes bytes(static_cast<std::size_t>(tensor.bytes()));
      if (auto read = file->read(tensor, bytes); !read)
        return read.error();
      tensors.push_back({tensor.name, tensor.dtype, tensor.shape, std::move(bytes)});
    }
    return tensors;
  }

  /// Removes it: the job is done. What somebody else has put there stays, and the folder with it.
  void remove() const {
    std::error_code ignored;
    auto const ours = entries_of(path_, [](std::string const& name) {
      return name == "job" || name.ends_with(".safetensors") || is_temporary(name);
    });
    for (auto const& file : ours) std::filesystem::remove(file, ignored);
    std::filesystem::remove(path_, ignored);
  }

 private:
  /// Left by a run that was killed while it wrote a file.
  static bool is_temporary(std::string const& name) { return name.starts_with(".qfmt-tmp-"); }

  template <class Select>
  static std::vector<std::filesystem::path> entries_of(std::filesystem::path const& folder,
                                                       Select const& select) {
    std::vector<std::filesystem::path> found;
    std::error_code ignored;
    using Entries = std::filesystem::directory_iterator;
    for (Entries entry{folder, ignored}; entry != Entries{}; entry.increment(ignored)) {
      if (select(entry->path().filename().string()))
        found.push_back(entry->path());
    }
    return found;
  }

  explicit ProgressFolder(std::filesystem::path path) : path_{std::move(path)} {}

  [[nodiscard]] std::filesystem::path file_of(std::string const& part) const {
    return path_ / (part + ".safetensors");
  }

  std::filesystem::path path_;
};

}  // namespace qfmt::oneshot
