// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>
#include <io/samples.hpp>

#include <qfmt/io/safetensors.hpp>

// A file, whatever is in it, opened as a safetensors file. Beyond not crashing,
//
//   - it opens if and only if its header parses;
//   - every tensor reads as the bytes that lie there, whole and row by row;
//   - reads outside of it and into buffers of another size are refused.

namespace fuzz {

inline bool opens_by_the_rules(Input input, qfmt::io::ReadOptions options) {
  if (input.size() < 8)
    return false;
  std::uint64_t const length = Reader{input}.number();
  if (length > input.size() - 8)
    return false;
  auto const header = text_of(input).substr(8, static_cast<std::size_t>(length));
  return qfmt::io::parse_safetensors_header(header, input.size() - 8 - length, "f", options).ok();
}

inline void safetensors_file(Input input) {
  static samples::TemporaryFolder const folder;
  auto const path = folder / "a.safetensors";
  samples::write(path, std::string{text_of(input)});

  qfmt::io::ReadOptions const options{.strictness = qfmt::io::Strictness::compat};
  auto const file = qfmt::io::SafetensorsFile::open(path, options);
  demand(file.ok() == opens_by_the_rules(input, options), "opens if and only if its header parses");
  if (!file)
    return demand_message(file.error());

  auto const data = std::as_bytes(input.subspan(static_cast<std::size_t>(file->data_begin())));
  demand(data.size() == file->data_bytes(), "the data is what is behind the header");
  for (qfmt::io::TensorInfo const& tensor : file->tensors()) {
    auto const expected = data.subspan(static_cast<std::size_t>(tensor.begin),
                                       static_cast<std::size_t>(tensor.bytes()));
    std::vector<std::byte> bytes(expected.size());
    demand(file->read(tensor, bytes).ok() && std::ranges::equal(bytes, expected),
           "a tensor is what lies there");
    std::vector<std::byte> larger(expected.size() + 1);
    demand(!file->read(tensor, larger).ok(), "a buffer of another size is refused");

    std::uint64_t const rows = tensor.shape.empty() ? 0 : tensor.shape[0];
    if (rows == 0 || rows > 64 || bytes.size() % rows != 0)
      continue;
    auto const row = static_cast<std::size_t>(bytes.size() / rows);
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<std::byte> one(row);
      demand(file->read_rows(tensor, r, 1, one).ok() &&
                 std::ranges::equal(one, expected.subspan(r * row, row)),
             "a row is what lies there");
    }
    demand(!file->read_rows(tensor, rows, 1, larger).ok(), "there is no row behind the last");
  }
}

}  // namespace fuzz
