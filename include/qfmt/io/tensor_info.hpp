// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include <qfmt/io/dtype.hpp>
#include <qfmt/tensor/result.hpp>

// What is said about a tensor in a file, and the limits within which it may be said. Reader and writer
// share them: what one refuses the other does not produce.

namespace qfmt::io {

/// The largest dimension: 2^48 - 1.
inline constexpr uint64_t max_dimension = (uint64_t{1} << 48) - 1;
/// The largest number of dimensions.
inline constexpr std::size_t max_rank = 64;
/// The longest tensor name, in bytes.
inline constexpr std::size_t max_tensor_name = 1024;
/// The longest header of a safetensors file, in bytes (10^8, decimal).
inline constexpr uint64_t max_header_bytes = 100'000'000;

/// One tensor of a file.
struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::U8;
  std::vector<uint64_t> shape;  ///< empty for a scalar; F4 and F6 count elements
  uint64_t begin = 0;           ///< first byte, counted from the start of the data section
  uint64_t end = 0;             ///< one past the last byte

  [[nodiscard]] uint64_t bytes() const noexcept { return end - begin; }
  friend bool operator==(TensorInfo const&, TensorInfo const&) = default;
};

/// "[4096, 1024]".
[[nodiscard]] inline std::string to_string(std::vector<uint64_t> const& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i == 8 && shape.size() > 9)
      return text + ", ... " + std::to_string(shape.size()) + " dimensions]";
    if (i > 0)
      text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

/// The bytes of a dense tensor: product of the dimensions times the bits of an element, over 8.
///
/// Errors: rank_unsupported; size_overflow if a dimension exceeds 2^48 - 1 or the product of those that
/// are not zero, times the bits, exceeds 64 bits (so the order of dimensions does not matter);
/// subbyte_misaligned if the rows of F4 or F6 are not whole bytes.
[[nodiscard]] inline Result<uint64_t> tensor_bytes(Dtype dtype,
                                                   std::vector<uint64_t> const& shape) {
  auto const what = [&] { return "got " + std::string{name(dtype)} + " " + to_string(shape); };
  if (shape.size() > max_rank) {
    return Error{Status::rank_unsupported, "got " + std::to_string(shape.size()) +
                                               " dimensions, expected at most " +
                                               std::to_string(max_rank)};
  }
  uint64_t total = bits(dtype);
  bool is_empty = false;
  for (uint64_t const dimension : shape) {
    if (dimension > max_dimension)
      return Error{Status::size_overflow, what() + ", expected dimensions up to 2^48 - 1"};
    if (dimension == 0) {
      is_empty = true;
    } else if (__builtin_mul_overflow(total, dimension, &total)) {
      return Error{Status::size_overflow, what() + ", expected less than 2^64 bits"};
    }
  }
  if (uint64_t const row = shape.empty() ? 1 : shape.back(); row * bits(dtype) % 8 != 0) {
    return Error{Status::subbyte_misaligned,
                 what() + ": a row of " + std::to_string(row) + " elements takes " +
                     std::to_string(row * bits(dtype)) + " bits, expected whole bytes"};
  }
  return is_empty ? 0 : total / 8;
}

/// A name that a tensor may have: 1 to 1024 bytes without control characters. It is never a file name.
///
/// Errors: tensor_name_invalid. That it is UTF-8 is checked with the text it comes from.
[[nodiscard]] inline Result<void> check_tensor_name(std::string const& name) {
  if (name.empty())
    return Error{Status::tensor_name_invalid, "got an empty tensor name, expected 1 to 1024 bytes"};
  if (name.size() > max_tensor_name) {
    return Error{Status::tensor_name_invalid,
                 "tensor " + qfmt::quoted(name.substr(0, 32)) + "...: got a name of " +
                     std::to_string(name.size()) + " bytes, expected 1 to 1024"};
  }
  for (char const c : name) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)
      continue;
    return Error{Status::tensor_name_invalid,
                 "tensor " + qfmt::quoted(name) + ": got a control character in the name"};
  }
  return {};
}

/// Finds tensors by name. Entries are kept by (hash, name), so that building and searching take
/// O(n log n) and O(log n) comparisons whatever names a file has chosen.
class NameIndex {
 public:
  NameIndex() = default;
  explicit NameIndex(std::vector<TensorInfo> const& tensors) {
    entries_.reserve(tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) entries_.push_back({hash(tensors[i].name), i});
    std::sort(entries_.begin(), entries_.end(), [&](Entry const& a, Entry const& b) {
      if (a.hash != b.hash)
        return a.hash < b.hash;
      int const order = tensors[a.position].name.compare(tensors[b.position].name);
      return order != 0 ? order < 0 : a.position < b.position;
    });
  }

  /// The tensor with this name, or null. `tensors` is the list that the index was built from.
  [[nodiscard]] TensorInfo const* find(std::vector<TensorInfo> const& tensors,
                                       std::string_view name) const {
    std::size_t const wanted = hash(name);
    auto const found = std::lower_bound(
        entries_.begin(), entries_.end(), wanted, [&](Entry const& e, std::size_t h) {
          return e.hash != h ? e.hash < h : tensors[e.position].name < name;
        });
    if (found == entries_.end() || found->hash != wanted || tensors[found->position].name != name)
      return nullptr;
    return &tensors[found->position];
  }

  /// The first two positions whose tensors have the same name.
  [[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> duplicate(
      std::vector<TensorInfo> const& tensors) const {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      Entry const& a = entries_[i - 1];
      Entry const& b = entries_[i];
      if (a.hash == b.hash && tensors[a.position].name == tensors[b.position].name)
        return std::pair{a.position, b.position};
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    std::size_t hash;
    std::size_t position;
  };

  static std::size_t hash(std::string_view name) noexcept {
    return std::hash<std::string_view>{}(name);
  }

  std::vector<Entry> entries_;
};

}  // namespace qfmt::io
