// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "diff_steps.hpp"

namespace qfmt::tool {
namespace {

/// Where two codes part.
enum class Cause : uint8_t { scale, quotient, encoding };
constexpr std::array<char const*, 3> cause_names = {"the scale", "the quotient", "encoding"};

/// One profile's way to a code.
struct Way {
  GlobalScale tensor_scale;
  uint32_t scale = 0;
  float quotient = 0.0f;
  uint32_t code = 0;
};

/// An element whose codes differ, or the first element of a tile whose scales do.
struct Difference {
  index_t row = 0;
  index_t col = 0;
  float x = 0.0f;
  float amax = 0.0f;
  std::array<Way, 2> ways;
};

/// What is counted of one tensor.
struct TensorDiff {
  int64_t scales = 0;
  int64_t codes = 0;
  int64_t other_scales = 0;
  std::array<int64_t, 3> other_codes{};  // by cause
  Difference first_scale;
  std::array<Difference, 3> first_code;
  std::array<GlobalScale, 2> tensor_scale;

  [[nodiscard]] int64_t all_other_codes() const {
    return other_codes[0] + other_codes[1] + other_codes[2];
  }
  [[nodiscard]] bool same() const {
    return other_scales == 0 && all_other_codes() == 0 && tensor_scale[0] == tensor_scale[1];
  }
  static bool same_bits(float a, float b) { return bit_cast<uint32_t>(a) == bit_cast<uint32_t>(b); }
};

using Sides = std::array<Steps const*, 2>;

/// Quantizes a matrix both ways, tile by tile.
class Comparison {
 public:
  Comparison(Sides sides, Shape tile, Shape shape, std::vector<float> const& values)
      : sides_{sides}, tile_{tile}, shape_{shape}, values_{values} {}

  TensorDiff operator()() {
    if (sides_[0]->tensor_scale != nullptr) {
      float const amax = amax_of({0, shape_.rows}, {0, shape_.cols});
      for (std::size_t side = 0; side < 2; ++side)
        diff_.tensor_scale[side] = sides_[side]->tensor_scale(amax);
    }
    for (index_t row = 0; row < shape_.rows; row += tile_.rows) {
      for (index_t col = 0; col < shape_.cols; col += tile_.cols) {
        compare_tile({row, (std::min)(row + tile_.rows, shape_.rows)},
                     {col, (std::min)(col + tile_.cols, shape_.cols)});
      }
    }
    return diff_;
  }

 private:
  [[nodiscard]] float at(index_t row, index_t col) const {
    return values_[static_cast<std::size_t>(row * shape_.cols + col)];
  }

  [[nodiscard]] float amax_of(IndexRange rows, IndexRange cols) const {
    uint32_t largest = 0;
    for (index_t row = rows.begin; row < rows.end; ++row) {
      for (index_t col = cols.begin; col < cols.end; ++col)
        largest = (std::max)(largest, magnitude_bits(at(row, col)));
    }
    return bit_cast<float>(largest);
  }

  void compare_tile(IndexRange rows, IndexRange cols) {
    Difference d;
    d.amax = amax_of(rows, cols);
    std::array<float, 2> prepared{};
    for (std::size_t side = 0; side < 2; ++side) {
      GlobalScale const tensor = diff_.tensor_scale[side];
      d.ways[side].tensor_scale = tensor;
      d.ways[side].scale = sides_[side]->scale(d.amax, tensor);
      prepared[side] = sides_[side]->prepare(d.ways[side].scale, tensor);
    }
    d.row = rows.begin;
    d.col = cols.begin;
    ++diff_.scales;
    if (d.ways[0].scale != d.ways[1].scale && diff_.other_scales++ == 0)
      diff_.first_scale = d;
    for (d.row = rows.begin; d.row < rows.end; ++d.row) {
      for (d.col = cols.begin; d.col < cols.end; ++d.col) {
        d.x = at(d.row, d.col);
        for (std::size_t side = 0; side < 2; ++side) {
          d.ways[side].quotient = sides_[side]->quotient(d.x, prepared[side]);
          d.ways[side].code = sides_[side]->code(d.ways[side].quotient);
        }
        ++diff_.codes;
        if (d.ways[0].code != d.ways[1].code)
          count(d);
      }
    }
  }

  void count(Difference const& d) {
    auto const& [a, b] = d.ways;
    Cause const cause = a.scale != b.scale || a.tensor_scale != b.tensor_scale ? Cause::scale
                        : !TensorDiff::same_bits(a.quotient, b.quotient)       ? Cause::quotient
                                                                               : Cause::encoding;
    auto const index = static_cast<std::size_t>(cause);
    if (diff_.other_codes[index]++ == 0)
      diff_.first_code[index] = d;
  }

  Sides sides_;
  Shape tile_;
  Shape shape_;
  std::vector<float> const& values_;
  TensorDiff diff_;
};

std::string shown(char const* format, double value, uint32_t bits, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, format, value, digits, bits);
  return text;
}
std::string shown(float x) {
  return shown("%.9g (0x%0*X)", static_cast<double>(x), bit_cast<uint32_t>(x), 8);
}
std::string shown_scale(Steps const& steps, Way const& way) {
  return shown("%.9g (0x%0*X)", static_cast<double>(steps.scale_value(way.scale, way.tensor_scale)),
               way.scale, steps.scale_digits);
}
std::string shown_code(Steps const& steps, uint32_t code) {
  return shown("%g (0x%0*X)", static_cast<double>(steps.code_value(code)), code, steps.code_digits);
}

std::string place(Difference const& d) {
  return "row " + std::to_string(d.row) + ", column " + std::to_string(d.col);
}

void print(TensorDiff const& diff, Sides sides, std::array<std::string, 2> const& names) {
  auto const ways = [&](auto&& text) {
    std::size_t const width = (std::max)(names[0].size(), names[1].size());
    for (std::size_t side = 0; side < 2; ++side)
      std::printf("      %-*s  %s\n", static_cast<int>(width), names[side].c_str(),
                  text(side).c_str());
  };
  if (diff.tensor_scale[0] != diff.tensor_scale[1]) {
    std::printf("  the tensor's scale differs\n");
    ways([&](std::size_t side) {
      GlobalScale const tensor = diff.tensor_scale[side];
      return shown(tensor.encode_scale) + ", to decode " + shown(tensor.decode_scale());
    });
  }
  std::printf("  %lld of %lld scales differ\n", static_cast<long long>(diff.other_scales),
              static_cast<long long>(diff.scales));
  if (diff.other_scales > 0) {
    Difference const& d = diff.first_scale;
    std::printf("    the first: tile at %s, largest magnitude %s\n", place(d).c_str(),
                shown(d.amax).c_str());
    ways([&](std::size_t side) { return "scale " + shown_scale(*sides[side], d.ways[side]); });
  }
  std::printf("  %lld of %lld codes differ\n", static_cast<long long>(diff.all_other_codes()),
              static_cast<long long>(diff.codes));
  for (std::size_t cause = 0; cause < 3; ++cause) {
    if (diff.other_codes[cause] == 0)
      continue;
    Difference const& d = diff.first_code[cause];
    std::printf("    %lld by %s; the first: %s, value %s\n",
                static_cast<long long>(diff.other_codes[cause]), cause_names[cause],
                place(d).c_str(), shown(d.x).c_str());
    ways([&](std::size_t side) {
      Way const& way = d.ways[side];
      return "scale " + shown_scale(*sides[side], way) + ", quotient " + shown(way.quotient) +
             ", code " + shown_code(*sides[side], way.code);
    });
  }
}

/// A tensor's values in binary32: exact. Errors: nonfinite_weight with row and column.
Result<std::vector<float>> values_of(io::Checkpoint const& checkpoint,
                                     io::TensorInfo const& tensor) {
  std::vector<std::byte> bytes(tensor.bytes());
  if (auto const read = checkpoint.read(tensor, bytes); !read)
    return read.error();
  std::vector<float> values;
  oneshot::visit_real(tensor.dtype, [&]<class T>() {
    values.resize(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) {
      T value;
      std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
      values[i] = to_float(value);
    }
  });
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_finite(values[i]))
      continue;
    return Error{Status::nonfinite_weight,
                 "tensor " + quoted(tensor.name) + ": row " + std::to_string(i / tensor.shape[1]) +
                     ", column " + std::to_string(i % tensor.shape[1]) + ": got " +
                     (is_nan(values[i]) ? "NaN" : "an infinity") + ", expected a finite value"};
  }
  return values;
}

/// Whether a tensor can be compared: a matrix of real numbers.
bool is_real_matrix(io::TensorInfo const& tensor) {
  return tensor.shape.size() == 2 && oneshot::visit_real(tensor.dtype, []<class T>() {});
}

/// The tensors to compare: the one that was named, or all matrices of real numbers.
Result<std::vector<io::TensorInfo const*>> chosen(io::Checkpoint const& checkpoint,
                                                  DiffOptions const& options) {
  std::vector<io::TensorInfo const*> tensors;
  for (io::TensorInfo const& tensor : checkpoint.tensors()) {
    if (options.tensor.empty() ? is_real_matrix(tensor) : tensor.name == options.tensor)
      tensors.push_back(&tensor);
  }
  std::string const where = options.input.string() + ": ";
  if (tensors.empty()) {
    std::string const all = std::to_string(checkpoint.tensors().size()) + " tensors";
    return Error{Status::nothing_to_do,
                 where + (options.tensor.empty()
                              ? "got " + all + ", none of them a matrix of F32, BF16 or F16"
                              : "got no tensor " + quoted(options.tensor) +
                                    ", expected one of the " + all + " that `qfmt inspect` lists")};
  }
  if (!is_real_matrix(*tensors[0])) {
    return Error{Status::unsupported, where + "tensor " + quoted(options.tensor) + ": got " +
                                          io::name(tensors[0]->dtype) + " " +
                                          io::to_string(tensors[0]->shape) +
                                          ", expected a matrix of F32, BF16 or F16"};
  }
  return tensors;
}

}  // namespace

Result<bool> diff(DiffOptions const& options) {
  auto const checkpoint = io::Checkpoint::open(options.input, reading);
  if (!checkpoint)
    return checkpoint.error();
  auto const tensors = chosen(*checkpoint, options);
  if (!tensors)
    return tensors.error();
  auto const& schemes = diff_schemes();
  auto const scheme = std::find_if(schemes.begin(), schemes.end(),
                                   [&](DiffScheme const& s) { return s.name == options.scheme; });
  std::array<std::string, 2> const names = {options.profile_a, options.profile_b};
  std::size_t different = 0;
  for (io::TensorInfo const* const tensor : *tensors) {
    Sides const sides = {find_steps(options.scheme, names[0], tensor->dtype),
                         find_steps(options.scheme, names[1], tensor->dtype)};
    if (scheme == schemes.end() || sides[0] == nullptr || sides[1] == nullptr)
      return Error{Status::unknown_scheme, "got " + quoted(options.scheme) + " under " +
                                               quoted(names[0]) + " and " + quoted(names[1])};
    auto const values = values_of(*checkpoint, *tensor);
    if (!values)
      return Error{values.status(), options.input.string() + ": " + values.error().message};
    Shape const shape{static_cast<index_t>(tensor->shape[0]),
                      static_cast<index_t>(tensor->shape[1])};
    TensorDiff const found = Comparison{sides, scheme->tile(shape), shape, *values}();
    if (found.same())
      continue;
    ++different;
    std::printf("%s %s %s\n", quoted(tensor->name).c_str(), io::name(tensor->dtype),
                io::to_string(tensor->shape).c_str());
    print(found, sides, names);
  }
  std::printf("%s, %s and %s: %zu of %zu tensors differ\n", options.scheme.c_str(),
              names[0].c_str(), names[1].c_str(), different, tensors->size());
  return different == 0;
}

}  // namespace qfmt::tool
