// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <support/emulated_threads.hpp>
#include <vector>

#include <qfmt/cuda/gemm/machine.cuh>

// The products and copies of emulated threads, after the PTX manual and nothing else: fragment
// layouts from the section on mma.m16n8k16 and mma.m16n8k32, copies that are not there until they
// were waited for.

namespace qfmt::test {

/// Which element of a fragment register r, part i of a lane is: rows of A and C are weights, columns
/// of B and C tokens.
template <class T>
struct FragmentMap {
  static constexpr int depth = sizeof(T) == 1 ? 32 : 16;
  static constexpr int parts = 4 / static_cast<int>(sizeof(T));  // elements of a register

  static constexpr int row_of_a(int lane, int r) { return lane / 4 + 8 * (r % 2); }
  static constexpr int k_of_a(int lane, int r, int i) {
    return lane % 4 * parts + i + depth / 2 * (r / 2);
  }
  static constexpr int k_of_b(int lane, int r, int i) {
    return lane % 4 * parts + i + depth / 2 * r;
  }
  static constexpr int token_of_b(int lane) { return lane / 4; }
  static constexpr int row_of_c(int lane, int r) { return lane / 4 + 8 * (r / 2); }
  static constexpr int token_of_c(int lane, int r) { return lane % 4 * 2 + r % 2; }
};

/// Element i of a register as a number.
template <class T>
auto element_of(std::uint32_t word, int i) {
  if constexpr (sizeof(T) == 1) {
    return std::int32_t{static_cast<std::int8_t>(word >> (8 * i) & 0xFF)};
  } else {
    return to_float(T{static_cast<std::uint16_t>(word >> (16 * i) & 0xFFFF)});
  }
}

/// c += a * b for a warp: sums in increasing k, each rounded to binary32 (products are exact there).
/// a, b and c give a lane's registers.
template <class T, class A, class B, class C>
void emulate_mma(A const& a, B const& b, C const& c) {
  using Map = FragmentMap<T>;
  using Sum = cuda::SumOf<T>;
  Sum left[16][Map::depth];
  Sum right[8][Map::depth];
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < Map::parts; ++i) {
      for (int r = 0; r < 4; ++r)
        left[Map::row_of_a(lane, r)][Map::k_of_a(lane, r, i)] = element_of<T>(a(lane, r), i);
      for (int r = 0; r < 2; ++r)
        right[Map::token_of_b(lane)][Map::k_of_b(lane, r, i)] = element_of<T>(b(lane, r), i);
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {
      Sum sum = c(lane, r);
      for (int k = 0; k < Map::depth; ++k)
        sum += left[Map::row_of_c(lane, r)][k] * right[Map::token_of_c(lane, r)][k];
      c(lane, r) = sum;
    }
  }
}

/// Copies of one thread that were issued and not yet waited for.
struct PendingCopies {
  struct Copy {
    void* to;
    void const* from;
    int bytes;
  };
  std::vector<std::vector<Copy>> groups;
  std::vector<Copy> open;
};

}  // namespace qfmt::test

namespace qfmt::cuda {

template <>
struct Machine<test::EmulatedThreads> {
  using Threads = test::EmulatedThreads;

  template <class T>
  static void multiply(SumRegisters<SumOf<T>>& c, LeftRegisters const& a, std::uint32_t b0,
                       std::uint32_t b1) {
    struct Shown {
      SumRegisters<SumOf<T>>* c;
      std::uint32_t a[4];
      std::uint32_t b[2];
    };
    Shown const mine{&c, {a.r[0], a.r[1], a.r[2], a.r[3]}, {b0, b1}};
    Threads::with_warp(mine, [](auto const& shown) {
      if (Threads::thread() % warp_size != 0)
        return;  // one lane computes for all
      test::emulate_mma<T>([&](int lane, int r) { return shown(lane).a[r]; },
                           [&](int lane, int r) { return shown(lane).b[r]; },
                           [&](int lane, int r) -> SumOf<T>& { return shown(lane).c->r[r]; });
    });
  }

  static void copy_async(void* shared, void const* global, int bytes) {
    mine().open.push_back({shared, global, bytes});
  }
  static void commit_copies() {
    mine().groups.push_back(std::move(mine().open));
    mine().open.clear();
  }
  template <int Pending>
  static void wait_for_copies() {
    auto& groups = mine().groups;
    while (groups.size() > Pending) {
      for (auto const& copy : groups.front()) {
        std::memset(copy.to, 0, 16);
        std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.bytes));
      }
      groups.erase(groups.begin());
    }
  }

 private:
  static test::PendingCopies& mine() {
    static std::array<test::PendingCopies, 1024> all;
    return all[static_cast<std::size_t>(Threads::thread())];
  }
};

}  // namespace qfmt::cuda
