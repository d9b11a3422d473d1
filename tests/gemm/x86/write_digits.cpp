// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <gemm/guarded_memory.hpp>
#include <qfmt/gemm/x86/write_digits.hpp>
#include <qfmt/tensor/isa.hpp>
#include <support/environment.hpp>
#include <support/laws/expect.hpp>
#include <support/samples.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The digits of every token put together again are round(x * to_integer), and the seeds are what
/// the layout says, modulo 2^32.
template <int Slices, index_t Block>
Violations digits_add_up(MatrixView<float const> x, index_t first, index_t rows, index_t tokens, index_t padded, int offset,
                         std::uint8_t const* written, float const* scales) {
  Violations found{"digits add up"};
  constexpr DigitLayout layout{Slices, Block, 1};
  for (index_t t = 0; t < tokens; ++t) {
    std::uint32_t amax = 0;
    for (index_t k = 0; t < rows && k < x.shape.cols; ++k) amax = (std::max)(amax, magnitude_bits(x(first + t, k)));
    TokenScale const scale = t < rows ? token_scale(amax, Slices) : TokenScale{};
    found.expect(scales[t] == scale.scale, [] { return std::string{"scale"}; });
    for (index_t b = 0; b < padded / Block; ++b) {
      std::uint8_t const* const token = written + (b * tokens + t) * layout.token_bytes();
      std::int64_t total = 0, high = 0;
      for (index_t i = 0; i < Block; ++i) {
        index_t const k = b * Block + i;
        std::int64_t v = 0;
        for (int s = 0; s < Slices; ++s) v = v * 256 + static_cast<std::int8_t>(token[s * Block + i]);
        bool const inside = t < rows && k < x.shape.cols;
        auto const expected = inside ? static_cast<std::int64_t>(std::nearbyint(x(first + t, k) * scale.to_integer)) : 0;
        found.expect(v == expected, [&] { return std::to_string(v) + " instead of " + std::to_string(expected); });
        high += Slices == 3 ? static_cast<std::int8_t>(token[i]) : 0;
        total += v;
      }
      total -= high * 65536;
      std::int32_t seeds[std::size_t{Slices}];
      std::memcpy(seeds, token + Slices * Block, sizeof seeds);
      std::int64_t together = seeds[Slices - 1];
      if (Slices > 1) together = std::int64_t{seeds[Slices - 2]} * 256 + static_cast<std::int64_t>(static_cast<std::uint32_t>(seeds[Slices - 1]) >> 24);
      found.expect(together == -offset * total, [] { return std::string{"seed"}; });
      if (Slices == 3) found.expect(seeds[0] == -offset * high, [] { return std::string{"seed of the highest digits"}; });
    }
  }
  return found;
}

template <int Slices, index_t Block>
void check_digits() {
  for (index_t const cols : {index_t{1}, index_t{15}, index_t{33}, index_t{511}, index_t{513}, index_t{1100}}) {
    Matrix<float> values = normal_matrix({7, cols}, static_cast<std::uint64_t>(cols));
    values(2, cols - 1) = 1e30f;   // all others become 0
    values(3, 0) = 0.0f;
    for (auto const touch : {GuardedMemory<float>::Touch::behind, GuardedMemory<float>::Touch::in_front}) {
      GuardedMemory<float> const x{values.values.data(), values.shape.size(), touch};
      MatrixView<float const> const view{x.data(), values.shape};
      for (Shape const tile : {Shape{1, 1}, Shape{3, 4}, Shape{7, 8}}) {  // rows, tokens
        index_t const padded = round_up(cols, 64);
        GuardedMemory<std::uint8_t> const to{DigitLayout{Slices, Block, tile.cols}.bytes(padded)};
        GuardedMemory<float> const scales{tile.cols};
        index_t const first = 7 - tile.rows;
        x86::avx2::write_digits<Slices, Block, 1>(view, first, tile.rows, tile.cols, padded, 12, to.data(), scales.data());
        expect_held(digits_add_up<Slices, Block>(view, first, tile.rows, tile.cols, padded, 12, to.data(), scales.data()));
        expect_violated(digits_add_up<Slices, Block>(view, first, tile.rows, tile.cols, padded, 8, to.data(), scales.data()));
      }
    }
  }
}

}  // namespace

TEST_CASE("activations as digits") {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  check_digits<1, 16>();
  check_digits<2, 16>();
  check_digits<2, 32>();
  check_digits<3, 32>();
}

TEST_CASE("the largest magnitude") {
  if (selected_isa() < Isa::avx2) return skip("AVX2");
  for (index_t at = 0; at < 48; ++at) {
    Matrix<float> x{{1, 48}, 0.5f};
    x(0, at) = -2.0f;
    CHECK(x86::avx2::largest_magnitude(x.values.data(), 48) == bit_cast<std::uint32_t>(2.0f));
  }
}

#endif
