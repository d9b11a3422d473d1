// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <initializer_list>

#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/packing/nibble_order.hpp>
#include <qfmt/packing/scale_layout.hpp>
#include <qfmt/packing/word_order.hpp>

#include "conformance_vectors.hpp"

namespace qfmt::tool {
namespace {

/// Codes of F, any but always the same.
template <ElementFormat F>
std::vector<Code<F>> some_codes(index_t count) {
  Philox const random{static_cast<uint64_t>(F::bits)};
  std::vector<Code<F>> codes;
  for (index_t i = 0; i < count; ++i) {
    uint32_t const mask = (uint32_t{1} << F::bits) - 1;
    codes.push_back(
        {static_cast<typename F::storage_type>(random(static_cast<uint64_t>(i)) & mask)});
  }
  return codes;
}

template <ElementFormat F>
std::vector<uint32_t> patterns(std::vector<Code<F>> const& codes) {
  std::vector<uint32_t> bits;
  for (Code<F> const code : codes) bits.push_back(code.bits);
  return bits;
}

constexpr std::initializer_list<index_t> counts = {1, 2, 5, 7, 8, 11, 31, 32, 33, 50};

VectorFile bit_streams() {
  VectorFile file{"packed.jsonl",
                  "Rows of codes as bytes: a little-endian stream of bits, element i in bits "
                  "[i * bits, (i + 1) * bits), the bits behind the last element zero.",
                  {{"format", "the format of the codes"},
                   {"bits", "of a code"},
                   {"code", "the codes of a row"},
                   {"bytes", "the row"}},
                  {},
                  0};
  TypeList<UINT2, UINT3, E2M1, UINT5, E2M3, UINT7, E4M3, FP16>::for_each([&]<class F>() {
    for (index_t const count : counts) {
      auto const codes = some_codes<F>(count);
      std::vector<uint8_t> bytes(static_cast<std::size_t>(packed_bytes<F>(count)));
      pack(codes.data(), count, bytes.data(), static_cast<index_t>(bytes.size()));
      file.add(JsonLine{}
                   .text("format", F::name)
                   .number("bits", F::bits)
                   .bits("code", patterns(codes), code_digits<F>)
                   .bits("bytes", bytes, 2));
    }
  });
  return file;
}

template <NibbleOrder O>
void add_nibbles(VectorFile& file, int64_t block) {
  for (index_t const count : counts) {
    std::vector<int64_t> bytes;
    std::vector<int64_t> halves;
    for (index_t i = 0; i < count; ++i) {
      NibblePlace const place = O::place(i);
      bytes.push_back(place.byte);
      halves.push_back(place.high ? 1 : 0);
    }
    file.add(JsonLine{}
                 .text("order", O::name)
                 .number("block", block)
                 .number("elements", count)
                 .numbers("byte", bytes)
                 .numbers("high", halves));
  }
}

VectorFile nibbles() {
  VectorFile file{"nibbles.jsonl",
                  "Where each 4-bit code of a row is.",
                  {{"order",
                    "low_first: even elements in the low half of a byte; high_first: in the high "
                    "half; split_halves: the first half of a block in the low halves, as in GGUF"},
                   {"block", "of split_halves; else 2"},
                   {"elements", "of the row"},
                   {"byte", "of element 0, 1, ..."},
                   {"high", "1: in the high half of the byte"}},
                  {},
                  0};
  add_nibbles<LowFirst>(file, 2);
  add_nibbles<HighFirst>(file, 2);
  add_nibbles<SplitHalves<16>>(file, 16);
  add_nibbles<SplitHalves<32>>(file, 32);
  return file;
}

template <class Order, IntegerFormat F>
void add_words(VectorFile& file) {
  for (index_t const count : counts) {
    auto const codes = some_codes<F>(count);
    std::vector<uint32_t> words(static_cast<std::size_t>(Order::template words<F>(count)));
    Order::template store<F>(codes.data(), count, words.data());
    file.add(JsonLine{}
                 .text("order", Order::name)
                 .text("format", F::name)
                 .number("bits", F::bits)
                 .bits("code", patterns(codes), code_digits<F>)
                 .bits("words", words, 8));
  }
}

VectorFile words() {
  VectorFile file{"words.jsonl",
                  "Rows of integers in 32-bit words, as compressed-tensors' pack-quantized stores "
                  "them: signed ones with an offset of 2^(bits - 1), lowest bits first.",
                  {{"order",
                    "dense: codes follow each other across words; whole: floor(32 / bits) in each "
                    "word, its highest bits unused"},
                   {"format", "the format of the codes"},
                   {"bits", "of a code"},
                   {"code", "the codes of a row"},
                   {"words", "the row"}},
                  {},
                  0};
  IntegerFormats::for_each([&]<class F>() {
    add_words<DenseWords, F>(file);
    add_words<WholeWords, F>(file);
  });
  return file;
}

template <class Order>
JsonLine places(int64_t rows, int64_t cols) {
  std::vector<int64_t> row;
  std::vector<int64_t> col;
  std::vector<int64_t> shift;
  for (index_t n = 0; n < rows; ++n) {
    for (index_t k = 0; k < cols; ++k) {
      WordPlace const place = Order::place(n, k);
      row.push_back(place.row);
      col.push_back(place.col);
      shift.push_back(place.shift);
    }
  }
  return JsonLine{}
      .text("order", Order::name)
      .number("n", rows)
      .number("k", cols)
      .numbers("row", row)
      .numbers("col", col)
      .numbers("shift", shift);
}

VectorFile word_places() {
  VectorFile file{"qweight.jsonl",
                  "Where each 4-bit weight is in a matrix of 32-bit words.",
                  {{"order", "gptq: words (K / 8, N); awq: words (K, N / 8)"},
                   {"n", "rows of the weight: outputs"},
                   {"k", "columns of the weight: inputs"},
                   {"row", "of the word, for element (0, 0), (0, 1), ... of the weight"},
                   {"col", "of the word"},
                   {"shift", "of the code's lowest bit in the word"}},
                  {},
                  0};
  for (auto const& [n, k] : {std::pair{8, 8}, {16, 24}, {24, 16}}) {
    file.add(places<GptqOrder>(n, k));
    file.add(places<AwqOrder>(n, k));
  }
  return file;
}

VectorFile scale_layouts() {
  VectorFile file{"scale_layouts.jsonl",
                  "Where the scale of each block is, in scales. Padding is part of the size.",
                  {{"layout",
                    "row_major; swizzled_128x4: cuBLASLt's layout of block scales; swizzled_8x4; "
                    "column_major_words: four scales along K in a word, words of a column next to "
                    "each other, rows padded to 4"},
                   {"rows", "of the matrix of scales"},
                   {"cols", "of the matrix of scales: ceil(K / block)"},
                   {"size", "of the buffer, in scales"},
                   {"offset", "of scale (0, 0), (0, 1), ..., (1, 0), ..."}},
                  {},
                  0};
  TypeList<RowMajor, Swizzled128x4, Swizzled8x4, ColumnMajorWords>::for_each([&]<class L>() {
    for (Shape const scales : {Shape{1, 1}, Shape{3, 5}, Shape{8, 4}, Shape{33, 3}, Shape{65, 9},
                               Shape{128, 4}, Shape{130, 7}, Shape{257, 2}}) {
      std::vector<int64_t> offsets;
      for (index_t row = 0; row < scales.rows; ++row) {
        for (index_t col = 0; col < scales.cols; ++col)
          offsets.push_back(L::offset(scales, row, col));
      }
      file.add(JsonLine{}
                   .text("layout", L::name)
                   .number("rows", scales.rows)
                   .number("cols", scales.cols)
                   .number("size", L::size(scales))
                   .numbers("offset", offsets));
    }
  });
  return file;
}

}  // namespace

std::vector<VectorFile> layout_vectors() {
  return {bit_streams(), nibbles(), words(), word_places(), scale_layouts()};
}

}  // namespace qfmt::tool
