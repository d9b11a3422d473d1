// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Prints the pages of docs/ that are drawn from the types, so that no fact is typed twice:
//
//   format_table formats > docs/formats.md
//   format_table presets > docs/presets.md
//   format_table layouts > docs/layouts.md
//
// A test compares the pages with what this prints.

#include <cmath>
#include <cstdio>
#include <cstring>

#include <qfmt/formats/all.hpp>
#include <qfmt/formats/limits.hpp>
#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/packing/nibble_order.hpp>
#include <qfmt/packing/scale_layout.hpp>

namespace {

using namespace qfmt;

/// A power of two as 2^n, anything else in decimal.
std::string number(float x) {
  char text[32];
  int exponent = 0;
  if (std::frexp(x, &exponent) == 0.5f && (exponent > 10 || exponent < -3)) {
    std::snprintf(text, sizeof text, "2^%d", exponent - 1);
  } else {
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(x));
  }
  return text;
}

std::string hex(uint32_t code, int bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*X", (bits + 3) / 4, static_cast<unsigned>(code));
  return text;
}

template <FloatFormat F>
void float_row() {
  using L = std::numeric_limits<Code<F>>;
  std::string const infinity = F::has_infinity ? hex(F::overflow_code, F::bits) : "–";
  std::string const nan = F::has_nan ? hex(F::nan_code, F::bits) : "–";
  std::printf("| %s | %d | %d / %d | %d | %s | %s | %s | %s | %s | %s | %s |\n", F::name, F::bits,
              F::exponent_bits, F::mantissa_bits, F::bias, number(max_value<F>()).c_str(),
              number(decode(L::min())).c_str(),
              F::has_zero ? number(decode(L::denorm_min())).c_str() : "–",
              number(decode(L::epsilon())).c_str(), infinity.c_str(), nan.c_str(),
              F::has_negative_zero ? "yes" : "no");
}

template <ElementFormat F>
void code_table() {
  std::printf("\n### %s\n\n| code |", F::name);
  for (int low = 0; low < 8; ++low) std::printf(" +%d |", low);
  std::printf("\n|---|---|---|---|---|---|---|---|---|\n");
  for (int code = 0; code < 1 << F::bits; code += 8) {
    std::printf("| %s |", hex(static_cast<uint32_t>(code), F::bits).c_str());
    for (int low = 0; low < 8; ++low) {
      std::printf(" %s |", number(decode(Code<F>{static_cast<uint8_t>(code + low)})).c_str());
    }
    std::printf("\n");
  }
}

void formats() {
  std::printf(
      "# Element formats\n\nDrawn from the types by `format_table formats`; `tests` compares.\n\n"
      "## Floats\n\n"
      "E / M: exponent and mantissa bits. NaN: the code that conversions give.\n\n"
      "| format | bits | E / M | bias | largest | smallest normal | smallest | step at 1 | "
      "infinity | NaN | -0 |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n");
  FloatFormats::for_each([]<class F>() { float_row<F>(); });
  ScaleOnlyFormats::for_each([]<class F>() { float_row<F>(); });
  std::printf(
      "\n## Integers\n\n| format | bits | codes mean | lowest | largest "
      "|\n|---|---|---|---|---|\n");
  IntegerFormats::for_each([]<class F>() {
    std::printf("| %s | %d | %s | %s | %s |\n", F::name, F::bits,
                F::spec.fraction_bits == 0 ? "integers" : "integer / 64",
                number(min_value<F>()).c_str(), number(max_value<F>()).c_str());
  });
  std::printf(
      "\n## Codebooks\n\nSixteen values each, below. S1M3 is the codebook that this project's "
      "first note called\n"
      "\"MXFP4\": compare it with E2M1, which is the OCP format of that name.\n"
      "\n## Values by code\n");
  TypeList<E2M1, S1M3, NF4, E2M3, E3M2>::for_each([]<class F>() { code_table<F>(); });
}

std::string describe_side(io::QuantizationArgs const& args) {
  std::string text = args.type == "int" ? "INT" : "FP";
  text += std::to_string(args.num_bits) + ", " + args.strategy;
  if (args.group_size)
    text += " " + std::to_string(*args.group_size);
  if (args.block_structure) {
    text += " " + std::to_string((*args.block_structure)[0]) + "x" +
            std::to_string((*args.block_structure)[1]);
  }
  if (!args.symmetric)
    text += ", asymmetric";
  if (args.dynamic != "false")
    text += args.dynamic == "true" ? ", dynamic" : ", local";
  return text;
}

void presets() {
  std::printf(
      "# Presets\n\nDrawn from the types by `format_table presets`; `tests` compares. Weights are "
      "static.\n"
      "`local`: the tensor's scale is calibrated, block scales are found at run time.\n\n"
      "| preset | weights | scale policy | input activations | format on disk "
      "|\n|---|---|---|---|---|\n");
  preset::All::for_each([]<class P>() {
    std::string activations = "–";
    if constexpr (!same_as<typename P::InputActivations, void>) {
      activations =
          describe_side(io::describe<typename P::InputActivations>(io::Role::input_activations));
    }
    std::printf("| %s | %s | %s | %s | %s |\n", P::name,
                describe_side(io::describe<typename P::Weights>(io::Role::weights)).c_str(),
                P::Weights::Policy::name, activations.c_str(),
                io::name(io::compressed_format<P>()));
  });
}

template <NibbleOrder O>
void nibble_row(char const* label) {
  std::printf("| %s |", label);
  for (index_t byte = 0; byte < 16; ++byte) {
    int low = -1;
    int high = -1;
    for (int i = 0; i < 32; ++i) {
      if (O::place(i) == NibblePlace{byte, false})
        low = i;
      if (O::place(i) == NibblePlace{byte, true})
        high = i;
    }
    std::printf(" %d %d |", high, low);
  }
  std::printf("\n");
}

template <ScaleLayout L>
void layout_table(Shape scales, index_t first_offsets) {
  std::printf(
      "\n### %s\n\nScales %lld x %lld take %lld elements; the first ones, as (row, column):\n\n",
      L::name, static_cast<long long>(scales.rows), static_cast<long long>(scales.cols),
      static_cast<long long>(L::size(scales)));
  std::printf(
      "| offset | +0 | +1 | +2 | +3 | +4 | +5 | +6 | +7 "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
  for (index_t offset = 0; offset < first_offsets; offset += 8) {
    std::printf("| %lld |", static_cast<long long>(offset));
    for (index_t low = 0; low < 8; ++low) {
      std::string owner = "padding";
      for (index_t row = 0; row < scales.rows; ++row) {
        for (index_t col = 0; col < scales.cols; ++col) {
          if (L::offset(scales, row, col) == offset + low)
            owner = std::to_string(row) + ", " + std::to_string(col);
        }
      }
      std::printf(" %s |", owner.c_str());
    }
    std::printf("\n");
  }
}

void layouts() {
  std::printf(
      "# Layouts\n\nDrawn from the types by `format_table layouts`; `tests` compares.\n\n"
      "## Nibbles\n\nWhich elements of a row of 32 are in the high and the low half of each "
      "byte.\n\n| order |");
  for (int byte = 0; byte < 16; ++byte) std::printf(" %d |", byte);
  std::printf("\n|---|");
  for (int byte = 0; byte < 16; ++byte) std::printf("---|");
  std::printf("\n");
  nibble_row<LowFirst>("LowFirst");
  nibble_row<HighFirst>("HighFirst");
  nibble_row<SplitHalves<32>>("SplitHalves<32>");
  nibble_row<SplitHalves<16>>("SplitHalves<16>");
  std::printf("\n## Block scales\n");
  layout_table<RowMajor>({130, 6}, 16);
  layout_table<Swizzled128x4>({130, 6}, 48);
  layout_table<Swizzled8x4>({130, 6}, 48);
  layout_table<ColumnMajorWords>({130, 6}, 16);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "formats") == 0)
    return formats(), 0;
  if (argc == 2 && std::strcmp(argv[1], "presets") == 0)
    return presets(), 0;
  if (argc == 2 && std::strcmp(argv[1], "layouts") == 0)
    return layouts(), 0;
  std::fprintf(stderr, "usage: format_table formats|presets|layouts\n");
  return 2;
}
