// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/x86/dispatch.hpp>

// Many conversions at once: what formats/convert.hpp does to one value, at the speed of the memory.

namespace qfmt {

/// codes[i] = encode<F>(to_float(values[i])) for i in [0, count): rounded to nearest even,
/// saturating; NaN, infinities and zeros as there. Integer logic on every path: the same codes in
/// every floating-point environment.
template <ElementFormat F, Real T>
void encode_values(T const* values, index_t count, Code<F>* codes,
                   Isa isa = selected_isa()) noexcept {
  if (x86::encode_values(isa, values, count, codes))
    return;
  for (index_t i = 0; i < count; ++i) codes[i] = encode<F>(to_float(values[i]));
}

/// values[i] = from_float<T>(decode(codes[i])) for i in [0, count): exact, where T can hold the
/// value.
template <ElementFormat F, Real T>
void decode_codes(Code<F> const* codes, index_t count, T* values,
                  Isa isa = selected_isa()) noexcept {
  if (x86::decode_codes(isa, codes, count, values))
    return;
  for (index_t i = 0; i < count; ++i) values[i] = from_float<T>(decode(codes[i]));
}

}  // namespace qfmt
