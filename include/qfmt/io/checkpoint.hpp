// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/io/python_json.hpp>
#include <qfmt/io/safetensors.hpp>
#include <qfmt/io/shard_index.hpp>

namespace qfmt::io {

namespace detail {

/// Whether a file is weights in some form: those are not copied along with a checkpoint, because they
/// would be the old ones. A `.bin` file is only by the names that weights have: tokenizers use the
/// ending too.
inline bool is_weight_file(std::string_view name) {
  for (std::string_view const ending :
       {".safetensors", ".safetensors.index.json", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5",
        ".msgpack", ".msgpack.index.json", ".gguf", ".onnx", ".ot", ".npz"}) {
    if (name.ends_with(ending))
      return true;
  }
  if (!name.ends_with(".bin"))
    return false;
  for (std::string_view const start : {"pytorch_model", "model", "adapter_model", "consolidated"}) {
    if (name.starts_with(start))
      return true;
  }
  return false;
}

}  // namespace detail

/// A model as it lies in a directory: its tensors, in one file or several, its configuration, and the
/// names of all else that belongs to it. A single .safetensors file is a checkpoint too.
///
/// What it has been opened with has been checked: every shard is there, and index and shards agree on
/// every tensor. Reading is safe from any number of threads.
class Checkpoint {
 public:
  /// Opens a directory with model.safetensors or model.safetensors.index.json, or one .safetensors file.
  ///
  /// Errors: those of SafetensorsFile and ShardIndex; shard_missing, listing all that are; checkpoint_incomplete
  /// if there are no weights; checkpoint_ambiguous if there are a single file and an index;
  /// index_inconsistent if a tensor is not in the shard that the index says, is in a shard but not in the
  /// index, or if total_size is wrong (with Strictness::compat a warning); config_invalid; unsafe_path for
  /// symbolic links (see Directory).
  static Result<Checkpoint> open(std::filesystem::path const& path, ReadOptions options = {}) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      auto file = SafetensorsFile::open(path, options);
      if (!file)
        return file.error();
      Checkpoint checkpoint{path};
      checkpoint.add(path.filename().string(), *std::move(file));
      return checkpoint.finished();
    }
    auto const directory = Directory::open(path);
    if (!directory)
      return directory.error();
    Checkpoint checkpoint{path};
    bool const has_file = directory->contains(single_file);
    bool const has_index = directory->contains(ShardIndex::file_name);
    if (has_file && has_index) {
      return Error{Status::checkpoint_ambiguous, detail::shown(path) + ": got both " + single_file +
                                                     " and " + ShardIndex::file_name +
                                                     ", expected one of them"};
    }
    if (!has_file && !has_index)
      return checkpoint.no_weights(*directory);
    auto opened = has_index ? checkpoint.open_shards(*directory, options)
                            : checkpoint.open_single(*directory, options);
    if (!opened)
      return opened.error();
    if (auto read = checkpoint.read_config(*directory); !read)
      return read.error();
    if (auto listed = checkpoint.list_other_files(*directory); !listed)
      return listed.error();
    return checkpoint.finished();
  }

  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }
  [[nodiscard]] bool is_sharded() const noexcept { return index_.has_value(); }
  /// The names of the files with tensors, sorted.
  [[nodiscard]] std::vector<std::string> const& shards() const noexcept { return shards_; }
  /// The index, if there is one.
  [[nodiscard]] std::optional<ShardIndex> const& index() const noexcept { return index_; }
  /// The contents of config.json; null if there is none.
  [[nodiscard]] nlohmann::json const& config() const noexcept { return config_; }
  /// Files that belong to the model beside its weights and config.json: tokenizer, templates, licence.
  [[nodiscard]] std::vector<std::filesystem::path> const& other_files() const noexcept {
    return other_files_;
  }
  /// Entries of the directory that are not among them: subdirectories and weights in other forms.
  [[nodiscard]] std::vector<std::string> const& left_out() const noexcept { return left_out_; }
  [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return warnings_; }

  /// All tensors, shard by shard, in the order of their data.
  [[nodiscard]] std::vector<TensorInfo> const& tensors() const noexcept { return tensors_; }
  /// The tensors of the shard at this position in shards().
  [[nodiscard]] std::span<TensorInfo const> tensors_of(std::size_t shard) const {
    return std::span{tensors_}.subspan(first_[shard], first_[shard + 1] - first_[shard]);
  }
  /// The tensor with this name, or null.
  [[nodiscard]] TensorInfo const* find(std::string_view name) const {
    return names_.find(tensors_, name);
  }
  /// The shard of a tensor of this checkpoint.
  [[nodiscard]] std::string const& shard_of(TensorInfo const& tensor) const {
    return shards_[shard_position(tensor)];
  }

  /// Reads all data of a tensor. Errors: those of SafetensorsFile::read.
  [[nodiscard]] Result<void> read(TensorInfo const& tensor, std::span<std::byte> out) const {
    return files_[shard_position(tensor)].read(tensor, out);
  }
  /// Reads some rows of a tensor. Errors: those of SafetensorsFile::read_rows.
  [[nodiscard]] Result<void> read_rows(TensorInfo const& tensor, uint64_t first, uint64_t count,
                                       std::span<std::byte> out) const {
    return files_[shard_position(tensor)].read_rows(tensor, first, count, out);
  }

 private:
  static constexpr char const* single_file = "model.safetensors";
  static constexpr char const* config_file = "config.json";
  static constexpr uint64_t max_config_bytes = 16'000'000;

  explicit Checkpoint(std::filesystem::path path) : path_{std::move(path)} {}

  void add(std::string shard, SafetensorsFile file) {
    shards_.push_back(std::move(shard));
    tensors_.insert(tensors_.end(), file.tensors().begin(), file.tensors().end());
    first_.push_back(tensors_.size());
    warnings_.insert(warnings_.end(), file.warnings().begin(), file.warnings().end());
    files_.push_back(std::move(file));
  }

  Checkpoint finished() {
    names_ = NameIndex{tensors_};
    return std::move(*this);
  }

  [[nodiscard]] std::size_t shard_position(TensorInfo const& tensor) const {
    // Copies of a tensor's description are looked up by name.
    bool const is_mine = !std::less<>{}(&tensor, tensors_.data()) &&
                         std::less<>{}(&tensor, tensors_.data() + tensors_.size());
    TensorInfo const* const found = is_mine ? &tensor : find(tensor.name);
    auto const position =
        static_cast<std::size_t>((found == nullptr ? tensors_.data() : found) - tensors_.data());
    auto const next = std::upper_bound(first_.begin() + 1, first_.end() - 1, position);
    return static_cast<std::size_t>(next - first_.begin()) - 1;
  }

  Result<void> open_single(Directory const& directory, ReadOptions options) {
    auto file = directory.open_file(single_file);
    if (!file)
      return file.error();
    auto opened = SafetensorsFile::open(*std::move(file), options);
    if (!opened)
      return opened.error();
    add(single_file, *std::move(opened));
    return {};
  }

  Result<void> open_shards(Directory const& directory, ReadOptions options) {
    std::string const where = detail::shown(path_ / ShardIndex::file_name);
    auto const file = directory.open_file(ShardIndex::file_name);
    if (!file)
      return file.error();
    auto const text = read_text(*file, ShardIndex::max_bytes, Status::index_invalid);
    if (!text)
      return text.error();
    auto index = ShardIndex::parse(*text, where, options.strictness);
    if (!index)
      return index.error();
    std::string missing;
    for (std::string const& shard : index->shards()) {
      if (!directory.contains(shard))
        missing += (missing.empty() ? "" : ", ") + qfmt::quoted(shard);
    }
    if (!missing.empty())
      return Error{Status::shard_missing, detail::shown(path_) + ": got no files " + missing +
                                              ", expected all that the index names"};
    for (std::string const& shard : index->shards()) {
      auto shard_file = directory.open_file(shard);
      if (!shard_file)
        return shard_file.error();
      auto opened = SafetensorsFile::open(*std::move(shard_file), options);
      if (!opened)
        return opened.error();
      add(shard, *std::move(opened));
    }
    warnings_.insert(warnings_.end(), index->warnings.begin(), index->warnings.end());
    index_ = *std::move(index);
    return check_index(where, options.strictness);
  }

  /// Index and shards must agree on every tensor.
  Result<void> check_index(std::string const& where, Strictness strictness) {
    auto const inconsistent = [&](std::string const& tensor, std::string const& message) {
      return Error{Status::index_inconsistent,
                   where + ": tensor " + qfmt::quoted(tensor) + ": " + message};
    };
    uint64_t total = 0;
    for (std::size_t s = 0; s < shards_.size(); ++s) {
      for (TensorInfo const& tensor : tensors_of(s)) {
        auto const mapped = index_->weight_map.find(tensor.name);
        if (mapped == index_->weight_map.end())
          return inconsistent(tensor.name, "got it in shard " + qfmt::quoted(shards_[s]) +
                                               ", but not in the index");
        if (mapped->second != shards_[s])
          return inconsistent(tensor.name, "got it in shard " + qfmt::quoted(shards_[s]) +
                                               ", expected only in " +
                                               qfmt::quoted(mapped->second));
        total += tensor.bytes();
      }
    }
    for (auto const& [tensor, shard] : index_->weight_map) {
      auto const s = static_cast<std::size_t>(
          std::lower_bound(shards_.begin(), shards_.end(), shard) - shards_.begin());
      if (files_[s].find(tensor) == nullptr)
        return inconsistent(tensor, "got no such tensor in shard " + qfmt::quoted(shard) +
                                        ", where the index says it is");
    }
    if (index_->total_size && *index_->total_size != total) {
      std::string const what = where + ": metadata.total_size: got " +
                               std::to_string(*index_->total_size) + ", expected " +
                               std::to_string(total) + ", the bytes of all tensors";
      if (strictness == Strictness::strict)
        return Error{Status::index_inconsistent, what + "; Strictness::compat allows it"};
      warnings_.push_back(what);
    }
    return {};
  }

  Result<void> read_config(Directory const& directory) {
    if (!directory.contains(config_file))
      return {};
    auto const file = directory.open_file(config_file);
    if (!file)
      return file.error();
    auto const text = read_text(*file, max_config_bytes, Status::config_invalid);
    if (!text)
      return text.error();
    auto config = parse_python_json(*text, detail::shown(file->path()));
    if (!config)
      return config.error();
    if (!config->is_object())
      return Error{Status::config_invalid, detail::shown(file->path()) + ": got " +
                                               config->type_name() + ", expected an object"};
    config_ = *std::move(config);
    return {};
  }

  Result<void> list_other_files(Directory const& directory) {
    auto names = directory.names();
    if (!names)
      return names.error();
    for (std::string& name : *names) {
      if (name[0] == '.' || name == config_file)
        continue;
      if (std::binary_search(shards_.begin(), shards_.end(), name) || name == ShardIndex::file_name)
        continue;
      if (detail::is_weight_file(name) || directory.is_directory(name)) {
        left_out_.push_back(std::move(name));
        continue;
      }
      if (auto const file = directory.open_file(name); !file)
        return file.error();
      other_files_.push_back(path_ / name);
    }
    return {};
  }

  [[nodiscard]] Error no_weights(Directory const& directory) const {
    std::string found;
    if (auto const names = directory.names()) {
      for (std::string const& name : *names) {
        if (detail::is_weight_file(name))
          found += (found.empty() ? "" : ", ") + qfmt::quoted(name);
      }
    }
    return {Status::checkpoint_incomplete,
            detail::shown(path_) + ": got " + (found.empty() ? "no weights" : found) +
                ", expected " + single_file + " or " + ShardIndex::file_name};
  }

  std::filesystem::path path_;
  std::vector<std::string> shards_;
  std::vector<SafetensorsFile> files_;  // one for each shard
  std::vector<TensorInfo> tensors_;
  std::vector<std::size_t> first_ = {0};  // the first tensor of each shard, and one past the last
  NameIndex names_;
  std::optional<ShardIndex> index_;
  nlohmann::json config_;
  std::vector<std::filesystem::path> other_files_;
  std::vector<std::string> left_out_;
  std::vector<std::string> warnings_;
};

}  // namespace qfmt::io
