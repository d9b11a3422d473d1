// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <fuzz/demand.hpp>
#include <set>

#include <qfmt/io/safetensors_writer.hpp>

// The header of a safetensors file: 8 bytes of length, a header, data. Beyond not crashing,
//
//   - what strict accepts, compat accepts, with the same meaning;
//   - what is accepted obeys the rules of the format, recomputed here in another way;
//   - what is accepted, written and read again is the same, and writing that again gives the same
//     bytes.

namespace fuzz {

/// The rules, slowly: every byte of the data belongs to exactly one tensor.
inline void check_rules(qfmt::io::SafetensorsHeader const& header, uint64_t data_bytes) {
  std::set<std::string> names;
  std::multiset<std::pair<uint64_t, uint64_t>> extents;
  for (qfmt::io::TensorInfo const& tensor : header.tensors) {
    demand(names.insert(tensor.name).second, "names are unique");
    demand(!tensor.name.empty() && tensor.name.size() <= 1024 && qfmt::io::is_utf8(tensor.name),
           "names are short UTF-8");
    for (char const c : tensor.name)
      demand(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F,
             "names have no control characters");
    demand(tensor.shape.size() <= 64, "rank");
    uint64_t total = bits(tensor.dtype);
    bool const is_empty = std::ranges::count(tensor.shape, 0u) != 0;
    for (uint64_t const dimension : tensor.shape) {
      demand(dimension < uint64_t{1} << 48, "dimension");
      demand(is_empty || !__builtin_mul_overflow(total, dimension, &total), "size");
    }
    if (is_empty)
      total = 0;
    demand(total % 8 == 0, "whole bytes");
    demand(tensor.begin <= tensor.end && tensor.end - tensor.begin == total / 8, "extent");
    demand(header.index.find(header.tensors, tensor.name) == &tensor, "found by name");
    if (tensor.begin != tensor.end)
      extents.emplace(tensor.begin, tensor.end);
    demand(tensor.end <= data_bytes, "within the data");
  }
  uint64_t cursor = 0;
  for (auto const& [begin, end] : extents) {
    demand(begin == cursor, "no hole, no overlap");
    cursor = end;
  }
  demand(cursor == data_bytes, "all data described");
}

/// Written canonically, a header means the same, and is its own canonical form.
inline void check_fixpoint(qfmt::io::SafetensorsHeader const& header) {
  qfmt::io::SafetensorsPlan plan;
  plan.metadata = header.metadata;
  plan.tensors = header.tensors;
  auto const layout = qfmt::io::safetensors_layout(plan, "f");
  demand(layout.ok(), "what is read can be written");
  std::string const written = qfmt::io::safetensors_header_bytes(plan.metadata, *layout);
  auto const again = qfmt::io::parse_safetensors_header(std::string_view{written}.substr(8),
                                                        plan.data_bytes(), "f");
  demand(again.ok(), "what is written can be read");
  demand(again->tensors.size() == header.tensors.size() && again->metadata == header.metadata,
         "nothing is lost");
  for (qfmt::io::TensorInfo const& tensor : header.tensors) {
    qfmt::io::TensorInfo const* const other = again->index.find(again->tensors, tensor.name);
    demand(other != nullptr && other->dtype == tensor.dtype && other->shape == tensor.shape,
           "tensors keep dtype and shape");
  }
  qfmt::io::SafetensorsPlan second;
  second.metadata = again->metadata;
  second.tensors = again->tensors;
  demand(qfmt::io::safetensors_header_bytes(second.metadata,
                                            *qfmt::io::safetensors_layout(second, "f")) == written,
         "writing is a fixpoint");
}

inline void safetensors_header(Input input) {
  if (input.size() < 8)
    return;
  uint64_t length = 0;
  std::memcpy(&length, input.data(), 8);
  length = (std::min)(length, uint64_t{input.size() - 8});
  std::string_view const header = text_of(input).substr(8, static_cast<std::size_t>(length));
  uint64_t const data_bytes = input.size() - 8 - length;

  auto const strict = qfmt::io::parse_safetensors_header(header, data_bytes, "f");
  auto const compat = qfmt::io::parse_safetensors_header(
      header, data_bytes, "f", {.strictness = qfmt::io::Strictness::compat});
  if (strict.ok())
    demand(
        compat.ok() && compat->tensors == strict->tensors && compat->metadata == strict->metadata,
        "strict is part of compat");
  if (!compat.ok()) {
    demand(!strict.ok(), "strict is part of compat");
    demand_message(compat.error());
    return;
  }
  check_rules(*compat, data_bytes);
  check_fixpoint(*compat);
}

}  // namespace fuzz
