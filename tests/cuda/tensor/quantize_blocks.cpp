// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The kernel that a device runs, by emulated threads: every block format, every layout of scales, odd
// shapes, every type of source, against quantize() and rearrange() byte for byte.

#include <doctest/doctest.h>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class B, class L, class T>
void check(Shape shape, Order order = Order::forward) {
  auto const matrix = ragged_matrix<T>(shape, 7);
  auto const global = global_of<B>(matrix);
  BlockOutput<B, L> out{shape};
  REQUIRE(emulate_blocks<B, L>(cuda::MatrixRows<T>{matrix.view()}, out.view(), {global, nullptr},
                               order));
  INFO(B::name << ", " << L::name << ", " << shape.rows << " x " << shape.cols);
  CHECK(out.wrong(matrix, global) == 0);
}

/// Sides around those of tiles, atoms of scales, warps and blocks.
template <class B, class L, class T>
void check_shapes() {
  for (Shape const shape : {Shape{1, 1}, {3, 64}, {5, 65}, {2, 257}, {9, 40}})
    check<B, L, T>(shape);
}

struct EachBlockFormat {
  template <class B>
  void operator()() const {
    check<B, RowMajor, Code<BF16>>({5, 161});
  }
};

}  // namespace

TEST_CASE("cuda: every block format is quantize(), in odd shapes") {
  BlockFormats::for_each(EachBlockFormat{});
  check<cuda::GroupFormat<INT4, 128>, RowMajor, float>({3, 300});
  check<cuda::GroupFormat<E4M3, 128>, RowMajor, float>({3, 300});
  check<cuda::GroupFormat<INT8, 8>, RowMajor, float>({3, 300});
}

TEST_CASE("cuda: every layout of scales is rearrange(), padding included") {
  check_shapes<NVFP4, RowMajor, float>();
  check_shapes<NVFP4, Swizzled128x4, Code<FP16>>();
  check_shapes<NVFP4, Swizzled8x4, Code<BF16>>();
  check_shapes<MXFP8_E4M3, ColumnMajorWords, Code<BF16>>();
  check<MXFP4, Swizzled128x4, Code<BF16>>({130, 176});
  check<MXFP8_E4M3, Swizzled128x4, Code<FP16>>({130, 176});
  check<MXFP4, Swizzled128x4, float>({2, 2080});  // more than one block of threads across
}

TEST_CASE("cuda: rows that do not start at multiples of 16 bytes, and a scale on the device") {
  auto const whole = ragged_matrix<Code<BF16>>({7, 131}, 8);
  Matrix<Code<BF16>> part{{7, 100}};
  for (index_t r = 0; r < 7; ++r) std::copy_n(whole.view().row(r) + 3, 100, part.view().row(r));
  auto const global = global_of<NVFP4>(part);
  BlockOutput<NVFP4, Swizzled8x4> out{part.shape};
  MatrixView<Code<BF16> const> const inside{whole.view().data + 3, part.shape, 131};
  REQUIRE(emulate_blocks<NVFP4, Swizzled8x4>(cuda::MatrixRows<Code<BF16>>{inside}, out.view(),
                                             {{}, &global}, Order::shuffled));
  CHECK(out.wrong(part, global) == 0);
}

TEST_CASE("cuda: more rows than a launch has") {
  using Kernel = cuda::VectorKernel<cuda::MatrixRows<float>,
                                    cuda::BlockTarget<MXFP4, RowMajor, profile::Qfmt>>;
  auto const matrix = ragged_matrix<float>({11, 64}, 9);
  BlockOutput<MXFP4, RowMajor> out{matrix.shape};
  Kernel const kernel{{matrix.view()}, {out.view(), {}}};
  REQUIRE(EmulatedThreads::launch(kernel, {1, 3}, Kernel::max_threads, Order::forward));
  CHECK(out.wrong(matrix, {}) == 0);
}

TEST_CASE("cuda: what is not finite stays in its block, by the rules of scale and format") {
  auto clean = ragged_matrix<float>({2, 96}, 3);
  auto dirty = clean;
  dirty(0, 21) = bit_cast<float>(0xFFC00000u);
  dirty(1, 64) = bit_cast<float>(0x7F800000u);
  GlobalScale const global{300.0f};
  BlockOutput<NVFP4, RowMajor> of_clean{clean.shape};
  BlockOutput<NVFP4, RowMajor> of_dirty{clean.shape};
  for (auto* const pair : {&clean, &dirty}) {
    auto& out = pair == &clean ? of_clean : of_dirty;
    REQUIRE(emulate_blocks<NVFP4, RowMajor>(cuda::MatrixRows<float>{std::as_const(*pair).view()},
                                            out.view(), {global, nullptr}, Order::forward));
  }
  for (index_t block = 0; block < 12; ++block) {
    index_t const row = block / 6;
    index_t const col = block % 6 * 16;
    cuda::Values<float, 16> x;
    for (int i = 0; i < 16; ++i) x.set(i, dirty(row, col + i));
    auto const expected = cuda::quantize_block<NVFP4>(x, global);
    bool same = of_dirty.scales[block] == expected.scale;
    bool as_clean = of_dirty.scales[block] == of_clean.scales[block];
    for (index_t i = 0; i < 8; ++i) {
      index_t const at = row * of_dirty.row_bytes + col / 2 + i;
      same = same && of_dirty.codes[at] == (expected.codes.word[i / 4] >> (8 * (i % 4)) & 0xFF);
      as_clean = as_clean && of_dirty.codes[at] == of_clean.codes[at];
    }
    CHECK(same);
    CHECK(as_clean == (block != 1 && block != 10));
  }
}

TEST_CASE("cuda: a forgotten row, and a write behind the end, are noticed") {
  auto const matrix = ragged_matrix<float>({4, 64}, 7);
  using Kernel = cuda::VectorKernel<cuda::MatrixRows<float>,
                                    cuda::BlockTarget<MXFP4, RowMajor, profile::Qfmt>>;
  BlockOutput<MXFP4, RowMajor> short_of_one{matrix.shape};
  Kernel const kernel{{{matrix.view().data, {3, 64}}}, {short_of_one.view(), {}}};
  REQUIRE(EmulatedThreads::launch(kernel, {1, 2}, Kernel::max_threads, Order::forward));
  CHECK(short_of_one.wrong(matrix, {}) != 0);

  Poisoned<std::uint8_t> bytes{8};
  bytes.data()[8] = 0;
  CHECK_FALSE(bytes.margin_intact());
}
