// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <qfmt/io/atomic_directory.hpp>
#include <qfmt/io/checkpoint.hpp>
#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/safetensors_writer.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

// From a checkpoint to a checkpoint in which some tensors are replaced by others. Everything else
// goes through unchanged, in pieces.

namespace qfmt::oneshot {

/// How far a job is.
struct Progress {
  std::string_view stage;   // "scan", "quantize", "dequantize" or "convert"
  std::string_view tensor;  // what has just been done
  uint64_t done = 0;        // bytes of input tensors in this stage
  uint64_t total = 0;
};

/// Tells a caller how far a stage is.
class Meter {
 public:
  /// `progress` may be empty; it outlives the meter.
  Meter(std::function<void(Progress const&)> const& progress, std::string_view stage,
        uint64_t total)
      : progress_{progress}, state_{stage, {}, 0, total} {}

  void add(io::TensorInfo const& tensor) {
    state_.tensor = tensor.name;
    state_.done += tensor.bytes();
    if (progress_)
      progress_(state_);
  }

 private:
  std::function<void(Progress const&)> const& progress_;
  Progress state_;
};

/// What becomes of the tensors of a checkpoint.
struct Rewrite {
  /// The tensors that take the place of one, by their whole names; nothing where it stays.
  std::function<std::optional<std::vector<io::LayerTensor>>(io::TensorInfo const&)> parts;
  /// Writes those of a tensor that is replaced by any.
  std::function<Result<void>(io::TensorInfo const&, io::SafetensorsWriter&)> write;
};

namespace detail {

/// A tensor that stays as it is goes through in pieces.
inline Result<void> copy_tensor(io::Checkpoint const& checkpoint, io::TensorInfo const& tensor,
                                io::SafetensorsWriter& writer) {
  constexpr uint64_t piece = uint64_t{1} << 24;
  uint64_t const rows = tensor.shape.empty() || tensor.bytes() == 0 ? 1 : tensor.shape[0];
  uint64_t const row_bytes = tensor.bytes() / rows;
  uint64_t const rows_at_once = (std::max)(uint64_t{1}, row_bytes == 0 ? rows : piece / row_bytes);
  io::Bytes bytes;
  if (tensor.shape.empty() || tensor.bytes() <= piece) {
    bytes.resize(static_cast<std::size_t>(tensor.bytes()));
    if (auto done = checkpoint.read(tensor, bytes); !done)
      return done;
    return writer.write(tensor.name, bytes);
  }
  for (uint64_t row = 0; row < rows; row += rows_at_once) {
    uint64_t const count = (std::min)(rows_at_once, rows - row);
    bytes.resize(static_cast<std::size_t>(count * row_bytes));
    if (auto done = checkpoint.read_rows(tensor, row, count, bytes); !done)
      return done;
    if (auto done = writer.append(tensor.name, bytes); !done)
      return done;
  }
  return {};
}

}  // namespace detail

/// Writes every shard of a checkpoint into a directory, tensor by tensor, with what `rewrite`
/// replaces; then the index, `config` as config.json, and all files that are no weights. Gives the
/// bytes of all tensors written. Errors: those of reading, writing and the functions.
[[nodiscard]] inline Result<uint64_t> rewrite_checkpoint(io::Checkpoint const& checkpoint,
                                                         io::AtomicDirectory& directory,
                                                         Rewrite const& rewrite,
                                                         nlohmann::json const& config,
                                                         Meter& meter) {
  uint64_t written_bytes = 0;
  io::ShardIndex index;
  for (std::string const& shard : checkpoint.shards()) {
    io::SafetensorsPlan plan;
    plan.metadata = {{"format", "pt"}};
    std::vector<io::TensorInfo const*> tensors;
    for (io::TensorInfo const& tensor : checkpoint.tensors()) {
      if (checkpoint.shard_of(tensor) != shard)
        continue;
      tensors.push_back(&tensor);
      if (auto const parts = rewrite.parts(tensor)) {
        for (io::LayerTensor const& part : *parts) plan.add(part.suffix, part.dtype, part.shape);
      } else {
        plan.add(tensor.name, tensor.dtype, tensor.shape);
      }
    }
    std::string const file = checkpoint.is_sharded() ? shard : "model.safetensors";
    auto writer = io::SafetensorsWriter::create(directory, file, plan);
    if (!writer)
      return writer.error();
    for (io::TensorInfo const* const tensor : tensors) {
      auto const parts = rewrite.parts(*tensor);
      Result<void> done;
      if (!parts)
        done = detail::copy_tensor(checkpoint, *tensor, *writer);
      else if (!parts->empty())
        done = rewrite.write(*tensor, *writer);
      if (!done)
        return done.error();
      meter.add(*tensor);
    }
    if (auto finished = writer->finish(); !finished)
      return finished.error();
    index.add(file, plan);
    written_bytes += plan.data_bytes();
  }
  if (checkpoint.is_sharded()) {
    if (auto done = directory.write_file(io::ShardIndex::file_name, index.to_json()); !done)
      return done.error();
  }
  if (auto done = directory.write_file("config.json", io::dump_python_json(config) + "\n"); !done)
    return done.error();
  for (std::filesystem::path const& file : checkpoint.other_files()) {
    if (auto copied = directory.copy_file(file); !copied)
      return copied.error();
  }
  return written_bytes;
}

/// The same into a new directory, which is complete or absent afterwards. Errors: those of
/// rewrite_checkpoint, and output_exists.
[[nodiscard]] inline Result<uint64_t> rewrite_checkpoint(
    io::Checkpoint const& checkpoint, std::filesystem::path const& output, Rewrite const& rewrite,
    nlohmann::json const& config, std::string_view stage,
    std::function<void(Progress const&)> const& progress) {
  auto directory = io::AtomicDirectory::create(output);
  if (!directory)
    return directory.error();
  uint64_t total = 0;
  for (io::TensorInfo const& tensor : checkpoint.tensors()) total += tensor.bytes();
  Meter meter{progress, stage, total};
  auto const bytes = rewrite_checkpoint(checkpoint, *directory, rewrite, config, meter);
  if (!bytes)
    return bytes.error();
  if (auto committed = directory->commit(); !committed)
    return committed.error();
  return *bytes;
}

namespace detail {

/// What is wrong with a model, and with which.
inline Error in_model(io::Checkpoint const& checkpoint, Error const& error) {
  return {error.status, checkpoint.path().string() + ": " + error.message};
}

/// The frame of a job that writes a model directory anew. `Work{job, checkpoint}` has
///
///     find_layers()           every layer of the input, checked before anything is written
///     config()                the new config.json
///     parts_of(tensor)        as in Rewrite
///     write(module, writer)   the parts of a layer
///     report                  what the job gives back
template <class Work, class Job>
[[nodiscard]] auto rewrite_model(Job const& job, std::string_view stage)
    -> Result<decltype(Work::report)> {
  auto const checkpoint = io::Checkpoint::open(job.input, job.read);
  if (!checkpoint)
    return checkpoint.error();
  Work work{job, *checkpoint};
  work.report.warnings = checkpoint->warnings();
  work.report.left_out = checkpoint->left_out();
  if (auto found = work.find_layers(); !found)
    return in_model(*checkpoint, found.error());
  Rewrite rewrite;
  rewrite.parts = [&](io::TensorInfo const& tensor) { return work.parts_of(tensor); };
  rewrite.write = [&](io::TensorInfo const& tensor, io::SafetensorsWriter& writer) {
    return work.write(owner_of(tensor.name), writer);
  };
  auto const bytes =
      rewrite_checkpoint(*checkpoint, job.output, rewrite, work.config(), stage, job.progress);
  if (!bytes)
    return bytes.error();
  work.report.output_bytes = *bytes;
  return std::move(work.report);
}

}  // namespace detail

}  // namespace qfmt::oneshot
