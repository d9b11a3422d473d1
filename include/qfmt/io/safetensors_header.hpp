// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <qfmt/io/json.hpp>
#include <qfmt/io/tensor_info.hpp>

// The header of a safetensors file: the JSON text between the length and the data.

namespace qfmt::io {

/// How much is forgiven. Both refuse whatever could be read in two ways.
enum class Strictness : uint8_t {
  strict,  ///< what the format's text allows
  compat,  ///< also white space before the object, and tabs and newlines after it; see `warnings`
};

struct ReadOptions {
  Strictness strictness = Strictness::strict;
  std::size_t max_tensors = 1'000'000;
};

/// The largest number of entries of `__metadata__`.
inline constexpr std::size_t max_metadata_entries = 65'536;

using Metadata = std::map<std::string, std::string>;

/// What a header says. The tensors are ordered by where their data is; tensors without data, by where
/// they stand in the header.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;
  Metadata metadata;
  NameIndex index;
  std::vector<std::string> warnings;  ///< what Strictness::compat let pass
};

namespace detail {

/// Receives the parsing events of a header. The format has three levels: the root, a tensor or the
/// metadata, and a tensor's shape or offsets.
class HeaderReceiver : public JsonReceiver {
 public:
  HeaderReceiver(std::string_view text, std::string where, ReadOptions options)
      : JsonReceiver{text, std::move(where), "header byte"}, options_{options} {}

  std::vector<TensorInfo> tensors;
  std::vector<uint32_t> name_ends;  // for each tensor, where in the header its name ends
  Metadata metadata;

  bool null() { return unexpected("null"); }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool number_integer(int64_t value) {
    if (state_ == State::in_offsets && value < 0) return fail_tensor(Status::bad_offsets, "data_offsets: got " + std::to_string(value) + ", expected 0 or more");
    return unexpected(value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(uint64_t value) {
    if (state_ == State::in_shape) {
      if (numbers_.size() == max_rank) {
        return fail_tensor(Status::rank_unsupported, "shape: got more than " + std::to_string(max_rank) + " dimensions");
      }
      numbers_.push_back(value);
      return true;
    }
    if (state_ == State::in_offsets) {
      if (numbers_.size() == 2) return fail_tensor(Status::bad_offsets, "data_offsets: got more than two numbers, expected [begin, end]");
      numbers_.push_back(value);
      return true;
    }
    return unexpected("a number");
  }
  bool number_float(double, std::string const& digits) {
    bool const is_integer = digits.find_first_not_of("0123456789") == std::string::npos;
    if (is_integer && (state_ == State::in_shape || state_ == State::in_offsets)) {
      return fail_tensor(Status::integer_overflow, field() + ": got " + qfmt::quoted(digits) + ", expected less than 2^64");
    }
    return unexpected(qfmt::quoted(digits));
  }
  bool string(std::string& value) {
    if (state_ == State::at_dtype) {
      auto const dtype = parse_dtype(value);
      if (!dtype) {
        return fail_tensor(Status::unknown_dtype, "got dtype " + qfmt::quoted(value) + ", did you mean " + name(nearest_dtype(value)) + "? Known are " + dtype_names());
      }
      tensors.back().dtype = *dtype;
      state_ = State::in_tensor;
      return true;
    }
    if (state_ == State::in_metadata) {
      if (metadata.size() == max_metadata_entries) {
        return fail(Status::metadata_invalid, "__metadata__: got more than " + std::to_string(max_metadata_entries) + " entries");
      }
      if (!metadata.emplace(metadata_key_, std::move(value)).second) {
        return fail(Status::duplicate_key, "__metadata__: got the key " + qfmt::quoted(metadata_key_) + " twice");
      }
      return true;
    }
    return unexpected("a string");
  }

  bool start_object(std::size_t) {
    if (state_ == State::at_root) {
      state_ = State::in_root;
    } else if (state_ == State::at_metadata) {
      state_ = State::in_metadata;
    } else if (state_ == State::at_tensor) {
      state_ = State::in_tensor;
      has_dtype_ = has_shape_ = has_offsets_ = false;
    } else {
      return unexpected("an object");
    }
    return true;
  }
  bool start_array(std::size_t) {
    numbers_.clear();
    if (state_ == State::at_shape) {
      state_ = State::in_shape;
    } else if (state_ == State::at_offsets) {
      state_ = State::in_offsets;
    } else {
      return unexpected("an array");
    }
    return true;
  }
  bool key(std::string& text) {
    switch (state_) {
      case State::in_root: return root_key(text);
      case State::in_metadata: metadata_key_ = std::move(text); return true;
      default: return field_key(text);
    }
  }
  bool end_array() {
    TensorInfo& tensor = tensors.back();
    if (state_ == State::in_shape) {
      tensor.shape = numbers_;
    } else {
      if (numbers_.size() != 2) {
        return fail_tensor(Status::bad_offsets, "data_offsets: got " + std::to_string(numbers_.size()) + " of two numbers, expected [begin, end]");
      }
      tensor.begin = numbers_[0];
      tensor.end = numbers_[1];
    }
    state_ = State::in_tensor;
    return true;
  }
  bool end_object() {
    bool const is_tensor = state_ == State::in_tensor;
    state_ = state_ == State::in_root ? State::at_root : State::in_root;
    return !is_tensor || check_tensor();
  }

  template <class Exception>
  bool parse_error(std::size_t position, std::string const& token, Exception const& exception) {
    std::size_t const bad = (std::min)(position == 0 ? 0 : position - 1, text().size());
    bool const in_numbers = state_ == State::in_shape || state_ == State::in_offsets;
    auto const begins_number = [](char c) { return std::string_view{"+-.0123456789"}.find(c) != std::string_view::npos; };
    if (in_numbers && ((!token.empty() && begins_number(token[0])) || (bad < text().size() && begins_number(text()[bad])))) {
      return fail_tensor(Status::bad_integer, field() + ": got " + qfmt::quoted(token) + ", expected integers written as digits only");
    }
    if (std::string_view{exception.what()}.find("surrogate") != std::string_view::npos) {
      return fail_syntax(position, Status::header_bad_utf8, "surrogates in pairs");
    }
    bool const is_control = !token.empty() && token[0] == '"' && bad < text().size() && static_cast<unsigned char>(text()[bad]) < 0x20;
    if (is_control && state_ == State::in_root) {
      return fail_syntax(position, Status::tensor_name_invalid, "a tensor name without control characters");
    }
    return fail_syntax(position);
  }

 private:
  enum class State : uint8_t { at_root, in_root, at_metadata, in_metadata, at_tensor, in_tensor, at_dtype, at_shape, in_shape, at_offsets, in_offsets };

  bool root_key(std::string& text) {
    if (text == "__metadata__") {
      if (has_metadata_) return fail(Status::duplicate_key, "got the key '__metadata__' twice");
      has_metadata_ = true;
      state_ = State::at_metadata;
      return true;
    }
    if (auto valid = check_tensor_name(text); !valid) return fail(valid.status(), valid.error().message);
    if (tensors.size() == options_.max_tensors) {
      return fail(Status::too_many_tensors, "got more than " + std::to_string(options_.max_tensors) + " tensors");
    }
    tensors.emplace_back().name = std::move(text);
    name_ends.push_back(static_cast<uint32_t>(offset()));
    state_ = State::at_tensor;
    return true;
  }

  bool field_key(std::string const& text) {
    bool* seen = nullptr;
    if (text == "dtype") {
      state_ = State::at_dtype;
      seen = &has_dtype_;
    } else if (text == "shape") {
      state_ = State::at_shape;
      seen = &has_shape_;
    } else if (text == "data_offsets") {
      state_ = State::at_offsets;
      seen = &has_offsets_;
    } else {
      return fail_tensor(Status::unknown_field, "got the field " + qfmt::quoted(text) + ", expected dtype, shape and data_offsets");
    }
    if (std::exchange(*seen, true)) return fail_tensor(Status::duplicate_key, "got the field " + qfmt::quoted(text) + " twice");
    return true;
  }

  bool check_tensor() {
    TensorInfo const& tensor = tensors.back();
    char const* const missing = !has_dtype_ ? "dtype" : !has_shape_ ? "shape" : !has_offsets_ ? "data_offsets" : nullptr;
    if (missing != nullptr) return fail_tensor(Status::missing_field, std::string{"got no field '"} + missing + "', expected dtype, shape and data_offsets");
    auto const bytes = tensor_bytes(tensor.dtype, tensor.shape);
    if (!bytes) return fail_tensor(bytes.status(), bytes.error().message);
    auto const offsets = [&] { return "[" + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]"; };
    if (tensor.begin > tensor.end) return fail_tensor(Status::bad_offsets, "got data_offsets " + offsets() + ", expected begin <= end");
    if (tensor.end - tensor.begin != *bytes) {
      return fail_tensor(Status::size_mismatch, "got " + std::to_string(tensor.end - tensor.begin) + " bytes in data_offsets " + offsets() + ", expected " +
                                                    std::to_string(*bytes) + " for " + name(tensor.dtype) + " " + to_string(tensor.shape));
    }
    return true;
  }

  /// A value of the wrong kind for the place it stands in.
  bool unexpected(std::string const& what) {
    switch (state_) {
      case State::at_root: return fail(Status::header_not_object, "got " + what + ", expected an object");
      case State::at_metadata: return fail(Status::metadata_invalid, "__metadata__: got " + what + ", expected an object of strings");
      case State::in_metadata:
        return fail(Status::metadata_invalid, "__metadata__: key " + qfmt::quoted(metadata_key_) + ": got " + what + ", expected a string");
      case State::at_tensor: return fail_tensor(Status::wrong_json_type, "got " + what + ", expected an object with dtype, shape and data_offsets");
      case State::at_dtype: {
        bool const is_container = what == "an object" || what == "an array";
        return fail_tensor(is_container ? Status::wrong_json_type : Status::unknown_dtype, "dtype: got " + what + ", expected a string");
      }
      case State::at_offsets: return fail_tensor(Status::wrong_json_type, "data_offsets: got " + what + ", expected [begin, end]");
      default: return fail_tensor(Status::bad_integer, field() + ": got " + what + ", expected integers written as digits only");
    }
  }

  bool fail_tensor(Status status, std::string const& message) { return fail(status, "tensor " + qfmt::quoted(tensors.back().name) + ": " + message); }

  [[nodiscard]] std::string field() const { return state_ == State::in_offsets ? "data_offsets" : "shape"; }

  ReadOptions options_;
  State state_ = State::at_root;
  bool has_metadata_ = false;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::string metadata_key_;
  std::vector<uint64_t> numbers_;
};

/// Orders tensors by where their data is, keeping the order of those that agree.
inline void sort_by_data(std::vector<TensorInfo>& tensors) {
  auto const before = [](TensorInfo const& a, TensorInfo const& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; };
  if (!std::is_sorted(tensors.begin(), tensors.end(), before)) std::stable_sort(tensors.begin(), tensors.end(), before);
}

/// The tensors must cover the data without holes and overlaps.
inline Result<void> check_coverage(std::vector<TensorInfo> const& tensors, uint64_t data_bytes, std::string const& where) {
  uint64_t cursor = 0;
  TensorInfo const* previous = nullptr;
  for (TensorInfo const& tensor : tensors) {
    auto const subject = [&] { return where + ": tensor " + qfmt::quoted(tensor.name); };
    if (tensor.begin > cursor) {
      return Error{Status::data_hole, subject() + ": got data from byte " + std::to_string(tensor.begin) + ", expected from " + std::to_string(cursor) +
                                          ": nothing describes the bytes between"};
    }
    if (tensor.begin < cursor) {
      return Error{Status::data_overlap, subject() + ": got data from byte " + std::to_string(tensor.begin) + ", expected from " +
                                             std::to_string(cursor) + ", where tensor " + qfmt::quoted(previous->name) + " ends"};
    }
    cursor = tensor.end;
    previous = &tensor;
    if (cursor > data_bytes) {
      return Error{Status::data_truncated, subject() + ": got " + std::to_string(data_bytes) + " bytes of data in the file, expected at least " +
                                               std::to_string(cursor) + ": the file is incomplete"};
    }
  }
  if (cursor != data_bytes) {
    return Error{Status::data_trailing, where + ": got " + std::to_string(data_bytes) + " bytes of data, expected " + std::to_string(cursor) +
                                            ": no tensor describes the last " + std::to_string(data_bytes - cursor)};
  }
  return {};
}

/// White space before the object: a defect, or a warning.
inline Result<void> check_before(std::string_view header, ReadOptions options, std::string const& where, std::vector<std::string>& warnings) {
  std::size_t const spaces = header.find_first_not_of(" \t\r\n");
  if (spaces != 0 && spaces != std::string_view::npos) {
    std::string const what = where + ": got " + std::to_string(spaces) + " bytes of white space before the header's '{'";
    if (options.strictness == Strictness::strict) return Error{Status::header_leading_space, what + ", expected none; Strictness::compat allows them"};
    warnings.push_back(what);
  }
  char const first = spaces == std::string_view::npos ? ' ' : header[spaces];
  if (first == '{' || first == '\xEF') return {};
  return Error{Status::header_not_object, where + ": got " + qfmt::quoted(std::string(1, first)) + " at the start of the header, expected '{'"};
}

/// Only spaces may follow the object; tabs and newlines are a defect or a warning.
inline Result<void> check_after(std::string_view header, std::size_t end, ReadOptions options, std::string const& where, std::vector<std::string>& warnings) {
  std::size_t const bad = header.find_first_not_of(options.strictness == Strictness::strict ? " " : " \t\r\n", end);
  if (bad != std::string_view::npos) {
    return Error{Status::header_trailing_bytes, where + ": got " + qfmt::quoted(std::string{header.substr(bad, 1)}) + " after the header's '}', expected spaces (header byte " +
                                                    std::to_string(bad) + ")"};
  }
  if (header.find_first_not_of(' ', end) != std::string_view::npos) warnings.push_back(where + ": got tabs or newlines after the header's '}'");
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
[[nodiscard]] inline Result<SafetensorsHeader> parse_safetensors_header(std::string_view header, uint64_t data_bytes, std::string const& where,
                                                                        ReadOptions options = {}) {
  constexpr std::size_t max_depth = 8;  // the format needs three
  SafetensorsHeader result;
  if (header.empty()) return Error{Status::header_empty, where + ": got a header of 0 bytes, expected at least '{}'"};
  if (header.size() > max_header_bytes) {
    return Error{Status::header_too_large, where + ": got a header of " + std::to_string(header.size()) + " bytes, expected at most " + std::to_string(max_header_bytes)};
  }
  if (auto valid = detail::check_before(header, options, where, result.warnings); !valid) return valid.error();
  detail::HeaderReceiver receiver{header, where, options};
  auto const end = detail::receive_json(receiver, max_depth, detail::Extent::first_value);
  if (!end) return end.error();
  if (auto valid = detail::check_after(header, *end, options, where, result.warnings); !valid) return valid.error();

  result.tensors = std::move(receiver.tensors);
  result.metadata = std::move(receiver.metadata);
  if (auto const twice = NameIndex{result.tensors}.duplicate(result.tensors)) {
    auto const [first, second] = *twice;
    return Error{Status::duplicate_key, where + ": tensor " + qfmt::quoted(result.tensors[first].name) + ": got the name twice, expected it once (header bytes " +
                                            std::to_string(receiver.name_ends[first]) + " and " + std::to_string(receiver.name_ends[second]) + ")"};
  }
  detail::sort_by_data(result.tensors);
  if (auto valid = detail::check_coverage(result.tensors, data_bytes, where); !valid) return valid.error();
  result.index = NameIndex{result.tensors};
  return result;
}

}  // namespace qfmt::io
