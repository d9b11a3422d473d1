// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/codec_kernel.hpp>
#include <support/differ.hpp>
#include <utility>

#include <qfmt/formats/all.hpp>

// The bodies of CodecKernel. A translation unit sets its compiler options by pragmas, includes
// this, and is then what those options make of the library. One whose options change what
// floating-point expressions mean also gives the library another name first, `#define qfmt
// qfmt_under_that_option`, so that its inline functions are not merged with those of the rest of
// the program; it reaches the test interface, which is included before, through the alias
// codec_test.

namespace {

template <class F, class R>
struct BothOverflows {
  static std::uint32_t of(std::uint32_t bits) {
    float const x = qfmt::bit_cast<float>(bits);
    std::uint32_t const special = qfmt::encode<F, R, qfmt::ToSpecial>(x).bits;
    return qfmt::encode<F, R, qfmt::Saturate>(x).bits | special << 16;
  }
};

template <class R>
constexpr codec_test::oracle::Mode mode_of() {
  using codec_test::oracle::Mode;
  return qfmt::same_as<R, qfmt::NearestEven>   ? Mode::nearest_even
         : qfmt::same_as<R, qfmt::NearestAway> ? Mode::nearest_away
         : qfmt::same_as<R, qfmt::TowardZero>  ? Mode::toward_zero
         : qfmt::same_as<R, qfmt::Up>          ? Mode::up
         : qfmt::same_as<R, qfmt::Down>        ? Mode::down
                                               : Mode::to_odd;
}

template <class F, class R, class O>
codec_test::Codec codec_of() {
  return {mode_of<R>(), qfmt::same_as<O, qfmt::ToSpecial>,
          [](float x) -> std::uint32_t { return qfmt::encode<F, R, O>(x).bits; },
          [](double x) -> std::uint32_t { return qfmt::encode<F, R, O>(x).bits; }};
}

template <class F, class... Rs>
codec_test::CodecKernel kernel_of(qfmt::TypeList<Rs...> /*modes*/) {
  codec_test::CodecKernel kernel{
      F::name,
      {mode_of<Rs>()...},
      &differ<BothOverflows<F, Rs>...>,
      [](std::uint32_t code) {
        return qfmt::decode(qfmt::Code<F>{static_cast<typename F::storage_type>(code)});
      },
      {}};
  (kernel.codecs.insert(kernel.codecs.end(),
                        {codec_of<F, Rs, qfmt::Saturate>(), codec_of<F, Rs, qfmt::ToSpecial>()}),
   ...);
  return kernel;
}

template <class F>
codec_test::CodecKernel kernel_of() {
  using namespace qfmt;
  if constexpr (IntegerFormat<F> || F::mantissa_bits > 0) {
    return kernel_of<F>(TypeList<NearestEven, NearestAway, TowardZero, Up, Down, ToOdd>{});
  } else {
    return kernel_of<F>(TypeList<NearestAway, TowardZero, Up>{});
  }
}

/// Every format of a list whose index leaves the rest `Part` modulo `Parts`: the lists are compiled
/// in several pieces.
template <int Part, int Parts, class... Fs>
codec_test::CodecKernels kernels_of(qfmt::TypeList<Fs...> /*formats*/) {
  codec_test::CodecKernels kernels;
  auto const add = [&]<int Index, class F>() {
    if constexpr (Index % Parts == Part)
      kernels.push_back(kernel_of<F>());
  };
  [&]<int... Index>(std::integer_sequence<int, Index...>) {
    (add.template operator()<Index, Fs>(), ...);
  }
  (std::make_integer_sequence<int, int{sizeof...(Fs)}>{});
  return kernels;
}

}  // namespace
