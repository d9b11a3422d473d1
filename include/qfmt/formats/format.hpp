// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// A format is a codebook, not a number class: a name, a width, and the meaning of each code. It is
/// an empty type; values live in Code<F>, arithmetic in binary32.
///
/// There are three families, and a format is declared by deriving from one of them: Minifloat
/// (minifloat.hpp), Integer (integer.hpp) and Codebook (codebook.hpp).
enum class Family : uint8_t { minifloat, integer, codebook };

template <class F>
concept ElementFormat = requires {
  typename F::storage_type;
  { F::name } -> convertible_to<char const*>;
  { F::family } -> convertible_to<Family>;
  { F::bits } -> convertible_to<int>;
}
&&unsigned_integral<typename F::storage_type>&& F::bits >= 1 &&
    F::bits <= 8 * int{sizeof(typename F::storage_type)};

template <class F>
concept FloatFormat = ElementFormat<F> && F::family == Family::minifloat;

template <class F>
concept IntegerFormat = ElementFormat<F> && F::family == Family::integer;

template <class F>
concept CodebookFormat = ElementFormat<F> && F::family == Family::codebook;

/// One code of format F: a bit pattern in the low F::bits bits, the rest zero. The tag keeps an
/// E4M3 byte from being decoded as E5M2. No arithmetic, no implicit conversions; equality is of
/// bits.
template <ElementFormat F>
struct Code {
  using Format = F;
  typename F::storage_type bits{};
  QFMT_HOST_DEVICE friend constexpr bool operator==(Code const&, Code const&) = default;
};

/// Types in a row: what laws, tables and benchmarks iterate over.
template <class... Ts>
struct TypeList {
  static constexpr int size = sizeof...(Ts);

  /// Calls `visit.template operator()<T>()` for every T, in order.
  QFMT_ANY_CALLEE template <class Visitor>
  QFMT_HOST_DEVICE static constexpr void for_each(Visitor&& visit) {
    (visit.template operator()<Ts>(), ...);
  }
};

}  // namespace qfmt
