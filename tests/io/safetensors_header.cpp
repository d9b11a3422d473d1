// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/safetensors_header.hpp>
#include <set>

using qfmt::Status;
using qfmt::io::parse_safetensors_header;
using qfmt::io::Strictness;
using samples::tensor;

namespace {

/// What the reference implementation (safetensors 0.8, Rust) says to the same file.
enum class Reference : uint8_t { accepts, refuses };

struct Row {
  char const* name;
  std::string header;
  uint64_t data_bytes;
  Status status;
  Reference reference;
  char const* place;  // what the message must contain
};

/// A header with one tensor, "a".
std::string one(char const* dtype, char const* shape, char const* offsets) { return "{" + tensor("a", dtype, shape, offsets) + "}"; }

std::string repeated(std::string const& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::vector<Row> const rows = {
    {"000 ok", one("F32", "[2,2]", "[0,16]"), 16, Status::ok, Reference::accepts, ""},
    {"009 hdr_empty_obj", R"({})", 0, Status::ok, Reference::accepts, ""},
    {"010 hdr_array", R"([])", 0, Status::header_not_object, Reference::refuses, "got '[' at the start of the header"},
    {"011 hdr_null", R"(null)", 0, Status::header_not_object, Reference::refuses, "got 'n' at the start of the header"},
    {"012 hdr_string", R"("x")", 0, Status::header_not_object, Reference::refuses, "got '\"' at the start of the header"},
    {"013 hdr_trailing_garbage", R"({}x)", 0, Status::header_trailing_bytes, Reference::refuses, "got 'x' after the header's '}'"},
    {"014 two_objects", R"({}{})", 0, Status::header_trailing_bytes, Reference::refuses, "got '{' after the header's '}'"},
    {"015 trailing_ws_spaces", R"({}      )", 0, Status::ok, Reference::accepts, ""},
    {"016 trailing_ws_tabnl", "{}\x09\x0A\x0D ", 0, Status::header_trailing_bytes, Reference::accepts, "got '\\x09' after the header's '}'"},
    {"017 leading_space", R"(  {})", 0, Status::header_leading_space, Reference::accepts, "got 2 bytes of white space before the header's '{'"},
    {"018 leading_newline", "\x0A{}", 0, Status::header_leading_space, Reference::accepts, "got 1 bytes of white space before the header's '{'"},
    {"019 bom", "\xEF\xBB\xBF{}", 0, Status::header_bad_utf8, Reference::refuses, "got a byte-order mark or bytes that are not UTF-8"},
    {"020 trailing_nul", std::string("{}\x00\x00", 4), 0, Status::header_trailing_bytes, Reference::refuses, "got '\\x00' after the header's '}'"},
    {"021 trailing_comma", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},})", 4, Status::json_syntax, Reference::refuses, "got '}'"},
    {"022 comment", R"({/*x*/})", 0, Status::json_syntax, Reference::refuses, "got '/'"},
    {"023 single_quotes", R"({'a':1})", 0, Status::json_syntax, Reference::refuses, "got '\\x27'"},
    {"024 utf8_invalid_name", "{\"\xFF\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, Status::header_bad_utf8, Reference::refuses, "got bytes that are not UTF-8"},
    {"025 utf8_overlong", "{\"\xC0\xAF\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, Status::header_bad_utf8, Reference::refuses, "got bytes that are not UTF-8"},
    {"026 lone_surrogate_escape", R"({"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::header_bad_utf8, Reference::refuses, "got '\"', expected surrogates in pairs"},
    {"027 surrogate_pair_ok", R"({"\ud83d\ude00":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::ok, Reference::accepts, ""},
    {"028 raw_control_in_string", "{\"a\x01\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, Status::tensor_name_invalid, Reference::refuses, "got '\\x01', expected a tensor name without control characters"},
    {"029 escaped_nul_name", R"({"a\u0000":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::tensor_name_invalid, Reference::accepts, "tensor 'a\\x00': got a control character in the name"},
    {"030 empty_name", R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::tensor_name_invalid, Reference::accepts, "got an empty tensor name"},
    {"031 dup_tensor_same", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::duplicate_key, Reference::accepts, "tensor 'a': got the name twice"},
    {"032 dup_tensor_diff", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, Status::duplicate_key, Reference::refuses, "tensor 'a': got the name twice"},
    {"033 dup_tensor_diff_dtype", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})", 4, Status::duplicate_key, Reference::accepts, "tensor 'a': got the name twice"},
    {"034 dup_via_escape", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})", 4, Status::duplicate_key, Reference::accepts, "tensor 'a': got the name twice"},
    {"035 dup_field_dtype", R"({"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}})", 4, Status::duplicate_key, Reference::refuses, "tensor 'a': got the field 'dtype' twice"},
    {"036 dup_field_offsets", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}})", 4, Status::duplicate_key, Reference::refuses, "tensor 'a': got the field 'data_offsets' twice"},
    {"037 dup_metadata", R"({"__metadata__":{"a":"b"},"__metadata__":{"a":"c"}})", 0, Status::duplicate_key, Reference::refuses, "got the key '__metadata__' twice"},
    {"038 dup_metadata_key", R"({"__metadata__":{"a":"b","a":"c"}})", 0, Status::duplicate_key, Reference::accepts, "__metadata__: got the key 'a' twice"},
    {"039 metadata_nonstring", R"({"__metadata__":{"a":1}})", 0, Status::metadata_invalid, Reference::refuses, "__metadata__: key 'a': got a number"},
    {"040 metadata_null_value", R"({"__metadata__":{"a":null}})", 0, Status::metadata_invalid, Reference::refuses, "__metadata__: key 'a': got null"},
    {"041 metadata_null", R"({"__metadata__":null})", 0, Status::metadata_invalid, Reference::accepts, "__metadata__: got null"},
    {"042 metadata_nested", R"({"__metadata__":{"a":{"b":"c"}}})", 0, Status::metadata_invalid, Reference::refuses, "__metadata__: key 'a': got an object"},
    {"043 metadata_array", R"({"__metadata__":["a"]})", 0, Status::metadata_invalid, Reference::refuses, "__metadata__: got an array"},
    {"044 metadata_is_tensor", R"({"__metadata__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::metadata_invalid, Reference::refuses, "__metadata__: key 'shape': got an array"},
    {"045 unknown_field", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"foo":1}})", 4, Status::unknown_field, Reference::accepts, "tensor 'a': got the field 'foo'"},
    {"046 missing_dtype", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, Status::missing_field, Reference::refuses, "tensor 'a': got no field 'dtype'"},
    {"047 missing_shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, Status::missing_field, Reference::refuses, "tensor 'a': got no field 'shape'"},
    {"048 missing_offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 4, Status::missing_field, Reference::refuses, "tensor 'a': got no field 'data_offsets'"},
    {"049 dtype_unknown", one("F31", "[1]", "[0,4]"), 4, Status::unknown_dtype, Reference::refuses, "tensor 'a': got dtype 'F31', did you mean F32"},
    {"050 dtype_lower", one("f32", "[1]", "[0,4]"), 4, Status::unknown_dtype, Reference::refuses, "tensor 'a': got dtype 'f32', did you mean F32"},
    {"051 dtype_number", R"({"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}})", 4, Status::unknown_dtype, Reference::refuses, "tensor 'a': dtype: got a number"},
    {"052 dtype_F8_E4M3FN", one("F8_E4M3FN", "[4]", "[0,4]"), 4, Status::unknown_dtype, Reference::refuses, "tensor 'a': got dtype 'F8_E4M3FN', did you mean F8_E4M3"},
    {"053 dtype_BOOL_ok", one("BOOL", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_C64_ok", one("C64", "[1]", "[0,8]"), 8, Status::ok, Reference::accepts, ""},
    {"053 dtype_F4_ok", one("F4", "[8]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_F8_E4M3FNUZ_ok", one("F8_E4M3FNUZ", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_F8_E4M3_ok", one("F8_E4M3", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_F8_E5M2FNUZ_ok", one("F8_E5M2FNUZ", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_F8_E5M2_ok", one("F8_E5M2", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_F8_E8M0_ok", one("F8_E8M0", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_I8_ok", one("I8", "[4]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"053 dtype_U16_ok", one("U16", "[2]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"054 F6_ok_4elts", one("F6_E2M3", "[4]", "[0,3]"), 3, Status::ok, Reference::accepts, ""},
    {"055 F6_misaligned", one("F6_E3M2", "[3]", "[0,3]"), 3, Status::subbyte_misaligned, Reference::refuses, "tensor 'a': got F6_E3M2 [3]"},
    {"056 F4_odd", one("F4", "[3]", "[0,2]"), 2, Status::subbyte_misaligned, Reference::refuses, "tensor 'a': got F4 [3]"},
    {"057 F4_odd_rows_even_total", one("F4", "[2,3]", "[0,3]"), 3, Status::subbyte_misaligned, Reference::accepts, "tensor 'a': got F4 [2, 3]"},
    {"058 F4_zero", one("F4", "[0]", "[0,0]"), 0, Status::ok, Reference::accepts, ""},
    {"059 shape_negative", one("F32", "[-1]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got -1"},
    {"060 shape_float", one("F32", "[1.0]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got '1.0'"},
    {"061 shape_exp", one("F32", "[1e0]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got '1e0'"},
    {"062 shape_string", one("F32", "[\"1\"]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got a string"},
    {"063 shape_null", one("F32", "null", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got null"},
    {"064 shape_nested", one("F32", "[[1]]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got an array"},
    {"065 shape_leading_zero", one("F32", "[01]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got '01'"},
    {"066 shape_minus_zero", one("F32", "[-0]", "[0,0]"), 0, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got -0"},
    {"067 shape_plus", one("F32", "[+1]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got '+1'"},
    {"068 shape_2e64", one("F32", "[18446744073709551616]", "[0,4]"), 4, Status::integer_overflow, Reference::refuses, "tensor 'a': shape: got '18446744073709551616'"},
    {"069 shape_prod_wrap_to_0", one("F32", "[4294967296,4294967296]", "[0,0]"), 0, Status::size_overflow, Reference::refuses, "tensor 'a': got F32 [4294967296, 4294967296]"},
    {"070 shape_prod_wrap_to_1", one("U8", "[1,18446744073709551615]", "[0,1]"), 1, Status::size_overflow, Reference::refuses, "tensor 'a': got U8 [1, 18446744073709551615]"},
    {"071 nbits_wrap", one("F32", "[576460752303423489]", "[0,32]"), 32, Status::size_overflow, Reference::refuses, "tensor 'a': got F32 [576460752303423489]"},
    {"072 zero_times_huge", one("F32", "[0,9223372036854775808]", "[0,0]"), 0, Status::size_overflow, Reference::accepts, "tensor 'a': got F32 [0, 9223372036854775808]"},
    {"073 huge_huge_zero", one("F32", "[9223372036854775808,9223372036854775808,0]", "[0,0]"), 0, Status::size_overflow, Reference::refuses, "tensor 'a': got F32 [9223372036854775808, 9223372036854775808, 0]"},
    {"074 zero_huge_huge", one("F32", "[0,9223372036854775808,9223372036854775808]", "[0,0]"), 0, Status::size_overflow, Reference::accepts, "tensor 'a': got F32 [0, 9223372036854775808, 9223372036854775808]"},
    {"075 scalar", one("F32", "[]", "[0,4]"), 4, Status::ok, Reference::accepts, ""},
    {"078 off_begin_gt_end", one("F32", "[1]", "[4,0]"), 4, Status::bad_offsets, Reference::refuses, "tensor 'a': got data_offsets [4, 0]"},
    {"079 off_negative", one("F32", "[1]", "[-4,0]"), 4, Status::bad_offsets, Reference::refuses, "tensor 'a': data_offsets: got -4"},
    {"080 off_one_elem", one("F32", "[1]", "[0]"), 4, Status::bad_offsets, Reference::refuses, "tensor 'a': data_offsets: got 1 of two numbers"},
    {"081 off_three", one("F32", "[1]", "[0,4,8]"), 4, Status::bad_offsets, Reference::refuses, "tensor 'a': data_offsets: got more than two numbers"},
    {"082 off_float", one("F32", "[1]", "[0.0,4.0]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': data_offsets: got '0.0'"},
    {"083 off_beyond_file", one("F32", "[4]", "[0,16]"), 8, Status::data_truncated, Reference::refuses, "tensor 'a': got 8 bytes of data in the file, expected at least 16"},
    {"084 off_size_mismatch_small", one("F32", "[4]", "[0,8]"), 8, Status::size_mismatch, Reference::refuses, "tensor 'a': got 8 bytes in data_offsets [0, 8], expected 16 for F32 [4]"},
    {"085 off_size_mismatch_big", one("F32", "[1]", "[0,16]"), 16, Status::size_mismatch, Reference::refuses, "tensor 'a': got 16 bytes in data_offsets [0, 16], expected 4 for F32 [1]"},
    {"086 start_not_zero", one("F32", "[1]", "[4,8]"), 8, Status::data_hole, Reference::refuses, "tensor 'a': got data from byte 4, expected from 0"},
    {"087 hole", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", 12, Status::data_hole, Reference::refuses, "tensor 'b': got data from byte 8, expected from 4"},
    {"088 overlap_full", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::data_overlap, Reference::refuses, "tensor 'b': got data from byte 0, expected from 4, where tensor 'a' ends"},
    {"089 overlap_partial", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12, Status::data_overlap, Reference::refuses, "tensor 'b': got data from byte 4, expected from 8, where tensor 'a' ends"},
    {"090 trailing_data", one("F32", "[1]", "[0,4]"), 5, Status::data_trailing, Reference::refuses, "got 5 bytes of data, expected 4"},
    {"091 missing_1byte", one("F32", "[1]", "[0,4]"), 3, Status::data_truncated, Reference::refuses, "tensor 'a': got 3 bytes of data in the file, expected at least 4"},
    {"092 no_tensors_but_data", R"({})", 4, Status::data_trailing, Reference::refuses, "got 4 bytes of data, expected 0"},
    {"093 off_u64max_wrap", one("U8", "[1]", "[18446744073709551615,0]"), 1, Status::bad_offsets, Reference::refuses, "tensor 'a': got data_offsets [18446744073709551615, 0]"},
    {"094 order_not_offset_sorted", R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8, Status::ok, Reference::accepts, ""},
    {"095 misaligned_f32_after_u8", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", 5, Status::ok, Reference::accepts, ""},
    {"096 hdr_len_not_mult8", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   )", 4, Status::ok, Reference::accepts, ""},
    {"097 zero_size_at_end", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}})", 4, Status::ok, Reference::accepts, ""},
    {"098 zero_size_at_start_dup_offset", R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"c":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::ok, Reference::accepts, ""},
    {"099 zero_size_bad_offset", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}})", 4, Status::data_overlap, Reference::refuses, "tensor 'b': got data from byte 2, expected from 4, where tensor 'a' ends"},
    {"103 tensor_is_array", R"({"a":["F32",[1],[0,4]]})", 4, Status::wrong_json_type, Reference::accepts, "tensor 'a': got an array"},
    {"104 tensor_is_null", R"({"a":null})", 0, Status::wrong_json_type, Reference::refuses, "tensor 'a': got null"},
    {"106 name_path_traversal", R"({"../../etc/passwd":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::ok, Reference::accepts, ""},
    {"107 name_newline", R"({"a\nb":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::tensor_name_invalid, Reference::accepts, "tensor 'a\\x0ab': got a control character in the name"},
    {"113 nan_literal", R"({"a":NaN})", 0, Status::json_syntax, Reference::refuses, "got 'N'"},
    {"114 bool_shape", one("F32", "[true]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got true"},
    {"115 big_int_exp", one("F32", "[1E400]", "[0,4]"), 4, Status::bad_integer, Reference::refuses, "tensor 'a': shape: got '1E400'"},
    {"120 dtype_map", R"({"a":{"dtype":{"F32":null},"shape":[1],"data_offsets":[0,4]}})", 4, Status::wrong_json_type, Reference::accepts, "tensor 'a': dtype: got an object"},
    {"121 offsets_obj", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":{"0":0,"1":4}}})", 4, Status::wrong_json_type, Reference::refuses, "tensor 'a': data_offsets: got an object"},
    {"122 unknown_field_dup", R"({"a":{"dtype":"F32","x":1,"x":2,"shape":[1],"data_offsets":[0,4]}})", 4, Status::unknown_field, Reference::accepts, "tensor 'a': got the field 'x'"},
    {"124 tensor_array_extra", R"({"a":["F32",[1],[0,4],1]})", 4, Status::wrong_json_type, Reference::refuses, "tensor 'a': got an array"},
    {"125 solidus_escape", R"({"a\/b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, Status::ok, Reference::accepts, ""},
    {"076 rank_65", "{" + tensor("a", "F32", "[1" + repeated(",1", 64) + "]", "[0,4]") + "}", 4, Status::rank_unsupported, Reference::accepts, "tensor 'a': shape: got more than 64"},
    {"077 rank_10000", "{" + tensor("a", "F32", "[1" + repeated(",1", 9999) + "]", "[0,4]") + "}", 4, Status::rank_unsupported, Reference::accepts, "tensor 'a': shape: got more than 64"},
    {"100 deep_nest_200", "{\"a\":" + repeated("[", 200) + repeated("]", 200) + "}", 0, Status::json_too_deep, Reference::refuses, "more than 8 levels of nesting (header byte 12)"},
    {"101 deep_nest_100k", "{\"a\":" + repeated("[", 100000) + repeated("]", 100000) + "}", 0, Status::json_too_deep, Reference::refuses, "more than 8 levels"},
    {"102 deep_nest_metadata", "{\"__metadata__\":" + repeated("{\"a\":", 5000) + "1" + repeated("}", 5000) + "}", 0, Status::json_too_deep, Reference::refuses, "more than 8 levels"},
    {"105 name_1MB", "{" + tensor(std::string(1'000'000, 'n'), "F32", "[1]", "[0,4]") + "}", 4, Status::tensor_name_invalid, Reference::accepts, "got a name of 1000000 bytes"},
    {"123 unknown_nested_deep", "{\"a\":{\"dtype\":\"F32\",\"x\":" + repeated("[", 120) + repeated("]", 120) + ",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, Status::json_too_deep, Reference::accepts, "more than 8 levels"},
};

}  // namespace

TEST_CASE("the check itself can fail") {
  auto const refused = [] { return parse_safetensors_header("{}x", 0, "f"); };
  CHECK(samples::verdict(refused(), Status::header_trailing_bytes, "header byte 2") == "");
  CHECK(samples::verdict(refused(), Status::json_syntax, "header byte 2") != "");
  CHECK(samples::verdict(refused(), Status::header_trailing_bytes, "header byte 3") != "");
  CHECK(samples::verdict(parse_safetensors_header("{}", 0, "f"), Status::header_trailing_bytes, "") != "");
  CHECK(samples::verdict(qfmt::Result<void>{qfmt::Error{Status::json_syntax, "two\nlines"}}, Status::json_syntax, "") != "");
}

TEST_CASE("every bad header is refused with its code and place") {
  for (Row const& row : rows) {
    CHECK_MESSAGE(samples::verdict(parse_safetensors_header(row.header, row.data_bytes, "f"), row.status, row.place) == "", row.name);
  }
}

TEST_CASE("what is accepted, the reference accepts; what only the reference accepts is refused for a listed reason") {
  std::set<Status> const reasons = {Status::header_leading_space, Status::header_trailing_bytes, Status::duplicate_key,      Status::metadata_invalid, Status::unknown_field,
                                    Status::wrong_json_type,      Status::size_overflow,         Status::rank_unsupported,   Status::subbyte_misaligned, Status::tensor_name_invalid,
                                    Status::json_too_deep};
  int narrower = 0;
  for (Row const& row : rows) {
    if (row.status == Status::ok) CHECK_MESSAGE(row.reference == Reference::accepts, row.name);
    if (row.status != Status::ok && row.reference == Reference::accepts) {
      CHECK_MESSAGE(reasons.count(row.status) == 1, row.name);
      ++narrower;
    }
  }
  CHECK(narrower == 22);
}

TEST_CASE("compat accepts white space, with a warning, and nothing else more") {
  int more = 0;
  for (Row const& row : rows) {
    auto const compat = parse_safetensors_header(row.header, row.data_bytes, "f", {.strictness = Strictness::compat});
    if (row.status == Status::ok) {
      CHECK_MESSAGE(compat.ok(), row.name);
      CHECK_MESSAGE(compat->warnings.empty(), row.name);
    } else if (compat.ok()) {
      CHECK_MESSAGE(row.reference == Reference::accepts, row.name);
      CHECK_MESSAGE(compat->warnings.size() == 1, row.name);
      CHECK_MESSAGE((row.status == Status::header_leading_space || row.status == Status::header_trailing_bytes), row.name);
      ++more;
    } else {
      CHECK_MESSAGE(compat.status() == row.status, row.name);
    }
  }
  CHECK(more == 3);
}

TEST_CASE("tensors come in the order of their data and are found by name") {
  std::string const header =
      "{\"__metadata__\":{\"format\":\"pt\"}," + tensor("z", "U8", "[4]", "[8,12]") + "," + tensor("empty", "U8", "[0]", "[8,8]") + "," + tensor("a", "F32", "[2,1]", "[0,8]") + "}";
  auto const parsed = parse_safetensors_header(header, 12, "f");
  REQUIRE(parsed.ok());
  REQUIRE(parsed->tensors.size() == 3);
  CHECK(parsed->tensors[0] == qfmt::io::TensorInfo{"a", qfmt::io::Dtype::F32, {2, 1}, 0, 8});
  CHECK(parsed->tensors[1].name == "empty");
  CHECK(parsed->tensors[2].name == "z");
  for (auto const& t : parsed->tensors) CHECK(parsed->index.find(parsed->tensors, t.name) == &t);
  CHECK(parsed->metadata.at("format") == "pt");
}

TEST_CASE("a million tensors are read, one more is not") {
  std::string header = "{";
  for (int i = 0; i < 1'000'000; ++i) header += (i == 0 ? "" : ",") + tensor("t" + std::to_string(i), "F32", "[0]", "[0,0]");
  auto const parsed = parse_safetensors_header(header + "}", 0, "f");
  REQUIRE(parsed.ok());
  CHECK(parsed->tensors.size() == 1'000'000);
  CHECK(parsed->index.find(parsed->tensors, "t999999")->name == "t999999");
  CHECK(parsed->index.find(parsed->tensors, "t1000000") == nullptr);
  header += "," + tensor("t1000000", "F32", "[0]", "[0,0]") + "}";
  CHECK(samples::verdict(parse_safetensors_header(header, 0, "f"), Status::too_many_tensors, "more than 1000000 tensors") == "");
}

TEST_CASE("a header beyond the limit is not looked at") {
  std::string const header(100'000'001, ' ');
  CHECK(samples::verdict(parse_safetensors_header(header, 0, "f"), Status::header_too_large, "100000001") == "");
  CHECK(samples::verdict(parse_safetensors_header("", 0, "f"), Status::header_empty, "0 bytes") == "");
  CHECK(samples::verdict(parse_safetensors_header("  ", 0, "f"), Status::header_not_object, "") == "");
}
