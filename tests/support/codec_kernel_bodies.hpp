// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/codec_kernel.hpp>
#include <utility>

#include <qfmt/formats/all.hpp>

// The bodies of CodecKernel. A translation unit sets its compiler options by pragmas, includes
// this, and is then what those options make of the library. One whose options change what
// floating-point expressions mean also gives the library another name first, `#define qfmt
// qfmt_under_that_option`, so that its inline functions are not merged with those of the rest of
// the program; it reaches the test interface, which is included before, through the alias
// codec_test.

namespace {

template <class F, class R, class O>
QFMT_TEST_KERNEL void codes_of(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                               std::uint32_t* codes) {
  auto const code = [](std::uint32_t bits) -> std::uint32_t {
    return qfmt::encode<F, R, O>(qfmt::bit_cast<float>(bits)).bits;
  };
  QFMT_TEST_FILL_CODES(first, count, step, codes, code);
}

template <class F, class R, class O>
void add_kernel(codec_test::CodecKernels& kernels, codec_test::oracle::Mode mode) {
  kernels.push_back({F::name, mode, qfmt::same_as<O, qfmt::ToSpecial>, &codes_of<F, R, O>,
                     [](float x) -> std::uint32_t { return qfmt::encode<F, R, O>(x).bits; },
                     [](double x) -> std::uint32_t { return qfmt::encode<F, R, O>(x).bits; },
                     [](std::uint32_t code) {
                       return qfmt::decode(
                           qfmt::Code<F>{static_cast<typename F::storage_type>(code)});
                     }});
}

template <class F, class O>
void add_modes(codec_test::CodecKernels& kernels) {
  using codec_test::oracle::Mode;
  if constexpr (qfmt::IntegerFormat<F> || F::mantissa_bits > 0) {
    add_kernel<F, qfmt::NearestEven, O>(kernels, Mode::nearest_even);
    add_kernel<F, qfmt::Down, O>(kernels, Mode::down);
    add_kernel<F, qfmt::ToOdd, O>(kernels, Mode::to_odd);
  }
  add_kernel<F, qfmt::NearestAway, O>(kernels, Mode::nearest_away);
  add_kernel<F, qfmt::TowardZero, O>(kernels, Mode::toward_zero);
  add_kernel<F, qfmt::Up, O>(kernels, Mode::up);
}

/// All rounding modes under these overflow modes, of every format of a list whose index leaves the
/// rest `Part` modulo `Parts`: the lists are compiled in several pieces.
template <int Part, int Parts, class... Fs, class... Os>
codec_test::CodecKernels kernels_of(qfmt::TypeList<Fs...> /*formats*/,
                                    qfmt::TypeList<Os...> /*overflow*/) {
  codec_test::CodecKernels kernels;
  auto const add_one = [&]<int Index, class F, class O>() {
    if constexpr (Index % Parts == Part)
      add_modes<F, O>(kernels);
  };
  auto const add_all = [&]<class O, int... Index>(std::integer_sequence<int, Index...>) {
    (add_one.template operator()<Index, Fs, O>(), ...);
  };
  (add_all.template operator()<Os>(std::make_integer_sequence<int, int{sizeof...(Fs)}>{}), ...);
  return kernels;
}

}  // namespace
