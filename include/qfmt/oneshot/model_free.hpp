// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include <qfmt/io/atomic_directory.hpp>
#include <qfmt/io/checkpoint.hpp>
#include <qfmt/io/safetensors_writer.hpp>
#include <qfmt/oneshot/layer_quantizer.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

// From a checkpoint to a quantized checkpoint, without a model definition and without data: what
// the command-line tool does. Tensor by tensor, in memory bounded by the largest tensor.

namespace qfmt::oneshot {

/// How far a job is.
struct Progress {
  std::string_view stage;   // "scan" or "quantize"
  std::string_view tensor;  // what has just been done
  uint64_t done = 0;        // bytes of input tensors in this stage
  uint64_t total = 0;
};

struct ModelFreeJob {
  std::filesystem::path input;   ///< a model directory, or one .safetensors file
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  LayerSelection selection;
  std::function<void(Progress const&)> progress;  ///< may be empty
  io::ReadOptions read;                           ///< how strictly the input is read
};

struct ModelFreeReport {
  std::vector<std::string> quantized;  ///< module names
  uint64_t weights = 0;                ///< their elements
  uint64_t weight_bytes = 0;           ///< what those take in the output, scales and all
  uint64_t output_bytes = 0;           ///< all tensors of the output
  std::vector<std::string> warnings;   ///< what reading the input let pass
  std::vector<std::string> left_out;   ///< entries of the input directory that were not copied
};

namespace detail {

/// A layer to quantize: its module name and where its weight is.
struct Layer {
  std::string module;
  std::string weight;  // tensor name
  io::Dtype dtype;
  Shape shape;
};

/// Whether a dtype holds floating-point numbers, of any width.
constexpr bool is_floating(io::Dtype dtype) noexcept {
  switch (dtype) {
    case io::Dtype::BOOL:
    case io::Dtype::U8:
    case io::Dtype::I8:
    case io::Dtype::I16:
    case io::Dtype::U16:
    case io::Dtype::I32:
    case io::Dtype::U32:
    case io::Dtype::C64:
    case io::Dtype::I64:
    case io::Dtype::U64:
      return false;
    default:
      return true;
  }
}

/// A text as one word of a POSIX shell: in single quotes unless it is plain.
inline std::string shell_word(std::string const& text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
    return text;
  std::string word = "'";
  for (char const c : text) word += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  return word + "'";
}

/// "a.b" for the tensor "a.b.weight"; empty for any other tensor.
inline std::string module_of(std::string const& tensor) {
  constexpr std::string_view ending = ".weight";
  bool const is_weight = tensor.size() > ending.size() &&
                         tensor.compare(tensor.size() - ending.size(), ending.size(), ending) == 0;
  return is_weight ? tensor.substr(0, tensor.size() - ending.size()) : std::string{};
}

template <Executor E>
class ModelFree {
 public:
  ModelFree(ModelFreeJob const& job, LayerQuantizer<E> const& preset, E& executor)
      : job_{job}, preset_{preset}, executor_{executor} {}

  Result<ModelFreeReport> run() {
    auto opened = io::Checkpoint::open(job_.input, job_.read);
    if (!opened)
      return opened.error();
    checkpoint_ = &*opened;
    report_.warnings = checkpoint_->warnings();
    report_.left_out = checkpoint_->left_out();
    if (auto selected = select(); !selected)
      return selected.error();
    auto directory = io::AtomicDirectory::create(job_.output);
    if (!directory)
      return directory.error();
    if (auto scanned = scan(); !scanned)
      return scanned.error();
    if (auto written = write(*directory); !written)
      return written.error();
    if (auto committed = directory->commit(); !committed)
      return committed.error();
    return std::move(report_);
  }

 private:
  /// Finds the layers, and refuses all that cannot be stored in one message.
  Result<void> select() {
    if (auto const& config = checkpoint_->config();
        config.is_object() && config.contains("quantization_config")) {
      return Error{
          Status::config_invalid,
          (checkpoint_->path() / "config.json").string() +
              ": got a quantization_config, expected a model that is not already quantized"};
    }
    Status status = Status::ok;
    std::string refused;
    std::string flags;
    std::vector<std::string> modules;
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      std::string const module = module_of(tensor.name);
      if (module.empty() || tensor.shape.size() != 2 || !is_floating(tensor.dtype))
        continue;
      modules.push_back(module);
      if (!job_.selection(module)) {
        ModuleKind const kind = module_kind(module);
        if (kind != ModuleKind::embedding && kind != ModuleKind::norm)
          ignored_.push_back(module);
        continue;
      }
      Shape const shape{static_cast<index_t>(tensor.shape[0]),
                        static_cast<index_t>(tensor.shape[1])};
      bool const is_real = visit_real(tensor.dtype, []<class T>() {});
      std::string const why =
          is_real ? preset_.why_not(shape)
                  : std::string{"got "} + io::name(tensor.dtype) + ", expected F32, BF16 or F16";
      if (!why.empty()) {
        if (status == Status::ok)
          status = is_real ? Status::block_not_divisor : Status::unknown_dtype;
        refused += "\n  " + quoted(module) + ": " + why;
        flags += " --ignore " + shell_word(module);
        continue;
      }
      layers_.push_back({module, tensor.name, tensor.dtype, shape});
    }
    if (!refused.empty()) {
      return Error{status, checkpoint_->path().string() + ": " + preset_.name +
                               " cannot store these layers:" + refused +
                               "\nto leave them as they are:" + flags};
    }
    for (ModulePattern const& target : job_.selection.targets) {
      auto const is_meant = [&](std::string const& module) { return target.matches(module); };
      if (target.is_linear_class() || std::any_of(modules.begin(), modules.end(), is_meant))
        continue;
      return Error{Status::nothing_to_do, checkpoint_->path().string() + ": the target " +
                                              quoted(target.text()) + " matches no layer"};
    }
    if (layers_.empty())
      return Error{Status::nothing_to_do, checkpoint_->path().string() + ": no layer is selected"};
    if (std::find(ignored_.begin(), ignored_.end(), "lm_head") == ignored_.end() &&
        checkpoint_->find("lm_head.weight") == nullptr) {
      ignored_.emplace_back("lm_head");  // tied to the embedding: a module without a tensor
    }
    std::sort(layers_.begin(), layers_.end(),
              [](Layer const& a, Layer const& b) { return a.weight < b.weight; });
    std::sort(ignored_.begin(), ignored_.end());
    return check_names();
  }

  /// No tensor of a quantized layer may have the name of one that is there already.
  Result<void> check_names() const {
    for (Layer const& layer : layers_) {
      for (io::LayerTensor const& part : preset_.tensors(layer.dtype, layer.shape)) {
        io::TensorInfo const* const other = checkpoint_->find(layer.module + "." + part.suffix);
        if (other == nullptr || other->name == layer.weight)
          continue;
        return Error{Status::checkpoint_ambiguous,
                     file_of(*other) + ": tensor " + quoted(other->name) + ": got it beside " +
                         quoted(layer.weight) +
                         ", expected no such tensor: the quantized layer has one of this name"};
      }
    }
    return {};
  }

  [[nodiscard]] Layer const* find_layer(std::string const& weight) const {
    auto const found =
        std::lower_bound(layers_.begin(), layers_.end(), weight,
                         [](Layer const& l, std::string const& w) { return l.weight < w; });
    return found != layers_.end() && found->weight == weight ? &*found : nullptr;
  }

  Result<io::Bytes> read(io::TensorInfo const& tensor) const {
    io::Bytes bytes(static_cast<std::size_t>(tensor.bytes()));
    if (auto done = checkpoint_->read(tensor, bytes); !done)
      return done.error();
    return bytes;
  }

  /// The file that a tensor is in, for messages.
  [[nodiscard]] std::string file_of(io::TensorInfo const& tensor) const {
    std::error_code error;
    bool const is_directory = std::filesystem::is_directory(checkpoint_->path(), error);
    return (is_directory ? checkpoint_->path() / checkpoint_->shard_of(tensor)
                         : checkpoint_->path())
        .string();
  }

  Error in_layer(Layer const& layer, Error const& error) const {
    return {error.status, file_of(*checkpoint_->find(layer.weight)) + ": tensor " +
                              quoted(layer.weight) + ": " + error.message};
  }

  /// First pass, for schemes with a scale of the whole tensor: the largest magnitude of every
  /// layer, and of every group of layers that share one scale.
  Result<void> scan() {
    if (!preset_.has_global)
      return {};
    Meter meter{*this, "scan"};
    for (Layer const& layer : layers_) {
      io::TensorInfo const& tensor = *checkpoint_->find(layer.weight);
      auto const bytes = read(tensor);
      if (!bytes)
        return bytes.error();
      auto const largest = weight_amax({*bytes, layer.dtype, layer.shape}, executor_);
      if (!largest)
        return in_layer(layer, largest.error());
      float& shared = shared_amax_[fused_group(layer.module)];
      shared = (std::max)(shared, *largest);
      meter.add(tensor);
    }
    return {};
  }

  /// Second pass: every shard, tensor by tensor; then the index, the configuration and all other
  /// files.
  Result<void> write(io::AtomicDirectory& directory) {
    Meter meter{*this, "quantize"};
    io::ShardIndex index;
    for (std::string const& shard : checkpoint_->shards()) {
      io::SafetensorsPlan plan;
      plan.metadata = {{"format", "pt"}};
      std::vector<io::TensorInfo const*> tensors;
      for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
        if (checkpoint_->shard_of(tensor) != shard)
          continue;
        tensors.push_back(&tensor);
        if (Layer const* const layer = find_layer(tensor.name)) {
          for (auto const& part : preset_.tensors(layer->dtype, layer->shape))
            plan.add(layer->module + "." + part.suffix, part.dtype, part.shape);
        } else {
          plan.add(tensor.name, tensor.dtype, tensor.shape);
        }
      }
      std::string const file = checkpoint_->is_sharded() ? shard : "model.safetensors";
      auto writer = io::SafetensorsWriter::create(directory, file, plan);
      if (!writer)
        return writer.error();
      for (io::TensorInfo const* const tensor : tensors) {
        Layer const* const layer = find_layer(tensor->name);
        auto const done =
            layer != nullptr ? quantize_layer(*layer, *writer) : copy(*tensor, *writer);
        if (!done)
          return done;
        meter.add(*tensor);
      }
      if (auto finished = writer->finish(); !finished)
        return finished;
      index.add(file, plan);
      report_.output_bytes += plan.data_bytes();
    }
    return write_rest(directory, index);
  }

  /// Tensors that stay as they are go through in pieces.
  Result<void> copy(io::TensorInfo const& tensor, io::SafetensorsWriter& writer) const {
    constexpr uint64_t piece = uint64_t{1} << 24;
    uint64_t const rows = tensor.shape.empty() || tensor.bytes() == 0 ? 1 : tensor.shape[0];
    uint64_t const row_bytes = tensor.bytes() / rows;
    uint64_t const rows_at_once =
        (std::max)(uint64_t{1}, row_bytes == 0 ? rows : piece / row_bytes);
    if (tensor.shape.empty() || tensor.bytes() <= piece) {
      auto const bytes = read(tensor);
      if (!bytes)
        return bytes.error();
      return writer.write(tensor.name, *bytes);
    }
    io::Bytes bytes;
    for (uint64_t row = 0; row < rows; row += rows_at_once) {
      uint64_t const count = (std::min)(rows_at_once, rows - row);
      bytes.resize(static_cast<std::size_t>(count * row_bytes));
      if (auto done = checkpoint_->read_rows(tensor, row, count, bytes); !done)
        return done;
      if (auto done = writer.append(tensor.name, bytes); !done)
        return done;
    }
    return {};
  }

  Result<void> quantize_layer(Layer const& layer, io::SafetensorsWriter& writer) {
    auto const bytes = read(*checkpoint_->find(layer.weight));
    if (!bytes)
      return bytes.error();
    float const amax = preset_.has_global ? shared_amax_.at(fused_group(layer.module)) : 0.0f;
    auto const quantized = preset_.quantize({*bytes, layer.dtype, layer.shape}, amax, executor_);
    if (!quantized)
      return in_layer(layer, quantized.error());
    auto const parts = preset_.tensors(layer.dtype, layer.shape);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      report_.weight_bytes += (*quantized)[i].size();
      if (auto written = writer.write(layer.module + "." + parts[i].suffix, (*quantized)[i]);
          !written)
        return written;
    }
    report_.weights += static_cast<uint64_t>(layer.shape.size());
    report_.quantized.push_back(layer.module);
    return {};
  }

  Result<void> write_rest(io::AtomicDirectory& directory, io::ShardIndex const& index) {
    if (checkpoint_->is_sharded()) {
      if (auto written = directory.write_file(io::ShardIndex::file_name, index.to_json()); !written)
        return written;
    }
    nlohmann::json config =
        checkpoint_->config().is_object() ? checkpoint_->config() : nlohmann::json::object();
    config["quantization_config"] = preset_.config(ignored_);
    if (auto written = directory.write_file("config.json", config.dump(2, ' ', true) + "\n");
        !written)
      return written;
    for (std::filesystem::path const& file : checkpoint_->other_files()) {
      if (auto copied = directory.copy_file(file); !copied)
        return copied;
    }
    return {};
  }

  /// Tells the caller how far a stage is.
  class Meter {
   public:
    Meter(ModelFree const& job, std::string_view stage)
        : progress_{job.job_.progress}, state_{stage, {}, 0, 0} {
      for (io::TensorInfo const& tensor : job.checkpoint_->tensors()) {
        if (stage == "quantize" || job.find_layer(tensor.name) != nullptr)
          state_.total += tensor.bytes();
      }
    }
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

  ModelFreeJob const& job_;
  LayerQuantizer<E> const& preset_;
  E& executor_;
  io::Checkpoint const* checkpoint_ = nullptr;
  std::vector<Layer> layers_;         // by tensor name
  std::vector<std::string> ignored_;  // linear layers that stay as they are
  std::map<std::string, float> shared_amax_;
  ModelFreeReport report_;
};

}  // namespace detail

/// Quantizes the weights of a checkpoint with a preset and writes a compressed-tensors checkpoint.
///
/// The bytes of the output do not depend on the executor. Layers that are fused when served (q/k/v,
/// gate/up) share one NVFP4 tensor scale, also across shards. On any error nothing is left behind.
///
/// Errors: those of reading and writing; needs_calibration, naming the data-free preset;
/// block_not_divisor or unknown_dtype, listing every layer that cannot be stored; nonfinite_weight
/// with tensor, row and column; nothing_to_do, also for a target that matches no layer;
/// config_invalid for a model that is quantized already; checkpoint_ambiguous for a tensor that has
/// the name of one to be written; output_exists.
template <Executor E>
[[nodiscard]] Result<ModelFreeReport> quantize_checkpoint(ModelFreeJob const& job,
                                                          LayerQuantizer<E> const& preset,
                                                          E& executor) {
  if (preset.data_free != nullptr) {
    return Error{Status::needs_calibration,
                 std::string{preset.name} +
                     ": its input activation scales need calibration data; without data, use " +
                     preset.data_free};
  }
  return detail::ModelFree<E>{job, preset, executor}.run();
}

/// The same for a preset that is known when compiling.
template <class Preset, Profile N = profile::CompressedTensors, Executor E>
[[nodiscard]] Result<ModelFreeReport> quantize_checkpoint(ModelFreeJob const& job, E& executor) {
  return quantize_checkpoint(job, layer_quantizer<Preset, N, E>(), executor);
}

}  // namespace qfmt::oneshot
