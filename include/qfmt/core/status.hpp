// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// What happened, as a code with a stable number. Floors 0 to 4 and device code report a bare
/// Status; from floor 5 up a Result (tensor/result.hpp) adds a message that names the place, what
/// was expected and what was found.
///
/// The name of each code is how messages begin: `name(Status::unknown_dtype)` is "unknown_dtype".
enum class [[nodiscard]] Status : uint16_t{
    ok = 0,

    // Values.
    nonfinite_weight = 100,
    nonfinite_activation,
    nonfinite_scale,
    scale_zero,
    scale_negative,
    zero_point_out_of_range,
    code_out_of_range,
    invalid_range,
    invalid_argument,

    // Shapes, sizes, buffers.
    shape_mismatch = 200,
    block_not_divisor,
    negative_size,
    size_overflow,
    size_unsupported,
    rank_unsupported,
    null_pointer,
    buffer_too_small,
    buffer_misaligned,
    buffer_aliasing,
    stride_invalid,
    unsupported,

    // Safetensors files.
    header_too_small = 300,
    header_empty,
    header_truncated,
    header_too_large,
    header_not_object,
    header_trailing_bytes,
    header_leading_space,
    header_bad_utf8,
    json_syntax,
    json_too_deep,
    tensor_name_invalid,
    duplicate_key,
    metadata_invalid,
    unknown_field,
    missing_field,
    unknown_dtype,
    wrong_json_type,
    subbyte_misaligned,
    bad_integer,
    integer_overflow,
    bad_offsets,
    data_truncated,
    size_mismatch,
    data_hole,
    data_overlap,
    data_trailing,
    too_many_tensors,
    not_safetensors,
    not_regular_file,

    // Checkpoints: index, configuration, recipe.
    unsafe_path = 400,
    shard_missing,
    index_inconsistent,
    index_invalid,
    config_invalid,
    checkpoint_incomplete,
    checkpoint_ambiguous,
    unknown_scheme,
    pattern_invalid,
    nothing_to_do,
    needs_calibration,

    // Input and output.
    io_open = 500,
    io_read,
    io_short_read,
    io_write,
    io_no_space,
    io_sync,
    io_rename,
    output_exists,
    out_of_memory,

    // Calibration.
    calibration_empty = 600,
    wrong_order,

    // Devices.
    device_error = 700,
    device_unsupported,
};

/// The code's own spelling, for messages and tests.
QFMT_HOST_DEVICE constexpr char const* name(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::nonfinite_weight:
      return "nonfinite_weight";
    case Status::nonfinite_activation:
      return "nonfinite_activation";
    case Status::nonfinite_scale:
      return "nonfinite_scale";
    case Status::scale_zero:
      return "scale_zero";
    case Status::scale_negative:
      return "scale_negative";
    case Status::zero_point_out_of_range:
      return "zero_point_out_of_range";
    case Status::code_out_of_range:
      return "code_out_of_range";
    case Status::invalid_range:
      return "invalid_range";
    case Status::invalid_argument:
      return "invalid_argument";
    case Status::shape_mismatch:
      return "shape_mismatch";
    case Status::block_not_divisor:
      return "block_not_divisor";
    case Status::negative_size:
      return "negative_size";
    case Status::size_overflow:
      return "size_overflow";
    case Status::size_unsupported:
      return "size_unsupported";
    case Status::rank_unsupported:
      return "rank_unsupported";
    case Status::null_pointer:
      return "null_pointer";
    case Status::buffer_too_small:
      return "buffer_too_small";
    case Status::buffer_misaligned:
      return "buffer_misaligned";
    case Status::buffer_aliasing:
      return "buffer_aliasing";
    case Status::stride_invalid:
      return "stride_invalid";
    case Status::unsupported:
      return "unsupported";
    case Status::header_too_small:
      return "header_too_small";
    case Status::header_empty:
      return "header_empty";
    case Status::header_truncated:
      return "header_truncated";
    case Status::header_too_large:
      return "header_too_large";
    case Status::header_not_object:
      return "header_not_object";
    case Status::header_trailing_bytes:
      return "header_trailing_bytes";
    case Status::header_leading_space:
      return "header_leading_space";
    case Status::header_bad_utf8:
      return "header_bad_utf8";
    case Status::json_syntax:
      return "json_syntax";
    case Status::json_too_deep:
      return "json_too_deep";
    case Status::tensor_name_invalid:
      return "tensor_name_invalid";
    case Status::duplicate_key:
      return "duplicate_key";
    case Status::metadata_invalid:
      return "metadata_invalid";
    case Status::unknown_field:
      return "unknown_field";
    case Status::missing_field:
      return "missing_field";
    case Status::unknown_dtype:
      return "unknown_dtype";
    case Status::wrong_json_type:
      return "wrong_json_type";
    case Status::subbyte_misaligned:
      return "subbyte_misaligned";
    case Status::bad_integer:
      return "bad_integer";
    case Status::integer_overflow:
      return "integer_overflow";
    case Status::bad_offsets:
      return "bad_offsets";
    case Status::data_truncated:
      return "data_truncated";
    case Status::size_mismatch:
      return "size_mismatch";
    case Status::data_hole:
      return "data_hole";
    case Status::data_overlap:
      return "data_overlap";
    case Status::data_trailing:
      return "data_trailing";
    case Status::too_many_tensors:
      return "too_many_tensors";
    case Status::not_safetensors:
      return "not_safetensors";
    case Status::not_regular_file:
      return "not_regular_file";
    case Status::unsafe_path:
      return "unsafe_path";
    case Status::shard_missing:
      return "shard_missing";
    case Status::index_inconsistent:
      return "index_inconsistent";
    case Status::index_invalid:
      return "index_invalid";
    case Status::config_invalid:
      return "config_invalid";
    case Status::checkpoint_incomplete:
      return "checkpoint_incomplete";
    case Status::checkpoint_ambiguous:
      return "checkpoint_ambiguous";
    case Status::unknown_scheme:
      return "unknown_scheme";
    case Status::pattern_invalid:
      return "pattern_invalid";
    case Status::nothing_to_do:
      return "nothing_to_do";
    case Status::needs_calibration:
      return "needs_calibration";
    case Status::io_open:
      return "io_open";
    case Status::io_read:
      return "io_read";
    case Status::io_short_read:
      return "io_short_read";
    case Status::io_write:
      return "io_write";
    case Status::io_no_space:
      return "io_no_space";
    case Status::io_sync:
      return "io_sync";
    case Status::io_rename:
      return "io_rename";
    case Status::output_exists:
      return "output_exists";
    case Status::out_of_memory:
      return "out_of_memory";
    case Status::calibration_empty:
      return "calibration_empty";
    case Status::wrong_order:
      return "wrong_order";
    case Status::device_error:
      return "device_error";
    case Status::device_unsupported:
      return "device_unsupported";
  }
  return "unknown_status";
}

}  // namespace qfmt
