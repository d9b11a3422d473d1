// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/packing/pack.hpp>

// What holds for every way to pack codes into bytes. A law takes a packer, a type with
//
//     Format
//     bytes(count) -> index_t
//     pack(Code const*, count, uint8_t*, capacity)
//     unpack(uint8_t const*, count, Code*)
//     get(uint8_t const*, count, i) -> Code
//     set(uint8_t*, count, i, Code)
//
// and is written against AnyPacker, which forgets the type, so that it is compiled once.

namespace qfmt::test {

/// The library's packing.
template <class F>
struct Packer {
  using Format = F;
  static index_t bytes(index_t count) { return packed_bytes<F>(count); }
  static void pack(Code<F> const* codes, index_t count, std::uint8_t* bytes, index_t capacity) {
    qfmt::pack<F>(codes, count, bytes, capacity);
  }
  static void unpack(std::uint8_t const* bytes, index_t count, Code<F>* codes) {
    qfmt::unpack<F>(bytes, count, codes);
  }
  static Code<F> get(std::uint8_t const* bytes, index_t count, index_t i) {
    return PackedSpan<F, std::uint8_t const>{bytes, count}[i];
  }
  static void set(std::uint8_t* bytes, index_t count, index_t i, Code<F> code) {
    PackedSpan<F>{bytes, count}.set(i, code);
  }
};

namespace laws {

struct AnyPacker {
  std::string name;
  int bits;
  index_t (*bytes)(index_t);
  void (*pack)(std::vector<std::uint32_t> const&, std::uint8_t*, index_t);
  std::vector<std::uint32_t> (*unpack)(std::uint8_t const*, index_t);
  std::uint32_t (*get)(std::uint8_t const*, index_t, index_t);
  void (*set)(std::uint8_t*, index_t, index_t, std::uint32_t);
};

template <class P>
AnyPacker any_packer() {
  using F = typename P::Format;
  using C = Code<F>;
  return {F::name,
          F::bits,
          [](index_t count) { return P::bytes(count); },
          [](std::vector<std::uint32_t> const& from, std::uint8_t* bytes, index_t capacity) {
            std::vector<C> codes;
            for (auto const bits : from)
              codes.push_back({static_cast<typename F::storage_type>(bits)});
            P::pack(codes.data(), static_cast<index_t>(codes.size()), bytes, capacity);
          },
          [](std::uint8_t const* bytes, index_t count) {
            std::vector<C> codes(static_cast<std::size_t>(count));
            P::unpack(bytes, count, codes.data());
            std::vector<std::uint32_t> to;
            for (auto const code : codes) to.push_back(code.bits);
            return to;
          },
          [](std::uint8_t const* bytes, index_t count, index_t i) -> std::uint32_t {
            return P::get(bytes, count, i).bits;
          },
          [](std::uint8_t* bytes, index_t count, index_t i, std::uint32_t bits) {
            P::set(bytes, count, i, {static_cast<typename F::storage_type>(bits)});
          }};
}

inline constexpr index_t longest = 70;
inline constexpr std::uint8_t guard = 0xA5;

inline std::vector<std::uint32_t> random_codes(AnyPacker const& packer, index_t count,
                                               std::uint64_t seed) {
  Samples samples{seed};
  std::vector<std::uint32_t> codes;
  for (index_t i = 0; i < count; ++i) codes.push_back(samples.bits() & ((1u << packer.bits) - 1));
  return codes;
}

/// unpack(pack(codes)) == codes for every length from 0 to 70, wherever in memory; nothing is
/// written outside of the capacity, and what is left of it is zero.
inline Violations round_trips(AnyPacker const& packer) {
  Violations found{packer.name + ": unpack(pack(codes)) == codes"};
  for (index_t count = 0; count <= longest; ++count) {
    index_t const bytes = packer.bytes(count);
    found.expect(bytes == (count * packer.bits + 7) / 8, [&] {
      return std::to_string(count) + " codes take " + std::to_string(bytes) + " bytes";
    });
    for (index_t const spare : {0, 1, 5}) {
      for (index_t const start : {0, 1, 2, 3, 7, 8, 15}) {
        auto const codes = random_codes(packer, count, static_cast<std::uint64_t>(count));
        std::vector<std::uint8_t> memory(static_cast<std::size_t>(start + bytes + spare + 16),
                                         guard);
        packer.pack(codes, memory.data() + start, bytes + spare);
        auto const where = [&] {
          return std::to_string(count) + " codes, start " + std::to_string(start) + ", spare " +
                 std::to_string(spare);
        };
        found.expect(packer.unpack(memory.data() + start, count) == codes, where);
        bool clean = true;
        for (index_t i = 0; i < static_cast<index_t>(memory.size()); ++i) {
          std::uint8_t const byte = memory[static_cast<std::size_t>(i)];
          bool const outside = i < start || i >= start + bytes + spare;
          bool const padding = i >= start + bytes && !outside;
          clean = clean && (!outside || byte == guard) && (!padding || byte == 0);
        }
        int const used = static_cast<int>((count * packer.bits) % 8);
        if (used != 0)
          clean = clean && memory[static_cast<std::size_t>(start + bytes - 1)] >> used == 0;
        found.expect(clean, [&] { return where() + ": bytes outside or padding"; });
        // A copy without a byte to spare: AddressSanitizer sees what is read behind it.
        std::vector<std::uint8_t> const exact(memory.begin() + start,
                                              memory.begin() + start + bytes);
        bool same = packer.unpack(exact.data(), count) == codes;
        for (index_t i = 0; i < count; ++i)
          same = same && packer.get(exact.data(), count, i) == codes[static_cast<std::size_t>(i)];
        found.expect(same, [&] { return where() + ": from an exact copy"; });
      }
    }
  }
  return found;
}

/// Element i occupies bits [i * bits, (i + 1) * bits) of the stream, lowest bit of byte 0 first.
inline Violations is_a_bit_stream(AnyPacker const& packer) {
  Violations found{packer.name + ": order of bits"};
  for (index_t count = 1; count <= longest; ++count) {
    auto const codes = random_codes(packer, count, 1000 + static_cast<std::uint64_t>(count));
    std::vector<std::uint8_t> memory(static_cast<std::size_t>(packer.bytes(count)), guard);
    packer.pack(codes, memory.data(), packer.bytes(count));
    bool good = true;
    for (index_t bit = 0; bit < count * packer.bits; ++bit) {
      auto const element = static_cast<std::size_t>(bit / packer.bits);
      std::uint32_t const expected = codes[element] >> (bit % packer.bits) & 1;
      good = good && (memory[static_cast<std::size_t>(bit / 8)] >> (bit % 8) & 1u) == expected;
    }
    found.expect(good, [&] { return std::to_string(count) + " codes"; });
  }
  return found;
}

/// Reading any element gives what unpacking the row gives; writing one changes that one only, from
/// every offset on.
inline Violations random_access(AnyPacker const& packer) {
  Violations found{packer.name + ": access to any element"};
  auto codes = random_codes(packer, longest + 1, 7);
  index_t const count = longest + 1;
  std::vector<std::uint8_t> memory(static_cast<std::size_t>(packer.bytes(count)) + 8, guard);
  packer.pack(codes, memory.data(), packer.bytes(count));
  auto const element = [](index_t i) { return "element " + std::to_string(i); };
  for (index_t i = 0; i < count; ++i) {
    found.expect(packer.get(memory.data(), count, i) == codes[static_cast<std::size_t>(i)],
                 [&] { return element(i); });
  }
  for (index_t i = 0; i < count; ++i) {
    for (std::uint32_t const value :
         {0u, (1u << packer.bits) - 1, 0x5555u & ((1u << packer.bits) - 1)}) {
      codes[static_cast<std::size_t>(i)] = value;
      packer.set(memory.data(), count, i, value);
      bool const same = packer.unpack(memory.data(), count) == codes;
      bool const clean = std::all_of(memory.end() - 8, memory.end(),
                                     [](std::uint8_t byte) { return byte == guard; });
      found.expect(same && clean, [&] { return "writing " + element(i); });
    }
  }
  // From every offset on, a row written element by element is the row packed at once.
  for (index_t offset = 0; offset <= longest; ++offset) {
    auto const fresh = random_codes(packer, count, 8);
    for (index_t i = offset; i < count; ++i)
      packer.set(memory.data(), count, i, fresh[static_cast<std::size_t>(i)]);
    for (index_t i = 0; i < offset; ++i)
      packer.set(memory.data(), count, i, fresh[static_cast<std::size_t>(i)]);
    std::vector<std::uint8_t> at_once(static_cast<std::size_t>(packer.bytes(count)));
    packer.pack(fresh, at_once.data(), packer.bytes(count));
    // The spare bits of the last byte are those of the first pack(): zero in both.
    found.expect(std::equal(at_once.begin(), at_once.end(), memory.begin()),
                 [&] { return "offset " + std::to_string(offset); });
  }
  return found;
}

template <class P>
Violations round_trips() {
  return round_trips(any_packer<P>());
}
template <class P>
Violations is_a_bit_stream() {
  return is_a_bit_stream(any_packer<P>());
}
template <class P>
Violations random_access() {
  return random_access(any_packer<P>());
}

}  // namespace laws
}  // namespace qfmt::test
