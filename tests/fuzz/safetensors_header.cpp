// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A libFuzzer target for the header of safetensors files:
//
//     clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -I include tests/fuzz/safetensors_header.cpp
//     ./a.out -max_len=4096 -timeout=5 -rss_limit_mb=512 corpus/
//
// The input is a file: 8 bytes of length, a header, data. Beyond not crashing,
//
//   - what strict accepts, compat accepts, with the same meaning;
//   - what is accepted obeys the rules of the format, recomputed here in another way;
//   - what is accepted, written and read again is the same, and writing that again gives the same bytes.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <qfmt/io/safetensors_writer.hpp>
#include <set>

namespace {

using qfmt::io::SafetensorsHeader;
using qfmt::io::TensorInfo;

void demand(bool holds, char const* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// The rules, slowly: every byte of the data belongs to exactly one tensor.
void check_rules(SafetensorsHeader const& header, uint64_t data_bytes) {
  std::set<std::string> names;
  std::multiset<std::pair<uint64_t, uint64_t>> extents;
  for (TensorInfo const& tensor : header.tensors) {
    demand(names.insert(tensor.name).second, "names are unique");
    demand(!tensor.name.empty() && tensor.name.size() <= 1024 && qfmt::io::is_utf8(tensor.name), "names are short UTF-8");
    for (unsigned char const c : tensor.name) demand(c >= 0x20 && c != 0x7F, "names have no control characters");
    demand(tensor.shape.size() <= 64, "rank");
    unsigned __int128 total = bits(tensor.dtype);
    for (uint64_t const dimension : tensor.shape) {
      demand(dimension < uint64_t{1} << 48, "dimension");
      total *= dimension;
      demand(total >> 64 == 0, "size");
    }
    demand(total % 8 == 0, "whole bytes");
    demand(tensor.begin <= tensor.end && tensor.end - tensor.begin == total / 8, "extent");
    demand(header.index.find(header.tensors, tensor.name) == &tensor, "found by name");
    if (tensor.begin != tensor.end) extents.emplace(tensor.begin, tensor.end);
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
void check_fixpoint(SafetensorsHeader const& header) {
  qfmt::io::SafetensorsPlan plan;
  plan.metadata = header.metadata;
  plan.tensors = header.tensors;
  auto const layout = qfmt::io::safetensors_layout(plan, "f");
  demand(layout.ok(), "what is read can be written");
  std::string const written = qfmt::io::safetensors_header_bytes(plan.metadata, *layout);
  auto const again = qfmt::io::parse_safetensors_header(std::string_view{written}.substr(8), plan.data_bytes(), "f");
  demand(again.ok(), "what is written can be read");
  demand(again->tensors.size() == header.tensors.size() && again->metadata == header.metadata, "nothing is lost");
  for (TensorInfo const& tensor : header.tensors) {
    TensorInfo const* const other = again->index.find(again->tensors, tensor.name);
    demand(other != nullptr && other->dtype == tensor.dtype && other->shape == tensor.shape, "tensors keep dtype and shape");
  }
  qfmt::io::SafetensorsPlan second;
  second.metadata = again->metadata;
  second.tensors = again->tensors;
  demand(qfmt::io::safetensors_header_bytes(second.metadata, *qfmt::io::safetensors_layout(second, "f")) == written, "writing is a fixpoint");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(uint8_t const* data, std::size_t size) {
  if (size < 8) return 0;
  uint64_t length = 0;
  std::memcpy(&length, data, 8);
  if (length > size - 8) length = size - 8;
  std::string_view const header{reinterpret_cast<char const*>(data) + 8, static_cast<std::size_t>(length)};
  uint64_t const data_bytes = size - 8 - length;

  auto const strict = qfmt::io::parse_safetensors_header(header, data_bytes, "f");
  auto const compat = qfmt::io::parse_safetensors_header(header, data_bytes, "f", {.strictness = qfmt::io::Strictness::compat});
  if (strict.ok()) demand(compat.ok() && compat->tensors == strict->tensors && compat->metadata == strict->metadata, "strict is part of compat");
  if (!compat.ok()) {
    demand(!strict.ok() && compat.error().message.find('\n') == std::string::npos && compat.error().message.size() < 4096, "a message is one line");
    return 0;
  }
  check_rules(*compat, data_bytes);
  check_fixpoint(*compat);
  return 0;
}
