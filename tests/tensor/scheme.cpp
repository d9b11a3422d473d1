// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <string>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/scheme.hpp>

using namespace qfmt;

namespace {

using Weights = QuantScheme<INT8, PerChannel>;
using Asym = QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>;
using Nv = BlockScheme<NVFP4, Local<AbsMax>>;

}  // namespace

TEST_CASE("a scheme is its five parts") {
  static_assert(Scheme<Weights> && Scheme<Asym> && Scheme<Nv> && !Scheme<INT8> && !Scheme<int>);
  static_assert(is_same_v<Weights::Format, INT8> && is_same_v<Weights::Granularity, PerChannel>);
  static_assert(is_same_v<Weights::Policy, Symmetric> &&
                is_same_v<Weights::Timing, Static<AbsMax>>);
  static_assert(is_same_v<Weights::Profile, profile::Qfmt>);
  static_assert(is_same_v<Weights::Stored, float> && is_same_v<Weights::Global, NoGlobal>);
  static_assert(!Weights::has_zero_point && !Weights::has_global && Asym::has_zero_point &&
                Nv::has_global && !Nv::has_zero_point);
  CHECK(std::string{Nv::Timing::name} == "local");
}

TEST_CASE("a block format is a scheme whose groups lie along the rows") {
  static_assert(is_same_v<Nv::Format, E2M1> && is_same_v<Nv::Granularity, PerGroup<16>> &&
                is_same_v<Nv::Policy, TwoLevel>);
  static_assert(is_same_v<BlockScheme<MXFP8_E5M2>::Granularity, PerGroup<32>>);
  static_assert(is_same_v<BlockScheme<MXFP4, Dynamic>::Timing, Dynamic>);
  CHECK(is_same_v<BlockScheme<MXFP4>::Stored, Code<E8M0>>);
}

TEST_CASE("when parameters are found, and by which observer") {
  static_assert(is_same_v<Static<MinMax>::Observer, MinMax>);
  static_assert(is_same_v<Static<MinMax>::TileObserver, MinMax>);
  static_assert(is_same_v<Dynamic::Observer, MinMax>);
  static_assert(is_same_v<Local<AbsMax>::Observer, AbsMax>);
  static_assert(is_same_v<Local<AbsMax>::TileObserver, MinMax>);  // the tiles' own extremes
  static_assert(LocalScheme<Nv> && !StaticScheme<Nv> && StaticScheme<Asym>);
  static_assert(Timing<Static<AbsMax>> && Timing<Dynamic> && Timing<Local<AbsMax>> &&
                !Timing<AbsMax>);
  CHECK(std::string{Static<AbsMax>::name} == "static");
  CHECK(std::string{Dynamic::name} == "dynamic");
}

TEST_CASE("the same scheme under another profile") {
  using Theirs = with_profile<Asym, profile::CompressedTensors>;
  static_assert(is_same_v<Theirs, QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>,
                                              profile::CompressedTensors>>);
  static_assert(is_same_v<with_profile<Theirs, profile::Qfmt>, Asym>);
  CHECK(is_same_v<with_profile<Asym, profile::Qfmt>, Asym>);
}

TEST_CASE("the same scheme with scales of another type") {
  using Bf16 = Code<BF16>;
  static_assert(is_same_v<with_stored_scale<Weights, Bf16>::Stored, Bf16>);
  static_assert(is_same_v<with_stored_scale<Asym, Bf16>::Policy, AsymmetricScale<Bf16>>);
  static_assert(is_same_v<with_stored_scale<with_stored_scale<Asym, Bf16>, float>, Asym>);
  // Scales that are codes by nature stay.
  static_assert(is_same_v<with_stored_scale<Nv, Bf16>, Nv>);
  CHECK(is_same_v<with_stored_scale<BlockScheme<MXFP4>, Bf16>, BlockScheme<MXFP4>>);
}

TEST_CASE("a layer: weights, and inputs if they are quantized") {
  using WeightOnly = LayerScheme<Weights>;
  using Both = LayerScheme<Weights, QuantScheme<INT8, PerToken, Symmetric, Dynamic>>;
  static_assert(is_same_v<WeightOnly::InputActivations, void> &&
                is_same_v<WeightOnly::Weights, Weights>);
  CHECK(is_same_v<Both::InputActivations::Timing, Dynamic>);
}
