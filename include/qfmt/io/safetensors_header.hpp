// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/header_receiver.hpp>

// The header of a safetensors file: the JSON text between the length and the data.

namespace qfmt::io {

/// What a header says. The tensors are ordered by where their data is; tensors without data, by where
/// they stand in the header.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;
  Metadata metadata;
  NameIndex index;
  std::vector<std::string> warnings;  ///< what Strictness::compat let pass
};

namespace detail {

/// Orders tensors by where their data is, keeping the order of those that agree.
inline void sort_by_data(std::vector<TensorInfo>& tensors) {
  auto const before = [](TensorInfo const& a, TensorInfo const& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  };
  if (!std::is_sorted(tensors.begin(), tensors.end(), before))
    std::stable_sort(tensors.begin(), tensors.end(), before);
}

/// The tensors must cover the data without holes and overlaps.
inline Result<void> check_coverage(std::vector<TensorInfo> const& tensors, uint64_t data_bytes,
                                   std::string const& where) {
  uint64_t cursor = 0;
  TensorInfo const* previous = nullptr;
  for (TensorInfo const& tensor : tensors) {
    auto const subject = [&] { return where + ": tensor " + qfmt::quoted(tensor.name); };
    if (tensor.begin > cursor) {
      return Error{Status::data_hole, subject() + ": got data from byte " +
                                          std::to_string(tensor.begin) + ", expected from " +
                                          std::to_string(cursor) +
                                          ": nothing describes the bytes between"};
    }
    if (tensor.begin < cursor) {
      return Error{Status::data_overlap, subject() + ": got data from byte " +
                                             std::to_string(tensor.begin) + ", expected from " +
                                             std::to_string(cursor) + ", where tensor " +
                                             qfmt::quoted(previous->name) + " ends"};
    }
    cursor = tensor.end;
    previous = &tensor;
    if (cursor > data_bytes) {
      return Error{Status::data_truncated, subject() + ": got " + std::to_string(data_bytes) +
                                               " bytes of data in the file, expected at least " +
                                               std::to_string(cursor) + ": the file is incomplete"};
    }
  }
  if (cursor != data_bytes) {
    return Error{Status::data_trailing, where + ": got " + std::to_string(data_bytes) +
                                            " bytes of data, expected " + std::to_string(cursor) +
                                            ": no tensor describes the last " +
                                            std::to_string(data_bytes - cursor)};
  }
  return {};
}

/// White space before the object: a defect, or a warning.
inline Result<void> check_before(std::string_view header, ReadOptions options,
                                 std::string const& where, std::vector<std::string>& warnings) {
  std::size_t const spaces = header.find_first_not_of(" \t\r\n");
  if (spaces != 0 && spaces != std::string_view::npos) {
    std::string const what =
        where + ": got " + std::to_string(spaces) + " bytes of white space before the header's '{'";
    if (options.strictness == Strictness::strict)
      return Error{Status::header_leading_space,
                   what + ", expected none; Strictness::compat allows them"};
    warnings.push_back(what);
  }
  char const first = spaces == std::string_view::npos ? ' ' : header[spaces];
  if (first == '{' || first == '\xEF')
    return {};
  return Error{Status::header_not_object, where + ": got " + qfmt::quoted(std::string(1, first)) +
                                              " at the start of the header, expected '{'"};
}

/// Only spaces may follow the object; tabs and newlines are a defect or a warning.
inline Result<void> check_after(std::string_view header, std::size_t end, ReadOptions options,
                                std::string const& where, std::vector<std::string>& warnings) {
  std::size_t const bad =
      header.find_first_not_of(options.strictness == Strictness::strict ? " " : " \t\r\n", end);
  if (bad != std::string_view::npos) {
    return Error{Status::header_trailing_bytes,
                 where + ": got " + qfmt::quoted(std::string{header.substr(bad, 1)}) +
                     " after the header's '}', expected spaces (header byte " +
                     std::to_string(bad) + ")"};
  }
  if (header.find_first_not_of(' ', end) != std::string_view::npos)
    warnings.push_back(where + ": got tabs or newlines after the header's '}'");
  return {};
}

}  // namespace detail

/// Reads a header, given how many bytes of data follow it. `where` (a file name) begins every message.
///
/// Errors, with the tensor, what was found and what was expected: header_empty, header_leading_space,
/// header_not_object, header_bad_utf8, header_trailing_bytes, json_syntax, json_too_deep,
/// duplicate_key, metadata_invalid, tensor_name_invalid, wrong_json_type, unknown_field, missing_field,
/// unknown_dtype, bad_integer, integer_overflow, rank_unsupported, size_overflow, subbyte_misaligned,
/// bad_offsets, size_mismatch, data_hole, data_overlap, data_truncated, data_trailing,
/// too_many_tensors, header_too_large.
[[nodiscard]] inline Result<SafetensorsHeader> parse_safetensors_header(std::string_view header,
                                                                        uint64_t data_bytes,
                                                                        std::string const& where,
                                                                        ReadOptions options = {}) {
  constexpr std::size_t max_depth = 8;  // the format needs three
  SafetensorsHeader result;
  if (header.empty())
    return Error{Status::header_empty, where + ": got a header of 0 bytes, expected at least '{}'"};
  if (header.size() > max_header_bytes) {
    return Error{Status::header_too_large,
                 where + ": got a header of " + std::to_string(header.size()) +
                     " bytes, expected at most " + std::to_string(max_header_bytes)};
  }
  if (auto valid = detail::check_before(header, options, where, result.warnings); !valid)
    return valid.error();
  detail::HeaderReceiver receiver{header, where, options};
  auto const end = detail::receive_json(receiver, max_depth, detail::Extent::first_value);
  if (!end)
    return end.error();
  if (auto valid = detail::check_after(header, *end, options, where, result.warnings); !valid)
    return valid.error();

  result.tensors = std::move(receiver.tensors);
  result.metadata = std::move(receiver.metadata);
  if (auto const twice = NameIndex{result.tensors}.duplicate(result.tensors)) {
    auto const [first, second] = *twice;
    return Error{Status::duplicate_key,
                 where + ": tensor " + qfmt::quoted(result.tensors[first].name) +
                     ": got the name twice, expected it once (header bytes " +
                     std::to_string(receiver.name_ends[first]) + " and " +
                     std::to_string(receiver.name_ends[second]) + ")"};
  }
  detail::sort_by_data(result.tensors);
  if (auto valid = detail::check_coverage(result.tensors, data_bytes, where); !valid)
    return valid.error();
  result.index = NameIndex{result.tensors};
  return result;
}

}  // namespace qfmt::io
