// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <initializer_list>
#include <string>
#include <support/bits.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/word_order.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F>
std::vector<std::uint32_t> words_of(std::vector<int> const& integers) {
  std::vector<Code<F>> codes;
  codes.reserve(integers.size());
  for (int const i : integers) codes.push_back({F::from_int(i)});
  auto const count = static_cast<index_t>(codes.size());
  std::vector<std::uint32_t> words(static_cast<std::size_t>(DenseWords::words<F>(count)),
                                   0xDEADBEEFu);
  DenseWords::store<F>(codes.data(), count, words.data());
  return words;
}

/// The sequence of the published vectors: lowest + (5 i + 3) mod 2^bits.
template <class F>
std::vector<std::uint32_t> sequence() {
  std::vector<int> integers;
  integers.reserve(32);
  for (int i = 0; i < 32; ++i) integers.push_back(F::min_int + (5 * i + 3) % (1 << F::bits));
  return words_of<F>(integers);
}

using Words = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("dense words: the vectors of compressed-tensors") {
  CHECK(sequence<INT2>() == Words{0x93939393, 0x93939393});
  CHECK(sequence<INT3>() == Words{0x43c67543, 0x7543c675, 0xc67543c6});
  CHECK(sequence<INT4>() == Words{0x61c72d83, 0xe94fa50b, 0x61c72d83, 0xe94fa50b});
  CHECK(sequence<INT5>() == Words{0x79793503, 0xfd560b30, 0x77137249, 0x1bb45871, 0xf668f514});
  CHECK(sequence<INT6>() ==
        Words{0x1748d203, 0x5c2b9a17, 0x38913feb, 0x2789d613, 0x503bdb1b, 0x79950f28});
  CHECK(sequence<INT7>() ==
        Words{0x72434403, 0x2b4c84e1, 0x23f74d58, 0x6c539d26, 0xc7667c57, 0x41407bed, 0x3c64a0f1});
  CHECK(sequence<INT8>() == Words{0x120d0803, 0x26211c17, 0x3a35302b, 0x4e49443f, 0x625d5853,
                                  0x76716c67, 0x8a85807b, 0x9e99948f});
}

TEST_CASE("dense words: rows that do not fill their last word") {
  CHECK(words_of<INT4>({-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3}) ==
        Words{0x76543210, 0x0000ba98});
  CHECK(words_of<INT4>({0, 0, 0, 0, 0, 0, 0, 0}) == Words{0x88888888});
  CHECK(words_of<INT8>({-128, -1, 0, 127}) == Words{0xff807f00});
  CHECK(words_of<INT3>({-4, -3, -2, -1, 0, 1, 2, 3, -4, -3}) == Words{0x08fac688});
  CHECK(words_of<INT3>({-4, -3, -2, -1, 0, 1, 2, 3, -4, -3, -2}) == Words{0x88fac688, 0x00000000});
  CHECK(words_of<INT4>({-8, -7, -1, 0, 1, 2, 6, 7, 3}) ==
        Words{0xfea98710, 0x0000000b});  // a column of zero points
  CHECK(words_of<INT4>({2, -8, 4, 1, 0, 4, 6, -3}) == Words{0x5ec89c0a});
  CHECK(words_of<INT4>({}).empty());
}

namespace {

template <class F>
int round_trip_failures() {
  int wrong = 0;
  Samples samples{61};
  for (index_t count = 0; count <= 70; ++count) {
    std::vector<Code<F>> codes;
    for (index_t i = 0; i < count; ++i) codes.push_back(code<F>(samples.bits() & F::code_mask));
    Words words(static_cast<std::size_t>(DenseWords::words<F>(count)) + 1, 0xA5A5A5A5u);
    DenseWords::store<F>(codes.data(), count, words.data());
    wrong += words.back() != 0xA5A5A5A5u ? 1 : 0;
    std::vector<Code<F>> back(codes.size());
    DenseWords::load<F>(words.data(), count, back.data());
    wrong += back != codes ? 1 : 0;

    // On this little-endian machine: the bytes of pack(), with the sign bits turned, and zeros
    // behind.
    for (auto& c : codes)
      c.bits = static_cast<std::uint8_t>(F::is_signed ? c.bits ^ 1u << (F::bits - 1) : c.bits);
    std::vector<std::uint8_t> bytes((words.size() - 1) * 4);
    pack<F>(codes.data(), count, bytes.data(), static_cast<index_t>(bytes.size()));
    wrong += !bytes.empty() && std::memcmp(bytes.data(), words.data(), bytes.size()) != 0 ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("dense words: load(store(codes)) == codes at every length, and the relation to pack()") {
  IntegerFormats::for_each(
      []<class F>() { CHECK_MESSAGE(round_trip_failures<F>() == 0, std::string{F::name}); });
}

TEST_CASE("dense words: sizes, and constant expressions") {
  static_assert(DenseWords::words<INT4>(8) == 1 && DenseWords::words<INT4>(9) == 2 &&
                DenseWords::words<INT3>(11) == 2);
  static_assert(DenseWords::words<INT8>(0) == 0);
  constexpr std::uint32_t word = [] {
    Code<INT4> const codes[] = {{2}, {8}, {4}, {1}, {0}, {4}, {6}, {13}};
    std::uint32_t out = 0;
    DenseWords::store<INT4>(codes, 8, &out);
    return out;
  }();
  static_assert(word == 0x5ec89c0a);
  // A constant expression may not read or write beyond the words that there are.
  constexpr bool stays_within = [] {
    std::uint32_t const full[] = {0x61c72d83, 0xe94fa50b, 0x7543c675};
    Code<INT4> fours[16] = {};
    DenseWords::load<INT4>(full, 16, fours);
    Code<INT3> threes[32] = {};
    DenseWords::load<INT3>(full, 32, threes);
    std::uint32_t again[3] = {};
    DenseWords::store<INT3>(threes, 32, again);
    return again[0] == full[0] && again[1] == full[1] && again[2] == full[2];
  }();
  static_assert(stays_within);
  CHECK(std::string{DenseWords::name} == "dense");
}

namespace {

template <class F>
std::vector<std::uint32_t> whole_words_of(std::vector<int> const& integers) {
  std::vector<Code<F>> codes;
  codes.reserve(integers.size());
  for (int const i : integers) codes.push_back({F::from_int(i)});
  auto const count = static_cast<index_t>(codes.size());
  std::vector<std::uint32_t> words(static_cast<std::size_t>(WholeWords::words<F>(count)),
                                   0xDEADBEEFu);
  WholeWords::store<F>(codes.data(), count, words.data());
  std::vector<Code<F>> back(codes.size());
  WholeWords::load<F>(words.data(), count, back.data());
  CHECK(back == codes);
  return words;
}

}  // namespace

TEST_CASE("whole words: no value straddles two words") {
  CHECK(whole_words_of<INT4>({-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3}) ==
        Words{0x76543210, 0x0000ba98});  // as dense
  CHECK(whole_words_of<INT8>({-128, -1, 0, 127}) == Words{0xff807f00});
  // Three bits: ten in a word, two bits unused.
  CHECK(whole_words_of<INT3>({-4, -3, -2, -1, 0, 1, 2, 3, -4, -3}) == Words{0x08fac688});
  CHECK(whole_words_of<INT3>({-4, -3, -2, -1, 0, 1, 2, 3, -4, -3, -2}) ==
        Words{0x08fac688, 0x00000002});
  CHECK(whole_words_of<INT5>({-16, 15, -16, 15, -16, 15, 15}) == Words{0x3e0f83e0, 0x0000001f});
  CHECK(whole_words_of<INT7>({-64, 63, -64, 63, 63}) == Words{0x0fe03f80, 0x0000007f});
  CHECK(whole_words_of<UINT4>({1, 2, 15}) == Words{0x00000f21});
  CHECK(whole_words_of<INT4>({}).empty());
  static_assert(WholeWords::words<INT3>(10) == 1 && WholeWords::words<INT3>(11) == 2 &&
                WholeWords::words<INT6>(6) == 2);
}

TEST_CASE("whole words: load(store(codes)) == codes at every length") {
  IntegerFormats::for_each([]<class F>() {
    Samples samples{64};
    for (index_t count = 0; count <= 70; ++count) {
      std::vector<int> integers;
      for (index_t i = 0; i < count; ++i)
        integers.push_back(F::to_int(samples.bits() & F::code_mask));
      auto const words = whole_words_of<F>(integers);
      CHECK(words.size() == static_cast<std::size_t>(ceil_div(count, 32 / F::bits)));
    }
  });
}

TEST_CASE("GPTQ and AWQ: where a code is") {
  CHECK(GptqOrder::place(5, 0) == WordPlace{0, 5, 0});
  CHECK(GptqOrder::place(5, 8) == WordPlace{1, 5, 0});
  CHECK(GptqOrder::place(5, 9) == WordPlace{1, 5, 4});
  CHECK(GptqOrder::place(5, 23) == WordPlace{2, 5, 28});
  CHECK(GptqOrder::place(0, 7) == WordPlace{0, 0, 28});
  // AWQ: nibbles of a word, from the lowest: outputs 0, 2, 4, 6, 1, 3, 5, 7.
  int const order[] = {0, 2, 4, 6, 1, 3, 5, 7};
  for (int nibble = 0; nibble < 8; ++nibble) {
    CHECK(AwqOrder::place(order[nibble], 3) == WordPlace{3, 0, 4 * nibble});
    CHECK(AwqOrder::place(16 + order[nibble], 3) == WordPlace{3, 2, 4 * nibble});
  }
}
