// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <type_traits>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/view.hpp>

using namespace qfmt;

TEST_CASE("a view reads codes, scales and zero points that somebody else owns") {
  using S = QuantScheme<INT4, PerGroup<4>, Asymmetric, Static<MinMax>>;
  static_assert(std::is_trivially_copyable_v<QuantTensorView<S>>);
  // Two rows of six: codes 0 .. 5 and 8 .. 13, the latter being -8 .. -3.
  std::array<std::uint8_t, 8> const codes{0x10, 0x32, 0x54, 0x00, 0x98, 0xBA, 0xDC, 0x00};
  std::array<float, 4> const scales{0.5f, 2.0f, 1.0f, 10.0f};
  std::array<std::int16_t, 4> const zero_points{0, 1, -8, 2};
  QuantTensorView<S> const view{{2, 6}, codes.data(),       4, scales.data(),
                                {2, 2}, zero_points.data(), {}};

  CHECK(view.code(0, 3).bits == 3);
  CHECK(view.code(1, 5).bits == 0xD);
  CHECK(view.scale_index(0, 3) == 0);
  CHECK(view.scale_index(0, 4) == 1);
  CHECK(view.scale_index(1, 5) == 3);
  CHECK(view.scale(1, 0) == 1.0f);
  CHECK(view(0, 3) == 1.5f);
  CHECK(view(0, 4) == 6.0f);  // (4 - 1) * 2
  CHECK(view(1, 0) == 0.0f);  // (-8 + 8) * 1
  CHECK(view(1, 1) == 1.0f);
  CHECK(QuantTensorView<S>{}.codes == nullptr);
  CHECK(QuantTensorView<S>{}.row_bytes == 0);
  CHECK(view(1, 5) == -50.0f);  // (-3 - 2) * 10
}

TEST_CASE("a view of two levels divides by the encode scale") {
  using S = BlockScheme<NVFP4>;
  std::array<std::uint8_t, 8> const codes{0x72, 0, 0, 0, 0, 0, 0, 0xF0};
  Code<UE4M3> const scale{0x40};  // 2
  QuantTensorView<S> const view{{1, 16}, codes.data(),     8, &scale, {1, 1},
                                nullptr, GlobalScale{8.0f}};
  CHECK(view.scale(0, 15) == 0.25f);
  CHECK(view(0, 0) == 0.25f);
  CHECK(view(0, 1) == 1.5f);
  CHECK(view(0, 15) == -1.5f);
}

TEST_CASE("the same codes under another profile or timing") {
  using S = BlockScheme<NVFP4>;
  using Theirs = BlockScheme<NVFP4, Dynamic, profile::CompressedTensors>;
  std::array<std::uint8_t, 8> const codes{0x72};
  Code<UE4M3> const scale{0x40};
  QuantTensorView<S> const view{{1, 16}, codes.data(),     8, &scale, {1, 1},
                                nullptr, GlobalScale{8.0f}};
  QuantTensorView<Theirs> const same = view_as<Theirs>(view);
  CHECK(same.codes == view.codes);
  CHECK(same.scales == view.scales);
  CHECK(same.global == view.global);
  CHECK(same(0, 1) == view(0, 1));
}
