// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>

#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/safetensors.hpp>

namespace samples {

/// Tensors in memory, to load layers from and to spoil before.
class MemorySource {
 public:
  struct Tensor {
    qfmt::io::TensorInfo info;
    qfmt::io::Bytes bytes;
  };

  MemorySource() = default;

  /// All tensors of a file that must be readable.
  explicit MemorySource(std::filesystem::path const& path) {
    auto const file = qfmt::io::SafetensorsFile::open(path);
    if (!file)
      return;
    for (qfmt::io::TensorInfo const& info : file->tensors()) {
      qfmt::io::Bytes bytes(static_cast<std::size_t>(info.bytes()));
      if (file->read(info, bytes))
        tensors_.emplace(info.name, Tensor{info, std::move(bytes)});
    }
  }

  void add(std::string const& name, qfmt::io::Dtype dtype, std::vector<uint64_t> shape,
           qfmt::io::Bytes bytes) {
    uint64_t const size = bytes.size();
    tensors_.insert_or_assign(name, Tensor{{name, dtype, std::move(shape), 0, size}, bytes});
  }
  void remove(std::string const& name) { tensors_.erase(name); }

  [[nodiscard]] bool contains(std::string const& name) const { return tensors_.contains(name); }
  [[nodiscard]] Tensor& at(std::string const& name) { return tensors_.at(name); }
  [[nodiscard]] Tensor const& at(std::string const& name) const { return tensors_.at(name); }
  [[nodiscard]] std::map<std::string, Tensor> const& tensors() const { return tensors_; }

  // What a TensorSource has.

  [[nodiscard]] qfmt::io::TensorInfo const* find(std::string const& name) const {
    auto const found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second.info;
  }
  [[nodiscard]] qfmt::Result<void> read(qfmt::io::TensorInfo const& info,
                                        std::span<std::byte> into) const {
    qfmt::io::Bytes const& bytes = tensors_.at(info.name).bytes;
    if (bytes.size() != into.size())
      return qfmt::Error{qfmt::Status::size_mismatch, info.name};
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return {};
  }

 private:
  std::map<std::string, Tensor> tensors_;
};

/// The tensors of a stored layer.
template <qfmt::Scheme S>
MemorySource stored(qfmt::io::CompressedFormat format, std::string const& module,
                    qfmt::QuantTensor<S> const& layer) {
  MemorySource source;
  for (qfmt::io::LayerTensor const& tensor : qfmt::io::layer_tensors<S>(format, layer.shape)) {
    source.add(module + "." + tensor.suffix, tensor.dtype, tensor.shape,
               qfmt::io::layer_bytes<S>(format, tensor, layer.view()));
  }
  return source;
}

}  // namespace samples
