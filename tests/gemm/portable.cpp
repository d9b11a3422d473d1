// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <support/executors.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Sizes around the vectors, the kernel and the block; whole and cut tiles.
template <Scheme S>
void check_ragged_shapes() {
  for (index_t const k : {1, 2, 15, 16, 17, 33, 127, 200}) {
    for (index_t const n : {1, 5, 31, 33, 64, 65}) {
      auto const w = quantized<S>({n, k}, 2);
      for (index_t const m : {1, 2, 3, 7, 17}) {
        auto const x = normal_matrix({m, k}, 1);
        expect_held(like_the_reference(PortableGemm{}, x.view(), w.view()));
      }
    }
  }
}

}  // namespace

TEST_CASE("every scheme: weights one by one, exact sums, ragged shapes, no depth") {
  GemmSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    for (Shape const shape : {Shape{131, 133}, Shape{70, 260}, Shape{9, 16}, Shape{1, 1}}) {
      auto const w = quantized<S>(shape, 11);
      expect_held(one_hot_probe(PortableGemm{}, w.view(), expected_values(w)));
    }
    Samples samples{3};
    auto const x = matrix_of<float>({7, 200}, [&] { return static_cast<float>(samples.integer(-3, 3)); });
    auto const w = small_integers<S>({65, 200}, 4);
    expect_held(exact_sums(PortableGemm{}, x.view(), w.view(), x, expected_values(w)));
    check_ragged_shapes<S>();

    QuantTensor<S> const flat{Shape{5, 0}};
    expect_held(exact_sums(PortableGemm{}, Matrix<float>{{3, 0}}.view(), flat.view(), Matrix<float>{{3, 0}}, Matrix<float>{{5, 0}}));
  });
}

TEST_CASE("the one-hot probe catches sabotaged weights") {
  using S = BlockScheme<NVFP4>;
  auto const w = quantized<S>({20, 70}, 12);
  auto const expected = expected_values(w);

  auto nibbles = w;
  for (auto& byte : nibbles.codes) byte = static_cast<std::uint8_t>(byte << 4 | byte >> 4);
  expect_violated(one_hot_probe(PortableGemm{}, nibbles.view(), expected));

  auto scales = w;
  std::swap(scales.scales[0], scales.scales[1]);
  expect_violated(one_hot_probe(PortableGemm{}, scales.view(), expected));

  auto inverted = w;
  inverted.global.encode_scale = 1.0f / w.global.encode_scale;
  expect_violated(one_hot_probe(PortableGemm{}, inverted.view(), expected));

  auto zero_points = quantized<Int4Asymmetric>({20, 70}, 12);
  auto const zero_points_expected = expected_values(zero_points);
  zero_points.zero_points[7]++;
  expect_violated(one_hot_probe(PortableGemm{}, zero_points.view(), zero_points_expected));
}

TEST_CASE("exact sums of operands that are both quantized; a tail that is left out") {
  auto const check = []<class S>() {
    auto const x = small_integers<S>({7, 200}, 5);
    auto const w = small_integers<S>({65, 200}, 4);
    expect_held(exact_sums(PortableGemm{}, x.view(), w.view(), expected_values(x), expected_values(w)));
    expect_violated(exact_sums(DropsTheTail{}, x.view(), w.view(), expected_values(x), expected_values(w)));
  };
  check.template operator()<BlockScheme<NVFP4>>();
  check.template operator()<Int4Asymmetric>();
}

TEST_CASE("the portable backend does not depend on the executor") {
  auto const x = normal_matrix({300, 140}, 1);
  auto const row = normal_matrix({1, 1000}, 3);
  auto const w = quantized<BlockScheme<NVFP4>>({150, 140}, 2);
  auto const wide = quantized<QuantScheme<INT8, PerChannel>>({300, 1000}, 2);
  auto const law = [&](auto&& executor) {
    expect_held(like_the_reference(PortableGemm{}, x.view(), w.view(), float{}, NoEpilogue{}, executor));
    expect_held(like_the_reference(PortableGemm{}, row.view(), wide.view(), float{}, NoEpilogue{}, executor));
  };
  law(Serial{});
  law(Reversed{});
  law(Threads{});
  for (int const threads : {1, 2, 3, 7}) {
    ThreadPool pool{threads};
    law(pool);
  }
}

TEST_CASE("repeating a product repeats its bits") {
  auto const x = normal_matrix({130, 140}, 1);
  auto const w = quantized<BlockScheme<MXFP4>>({70, 140}, 2);
  ThreadPool pool{4};
  for (int i = 0; i < 10; ++i) expect_held(like_the_reference(PortableGemm{}, x.view(), w.view(), float{}, NoEpilogue{}, pool));
}
