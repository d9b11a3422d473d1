// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/json.hpp>
#include <qfmt/io/read_options.hpp>
#include <qfmt/io/tensor_info.hpp>

namespace qfmt::io::detail {

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
    if (state_ == State::in_offsets && value < 0)
      return fail_tensor(Status::bad_offsets,
                         "data_offsets: got " + std::to_string(value) + ", expected 0 or more");
    return unexpected(value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(uint64_t value) {
    if (state_ == State::in_shape) {
      if (numbers_.size() == max_rank) {
        return fail_tensor(Status::rank_unsupported,
                           "shape: got more than " + std::to_string(max_rank) + " dimensions");
      }
      numbers_.push_back(value);
      return true;
    }
    if (state_ == State::in_offsets) {
      if (numbers_.size() == 2)
        return fail_tensor(Status::bad_offsets,
                           "data_offsets: got more than two numbers, expected [begin, end]");
      numbers_.push_back(value);
      return true;
    }
    return unexpected("a number");
  }
  bool number_float(double, std::string const& digits) {
    bool const is_integer = digits.find_first_not_of("0123456789") == std::string::npos;
    if (is_integer && (state_ == State::in_shape || state_ == State::in_offsets)) {
      return fail_tensor(Status::integer_overflow,
                         field() + ": got " + qfmt::quoted(digits) + ", expected less than 2^64");
    }
    return unexpected(qfmt::quoted(digits));
  }
  bool string(std::string& value) {
    if (state_ == State::at_dtype) {
      auto const dtype = parse_dtype(value);
      if (!dtype) {
        return fail_tensor(Status::unknown_dtype,
                           "got dtype " + qfmt::quoted(value) + ", did you mean " +
                               name(nearest_dtype(value)) + "? Known are " + dtype_names());
      }
      tensors.back().dtype = *dtype;
      state_ = State::in_tensor;
      return true;
    }
    if (state_ == State::in_metadata) {
      if (metadata.size() == max_metadata_entries) {
        return fail(
            Status::metadata_invalid,
            "__metadata__: got more than " + std::to_string(max_metadata_entries) + " entries");
      }
      if (!metadata.emplace(metadata_key_, std::move(value)).second) {
        return fail(Status::duplicate_key,
                    "__metadata__: got the key " + qfmt::quoted(metadata_key_) + " twice");
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
      case State::in_root:
        return root_key(text);
      case State::in_metadata:
        metadata_key_ = std::move(text);
        return true;
      default:
        return field_key(text);
    }
  }
  bool end_array() {
    TensorInfo& tensor = tensors.back();
    if (state_ == State::in_shape) {
      tensor.shape = numbers_;
    } else {
      if (numbers_.size() != 2) {
        return fail_tensor(Status::bad_offsets, "data_offsets: got " +
                                                    std::to_string(numbers_.size()) +
                                                    " of two numbers, expected [begin, end]");
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
    if (std::string const number = number_at(bad);
        in_numbers && bad != text().size() && !number.empty()) {
      return fail_tensor(Status::bad_integer, field() + ": got " + qfmt::quoted(number) +
                                                  ", expected integers written as digits only");
    }
    if (std::string_view{exception.what()}.find("surrogate") != std::string_view::npos) {
      return fail_syntax(position, Status::header_bad_utf8, "surrogates in pairs");
    }
    bool const is_control = !token.empty() && token[0] == '"' && bad < text().size() &&
                            static_cast<unsigned char>(text()[bad]) < 0x20;
    if (is_control && state_ == State::in_root) {
      return fail_syntax(position, Status::tensor_name_invalid,
                         "a tensor name without control characters");
    }
    return fail_syntax(position);
  }

 private:
  enum class State : uint8_t {
    at_root,
    in_root,
    at_metadata,
    in_metadata,
    at_tensor,
    in_tensor,
    at_dtype,
    at_shape,
    in_shape,
    at_offsets,
    in_offsets
  };

  bool root_key(std::string& text) {
    if (text == "__metadata__") {
      if (has_metadata_)
        return fail(Status::duplicate_key, "got the key '__metadata__' twice");
      has_metadata_ = true;
      state_ = State::at_metadata;
      return true;
    }
    if (auto valid = check_tensor_name(text); !valid)
      return fail(valid.status(), valid.error().message);
    if (tensors.size() == options_.max_tensors) {
      return fail(Status::too_many_tensors,
                  "got more than " + std::to_string(options_.max_tensors) + " tensors");
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
      return fail_tensor(Status::unknown_field, "got the field " + qfmt::quoted(text) +
                                                    ", expected dtype, shape and data_offsets");
    }
    if (std::exchange(*seen, true))
      return fail_tensor(Status::duplicate_key, "got the field " + qfmt::quoted(text) + " twice");
    return true;
  }

  bool check_tensor() {
    TensorInfo const& tensor = tensors.back();
    char const* const missing = !has_dtype_     ? "dtype"
                                : !has_shape_   ? "shape"
                                : !has_offsets_ ? "data_offsets"
                                                : nullptr;
    if (missing != nullptr)
      return fail_tensor(Status::missing_field, std::string{"got no field '"} + missing +
                                                    "', expected dtype, shape and data_offsets");
    auto const bytes = tensor_bytes(tensor.dtype, tensor.shape);
    if (!bytes)
      return fail_tensor(bytes.status(), bytes.error().message);
    auto const offsets = [&] {
      return "[" + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]";
    };
    if (tensor.begin > tensor.end)
      return fail_tensor(Status::bad_offsets,
                         "got data_offsets " + offsets() + ", expected begin <= end");
    if (tensor.end - tensor.begin != *bytes) {
      return fail_tensor(Status::size_mismatch, "got " + std::to_string(tensor.end - tensor.begin) +
                                                    " bytes in data_offsets " + offsets() +
                                                    ", expected " + std::to_string(*bytes) +
                                                    " for " + name(tensor.dtype) + " " +
                                                    to_string(tensor.shape));
    }
    return true;
  }

  /// A value of the wrong kind for the place it stands in.
  bool unexpected(std::string const& what) {
    switch (state_) {
      case State::at_root:
        return fail(Status::header_not_object, "got " + what + ", expected an object");
      case State::at_metadata:
        return fail(Status::metadata_invalid,
                    "__metadata__: got " + what + ", expected an object of strings");
      case State::in_metadata:
        return fail(Status::metadata_invalid, "__metadata__: key " + qfmt::quoted(metadata_key_) +
                                                  ": got " + what + ", expected a string");
      case State::at_tensor:
        return fail_tensor(
            Status::wrong_json_type,
            "got " + what + ", expected an object with dtype, shape and data_offsets");
      case State::at_dtype: {
        bool const is_container = what == "an object" || what == "an array";
        return fail_tensor(is_container ? Status::wrong_json_type : Status::unknown_dtype,
                           "dtype: got " + what + ", expected a string");
      }
      case State::at_offsets:
        return fail_tensor(Status::wrong_json_type,
                           "data_offsets: got " + what + ", expected [begin, end]");
      default:
        return fail_tensor(Status::bad_integer, field() + ": got " + what +
                                                    ", expected integers written as digits only");
    }
  }

  bool fail_tensor(Status status, std::string const& message) {
    return fail(status, "tensor " + qfmt::quoted(tensors.back().name) + ": " + message);
  }

  /// The signs, digits and points around a byte; empty unless they touch it.
  [[nodiscard]] std::string number_at(std::size_t offset) const {
    constexpr std::string_view digits = "+-.0123456789eE";
    std::string_view const before = text().substr(0, offset);
    std::size_t const last = before.find_last_not_of(digits);
    std::size_t const begin = last == std::string_view::npos ? 0 : last + 1;
    std::size_t const end = (std::min)(text().find_first_not_of(digits, offset), text().size());
    return std::string{text().substr(begin, end - begin)};
  }

  [[nodiscard]] std::string field() const {
    return state_ == State::in_offsets ? "data_offsets" : "shape";
  }

  ReadOptions options_;
  State state_ = State::at_root;
  bool has_metadata_ = false;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::string metadata_key_;
  std::vector<uint64_t> numbers_;
};

}  // namespace qfmt::io::detail
