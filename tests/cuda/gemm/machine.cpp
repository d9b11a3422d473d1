// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The emulated machine is itself tested: by products of matrices that are laid out here from the
// figures in the PTX manual, and by copies that must not be there too early.

#include <qfmt/cuda/gemm/machine.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: the emulated mma.m16n8k16 multiplies matrices") {
  float a[16][16];
  float b[16][8];
  Samples samples{1};
  for (auto& row : a)
    for (float& x : row) x = static_cast<float>(samples.integer(-9, 9));
  for (auto& row : b)
    for (float& x : row) x = static_cast<float>(samples.integer(-9, 9));
  auto const two = [](float low, float high) {
    return std::uint32_t{from_float<Code<FP16>>(low).bits} |
           std::uint32_t{from_float<Code<FP16>>(high).bits} << 16;
  };
  float c[32][4] = {};
  emulate_mma<Code<FP16>>(
      [&](int lane, int r) {  // a0 (g, 2t), a1 (g + 8, 2t), a2 (g, 2t + 8), a3 (g + 8, 2t + 8)
        int const row = lane / 4 + (r == 1 || r == 3 ? 8 : 0);
        int const col = lane % 4 * 2 + (r >= 2 ? 8 : 0);
        return two(a[row][col], a[row][col + 1]);
      },
      [&](int lane, int r) {  // b0 (2t, g), b1 (2t + 8, g)
        int const row = lane % 4 * 2 + 8 * r;
        return two(b[row][lane / 4], b[row + 1][lane / 4]);
      },
      [&](int lane, int r) -> float& { return c[lane][r]; });
  int wrong = 0;
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {  // c0 (g, 2t), c1 (g, 2t + 1), c2 (g + 8, 2t), c3 (g + 8, 2t + 1)
      int const row = lane / 4 + (r >= 2 ? 8 : 0);
      int const col = lane % 4 * 2 + (r == 1 || r == 3 ? 1 : 0);
      float sum = 0.0f;
      for (int k = 0; k < 16; ++k) sum += a[row][k] * b[k][col];
      wrong += c[lane][r] == sum ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

namespace {

/// Copies a row, and looks at it before and after waiting.
struct Copies {
  static constexpr int max_threads = 32;
  struct Shared {
    alignas(16) std::uint8_t row[2][16];
  };
  std::uint8_t const* from;
  std::uint8_t* seen;  // (5)

  template <class Threads>
  void operator()(Shared& shared) const {
    using Cores = cuda::Machine<Threads>;
    if (Threads::thread() != 0)
      return;
    Cores::copy_async(shared.row[0], from, 16);
    Cores::commit_copies();
    Cores::copy_async(shared.row[1], from, 3);
    Cores::commit_copies();
    seen[0] = shared.row[0][1];
    Cores::template wait_for_copies<1>();
    seen[1] = shared.row[0][1];
    seen[2] = shared.row[1][1];
    Cores::template wait_for_copies<0>();
    seen[3] = shared.row[1][2];
    seen[4] = shared.row[1][3];
  }
};

}  // namespace

TEST_CASE("cuda: an emulated copy is not there until it was waited for") {
  alignas(16) std::uint8_t const from[16] = {1, 2, 3, 4};
  std::uint8_t seen[5] = {};
  emulate(Copies{from, seen}, {1, 1});
  CHECK(seen[0] == 0xA5);  // what shared memory starts with
  CHECK(seen[1] == 2);
  CHECK(seen[2] == 0xA5);
  CHECK(seen[3] == 3);
  CHECK(seen[4] == 0);  // beyond the three bytes
}
