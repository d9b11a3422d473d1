// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/min_max.hpp>
#include <qfmt/scaling/asymmetric.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/symmetric.hpp>

namespace qfmt {

// When the parameters of a tile are found. `Observer` is what calibration shows the values to,
// `TileObserver` what the call that quantizes shows the values of a tile to.

/// Before quantization, by an observer: weights, and activations after calibration.
template <Observer O>
struct Static {
  static constexpr char const* name = "static";
  using Observer = O;
  using TileObserver = O;
};

/// By the call that quantizes, from the very values it is given: activations, token by token.
struct Dynamic {
  static constexpr char const* name = "dynamic";
  using Observer = MinMax;
  using TileObserver = MinMax;
};

/// The tensor's part is static (an observer finds it during calibration), the tiles' part dynamic,
/// from their own extremes: NVFP4 activations.
template <Observer O>
struct Local {
  static constexpr char const* name = "local";
  using Observer = O;
  using TileObserver = MinMax;
};

template <class T>
concept Timing = requires {
  { T::name } -> convertible_to<char const*>;
}
&&Observer<typename T::Observer>&& Observer<typename T::TileObserver>;

/// How a matrix is quantized: element format, granularity, scale policy, timing, and the profile
/// that fixes the numerics.
template <ElementFormat F, Granularity G, class P = Symmetric, Timing When = Static<AbsMax>,
          Profile N = profile::Qfmt>
requires ScalePolicy<P, F>
struct QuantScheme {
  using Format = F;
  using Granularity = G;
  using Policy = P;
  using Timing = When;
  using Profile = N;
  using Stored = typename P::Stored;
  using Global = typename P::Global;

  static constexpr bool has_zero_point = P::has_zero_point;
  static constexpr bool has_global = !same_as<Global, NoGlobal>;
};

template <class S>
concept Scheme = requires {
  typename S::Format;
  typename S::Granularity;
  typename S::Policy;
  typename S::Timing;
  typename S::Profile;
}
&&ElementFormat<typename S::Format>&& Granularity<typename S::Granularity>&&
    Profile<typename S::Profile>;

template <class S>
concept StaticScheme =
    Scheme<S> && same_as<typename S::Timing, Static<typename S::Timing::Observer>>;
template <class S>
concept LocalScheme = Scheme<S> && same_as<typename S::Timing, Local<typename S::Timing::Observer>>;

/// A block format as a scheme: its blocks lie along the rows.
template <BlockFormat B, Timing When = Static<AbsMax>, Profile N = profile::Qfmt>
using BlockScheme =
    QuantScheme<typename B::Element, PerGroup<B::block_size>, typename B::Policy, When, N>;

/// NVFP4 in square tiles of 16 x 16, as Transformer Engine quantizes weights for training: W and its
/// transpose have transposed codes and scales, so that both passes see the same weight.
template <Timing When = Static<AbsMax>, Profile N = profile::Qfmt>
using NVFP4_2D = QuantScheme<NVFP4::Element, PerBlock<NVFP4::block_size, NVFP4::block_size>,
                             NVFP4::Policy, When, N>;

/// What a layer does: how its weight is quantized, and how its input is (void: not at all).
template <class W, class X = void>
struct LayerScheme {
  using Weights = W;
  using InputActivations = X;
};

namespace detail {
template <class S, class N>
struct WithProfile;
template <class F, class G, class P, class T, class Old, class N>
struct WithProfile<QuantScheme<F, G, P, T, Old>, N> {
  using type = QuantScheme<F, G, P, T, N>;
};
template <class S, class O>
struct WithObserver;
template <class F, class G, class P, class T, class N, class O>
struct WithObserver<QuantScheme<F, G, P, T, N>, O> {
  using type = QuantScheme<F, G, P, Static<O>, N>;
};
template <class P, class StoredScale>
struct StoredAs {
  using type = P;
};
template <class Old, class StoredScale>
struct StoredAs<SymmetricScale<Old>, StoredScale> {
  using type = SymmetricScale<StoredScale>;
};
template <class Old, class StoredScale>
struct StoredAs<AsymmetricScale<Old>, StoredScale> {
  using type = AsymmetricScale<StoredScale>;
};
template <class S, class StoredScale>
struct WithStoredScale;
template <class F, class G, class P, class T, class N, class StoredScale>
struct WithStoredScale<QuantScheme<F, G, P, T, N>, StoredScale> {
  using type = QuantScheme<F, G, typename StoredAs<P, StoredScale>::type, T, N>;
};
}  // namespace detail

/// The same scheme under another profile.
template <Scheme S, Profile N>
using with_profile = typename detail::WithProfile<S, N>::type;

/// The same scheme with the static parameters of its tiles found by another observer.
template <Scheme S, Observer O>
using with_observer = typename detail::WithObserver<S, O>::type;

/// The same scheme with real scales kept as StoredScale. Scales that are codes by nature (E8M0,
/// UE4M3) stay what they are.
template <Scheme S, Real StoredScale>
using with_stored_scale = typename detail::WithStoredScale<S, StoredScale>::type;

static_assert(Scheme<BlockScheme<NVFP4>>);

}  // namespace qfmt
