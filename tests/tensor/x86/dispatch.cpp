// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Every path of every level: any length and alignment, right before and right behind memory that may
// not be touched, gives the bytes of the portable way and writes nothing else.

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <support/samples.hpp>
#include <tensor/x86/guarded.hpp>

#include <qfmt/tensor/convert.hpp>
#include <qfmt/tensor/quantize.hpp>

#include "levels.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// From `from` to `to`, both as large as an operation says.
using Run = bool (*)(Isa isa, std::byte const* from, index_t count, std::byte* to);

struct Operation {
  char const* name;
  std::size_t in_bits;  // of one element
  std::size_t out_bits;
  Run vectors;
  Run portable;
  std::byte in_mask{0xFF};  // what bytes that stand for codes may hold

  [[nodiscard]] std::size_t in_bytes(index_t count) const { return bytes(in_bits, count); }
  [[nodiscard]] std::size_t out_bytes(index_t count) const { return bytes(out_bits, count); }

 private:
  static std::size_t bytes(std::size_t bits, index_t count) {
    return (bits * static_cast<std::size_t>(count) + 7) / 8;
  }
};

template <class T>
T const* as(std::byte const* p) {
  return reinterpret_cast<T const*>(p);
}
template <class T>
T* as(std::byte* p) {
  return reinterpret_cast<T*>(p);
}

template <class T>
Operation widening(char const* name) {
  return {name, 8 * sizeof(T), 32,
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            return x86::widen(isa, as<T>(from), count, as<float>(to));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            detail::widen(as<T>(from), count, as<float>(to));
            return true;
          }};
}

template <class F, class T>
Operation encoding(char const* name) {
  return {name, 8 * sizeof(T), 8,
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            return x86::encode_values(isa, as<T>(from), count, as<Code<F>>(to));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            encode_values(as<T>(from), count, as<Code<F>>(to), Isa::portable);
            return true;
          }};
}

template <class F, class T>
Operation decoding(char const* name) {
  return {name, 8, 8 * sizeof(T),
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            return x86::decode_codes(isa, as<Code<F>>(from), count, as<T>(to));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            decode_codes(as<Code<F>>(from), count, as<T>(to), Isa::portable);
            return true;
          }};
}

template <class F, class Policy, class T>
Operation quantizing(char const* name) {
  using N = profile::CompressedTensors;
  return {name, 32, 8,
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            std::span const values{as<float>(from), static_cast<std::size_t>(count)};
            return x86::quantize_segment<F, Policy, N, T>(isa, values, 0.3f, 2.0f, as<Code<F>>(to));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            std::span const values{as<float>(from), static_cast<std::size_t>(count)};
            detail::encode_segment<F, Policy, N, T>(values, 0.3f, 2.0f, as<Code<F>>(to));
            return true;
          }};
}

template <class F>
Operation packing(char const* name) {
  return {name,
          8,
          F::bits,
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            return x86::pack(isa, as<Code<F>>(from), count, as<std::uint8_t>(to),
                             packed_bytes<F>(count));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            pack<F>(as<Code<F>>(from), count, as<std::uint8_t>(to), packed_bytes<F>(count));
            return true;
          },
          static_cast<std::byte>((1 << F::bits) - 1)};
}

/// One row in one tile.
template <class S>
QuantTensorView<S> view_of(std::byte const* from, index_t count) {
  static typename S::Stored const scale{};
  index_t const row_bytes = packed_bytes<typename S::Format>(count);
  return {{1, count}, as<std::uint8_t>(from), row_bytes, &scale, {1, 1}, nullptr, {}};
}

template <class S>
Operation dequantizing(char const* name) {
  using F = typename S::Format;
  return {name, F::bits, 32,
          [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
            return x86::dequantize_row(isa, view_of<S>(from, count).row(0), false, as<float>(to));
          },
          [](Isa, std::byte const* from, index_t count, std::byte* to) {
            for (index_t c = 0; c < count; ++c) as<float>(to)[c] = view_of<S>(from, count)(0, c);
            return true;
          }};
}

std::vector<Operation> operations() {
  return {widening<Code<BF16>>("widen BF16"),
          widening<Code<FP16>>("widen FP16"),
          encoding<E4M3, float>("encode E4M3"),
          encoding<E2M1, Code<BF16>>("encode E2M1 from BF16"),
          encoding<INT5, Code<FP16>>("encode INT5 from FP16"),
          encoding<NF4, float>("encode NF4"),
          decoding<E4M3, float>("decode E4M3"),
          decoding<INT8, Code<BF16>>("decode INT8 to BF16"),
          decoding<UE5M3, Code<FP16>>("decode UE5M3 to FP16"),
          quantizing<E4M3, Symmetric, Code<BF16>>("quantize to E4M3"),
          quantizing<INT8, Asymmetric, Code<FP16>>("quantize to INT8"),
          packing<INT4>("pack 4"),
          packing<INT3>("pack 3"),
          packing<INT7>("pack 7"),
          packing<INT8>("pack 8"),
          dequantizing<QuantScheme<E2M1, PerChannel, PowerOfTwo<mx::Even>>>("dequantize E2M1"),
          dequantizing<QuantScheme<INT6, PerChannel, PowerOfTwo<mx::Even>>>("dequantize INT6"),
          dequantizing<QuantScheme<E4M3, PerChannel, PowerOfTwo<mx::Even>>>("dequantize E4M3")};
}

struct Room {
  Guarded in{8192};
  Guarded out{8192};
  std::vector<std::byte> expected;
};

/// Whether the vectors write what is expected, and nothing else.
bool same(Operation const& operation, Isa isa, Room& room, Guarded::At at, index_t count,
          std::size_t skipped) {
  Samples samples{static_cast<std::uint64_t>(count)};
  auto const from =
      room.in.place<std::byte>(at, operation.in_bytes(count), skipped * operation.in_bits / 8);
  auto const to =
      room.out.place<std::byte>(at, operation.out_bytes(count), skipped * operation.out_bits / 8);
  bool const floats = operation.in_bits == 32;
  for (std::byte& b : from) b = static_cast<std::byte>(samples.bits()) & operation.in_mask;
  if (floats) {
    for (index_t i = 0; i < count; ++i) {
      float const x = 3.0f * samples.normal();
      std::memcpy(from.data() + 4 * i, &x, 4);
    }
  }
  for (std::byte& b : room.out.everything()) b = std::byte{0x5A};
  room.expected.assign(to.size(), std::byte{0});
  operation.portable(Isa::portable, from.data(), count, room.expected.data());
  if (!operation.vectors(isa, from.data(), count, to.data()))
    return false;
  bool equal = std::equal(to.begin(), to.end(), room.expected.begin());
  for (std::byte const& b : room.out.everything()) {
    bool const inside = &b >= to.data() && &b < to.data() + to.size();
    equal = equal && (inside || b == std::byte{0x5A});
  }
  return equal;
}

}  // namespace

TEST_CASE("every path: any length from 0 to 70 and some above, at either guard, at any alignment") {
  Room room;
  for (Isa const isa : vector_levels()) {
    for (Operation const& operation : operations()) {
      for (index_t count = 0; count <= 600; count += count < 70 ? 1 : 53) {
        CHECK_MESSAGE(same(operation, isa, room, Guarded::At::end, count, 0),
                      std::string{operation.name}, count);
        for (std::size_t skipped = 0; skipped <= 64; skipped += 8)
          CHECK_MESSAGE(same(operation, isa, room, Guarded::At::begin, count, skipped),
                        std::string{operation.name}, std::string{name(isa)}, count, skipped);
      }
      for (std::size_t skipped = 0;
           operation.in_bits % 8 == 0 && operation.out_bits % 8 == 0 && skipped < 64; ++skipped)
        CHECK_MESSAGE(same(operation, isa, room, Guarded::At::begin, 133, skipped),
                      std::string{operation.name});
    }
  }
}

TEST_CASE("no path where there is none") {
  float const x = 1.0f;
  Code<E4M3> code{};
  CHECK_FALSE(x86::encode_values(Isa::portable, &x, 1, &code));
  CHECK_FALSE(x86::pack(Isa::portable, &code, 1, &code.bits, 1));
  Code<BF16> wide{};
  CHECK_FALSE(x86::encode_values(Isa::avx512, &x, 1, &wide));
}

TEST_CASE("a wrong byte and a byte outside would be seen") {
  if (vector_levels().empty())
    return;
  Room room;
  Operation operation = encoding<E4M3, float>("sabotaged");
  operation.vectors = [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
    bool const done = x86::encode_values(isa, as<float>(from), count, as<Code<E4M3>>(to));
    to[count / 2] ^= std::byte{1};
    return done;
  };
  CHECK_FALSE(same(operation, Isa::avx2, room, Guarded::At::begin, 40, 3));
  operation.vectors = [](Isa isa, std::byte const* from, index_t count, std::byte* to) {
    to[count] = std::byte{1};
    return x86::encode_values(isa, as<float>(from), count, as<Code<E4M3>>(to));
  };
  CHECK_FALSE(same(operation, Isa::avx2, room, Guarded::At::begin, 40, 3));
}
