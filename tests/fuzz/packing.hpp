// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <fuzz/demand.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/packing/nibble_order.hpp>
#include <qfmt/packing/scale_layout.hpp>
#include <qfmt/packing/word_order.hpp>

// Bytes as packed codes of every format and in every order, from buffers without a byte to spare.
// Beyond not crashing,
//
//   - any element is what unpacking gives, and packing again gives the bytes, padding zeroed;
//   - so with words; nibbles moved to another order and back are the same;
//   - scales moved to another layout and back are the same.

namespace fuzz {

/// The first bytes of an input, as many as asked for; zeros where it ends.
inline std::vector<std::uint8_t> exact(Input input, qfmt::index_t count) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  std::copy_n(input.begin(), (std::min)(bytes.size(), input.size()), bytes.begin());
  return bytes;
}

template <class F>
void packed_codes(Input input, qfmt::index_t count) {
  auto bytes = exact(input, qfmt::packed_bytes<F>(count));
  std::vector<qfmt::Code<F>> codes(static_cast<std::size_t>(count));
  qfmt::unpack<F>(bytes.data(), count, codes.data());
  qfmt::PackedSpan<F, std::uint8_t const> const row{bytes.data(), count};
  for (qfmt::index_t i = 0; i < count; ++i)
    demand(row[i] == codes[static_cast<std::size_t>(i)], "an element is what unpacking gives");

  std::vector<std::uint8_t> again(bytes.size());
  qfmt::pack<F>(codes.data(), count, again.data(), static_cast<qfmt::index_t>(again.size()));
  if (auto const used = count * F::bits % 8; used != 0)
    bytes.back() = static_cast<std::uint8_t>(bytes.back() & ((1u << used) - 1));
  demand(again == bytes, "packing is the inverse of unpacking");
}

template <class Order, class F>
void words(Input input, qfmt::index_t count) {
  auto const size = static_cast<std::size_t>(Order::template words<F>(count));
  std::vector<std::uint32_t> in(size);
  auto const bytes = exact(input, static_cast<qfmt::index_t>(4 * size));
  if (size != 0)
    std::memcpy(in.data(), bytes.data(), bytes.size());
  std::vector<qfmt::Code<F>> codes(static_cast<std::size_t>(count));
  std::vector<qfmt::Code<F>> again(codes.size());
  std::vector<std::uint32_t> out(size);
  Order::template load<F>(in.data(), count, codes.data());
  Order::template store<F>(codes.data(), count, out.data());
  Order::template load<F>(out.data(), count, again.data());
  demand(again == codes, "what is stored is what is loaded");
}

template <class Order>
void nibbles(Input input, qfmt::index_t count) {
  auto const bytes = exact(input, (count + 31) / 32 * 16);
  auto const size = static_cast<qfmt::index_t>(bytes.size());
  std::vector<std::uint8_t> there(bytes.size()), back(bytes.size()), cleared(bytes.size());
  qfmt::reorder_nibbles<qfmt::LowFirst, Order>(bytes.data(), count, there.data(), size);
  qfmt::reorder_nibbles<Order, qfmt::LowFirst>(there.data(), count, back.data(), size);
  qfmt::reorder_nibbles<qfmt::LowFirst, qfmt::LowFirst>(bytes.data(), count, cleared.data(), size);
  demand(back == cleared, "nibbles moved and moved back are the same");
}

template <class Layout>
void scales(Input input, qfmt::Shape shape) {
  auto const bytes = exact(input, shape.size());
  std::vector<std::uint8_t> there(static_cast<std::size_t>(Layout::size(shape)));
  std::vector<std::uint8_t> back(bytes.size());
  qfmt::rearrange<qfmt::RowMajor, Layout>(bytes.data(), shape, there.data());
  qfmt::rearrange<Layout, qfmt::RowMajor>(there.data(), shape, back.data());
  demand(back == bytes, "scales moved and moved back are the same");
}

inline void packing(Input input) {
  Reader reader{input};
  unsigned const format = reader.byte();
  qfmt::index_t const count = reader.below(200);
  qfmt::Shape const shape{reader.below(140), reader.below(12)};
  Input const rest = reader.bytes(input.size());

  unsigned position = 0;
  auto const unpack_some = [&]<class F>() {
    if (position++ % 8 == format % 8)
      packed_codes<F>(rest, count);
  };
  qfmt::FloatFormats::for_each(unpack_some);
  qfmt::IntegerFormats::for_each(unpack_some);
  qfmt::CodebookFormats::for_each(unpack_some);
  words<qfmt::DenseWords, qfmt::INT3>(rest, count);
  words<qfmt::DenseWords, qfmt::INT4>(rest, count);
  words<qfmt::DenseWords, qfmt::UINT6>(rest, count);
  words<qfmt::DenseWords, qfmt::INT7>(rest, count);
  words<qfmt::WholeWords, qfmt::INT3>(rest, count);
  words<qfmt::WholeWords, qfmt::UINT6>(rest, count);
  nibbles<qfmt::HighFirst>(rest, count);
  nibbles<qfmt::SplitHalves<16>>(rest, count);
  nibbles<qfmt::SplitHalves<32>>(rest, count);
  scales<qfmt::Swizzled128x4>(rest, shape);
  scales<qfmt::Swizzled8x4>(rest, shape);
  scales<qfmt::ColumnMajorWords>(rest, shape);
}

}  // namespace fuzz
