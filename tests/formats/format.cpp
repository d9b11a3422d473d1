// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <string>
#include <type_traits>

#include <qfmt/formats/format.hpp>

using namespace qfmt;

namespace {

struct Three {
  static constexpr char const* name = "Three";
  static constexpr Family family = Family::integer;
  static constexpr int bits = 3;
  using storage_type = std::uint8_t;
};
struct Nameless {
  [[maybe_unused]] static constexpr Family family = Family::integer;
  [[maybe_unused]] static constexpr int bits = 3;
  using storage_type = std::uint8_t;
};
struct TooWide : Three {
  static constexpr int bits = 9;
};
struct OneBit : Three {
  static constexpr int bits = 1;
};
struct NoBits : Three {
  static constexpr int bits = 0;
};
struct Letters : Three {
  static constexpr Family family = Family::codebook;
};
struct SixteenBits : Three {
  static constexpr int bits = 16;
  using storage_type = std::uint16_t;
};
struct SignedStorage : Three {
  using storage_type = std::int8_t;
};

}  // namespace

TEST_CASE("a format has a name, a family, a width and storage that holds it") {
  static_assert(ElementFormat<Three> && IntegerFormat<Three> && !FloatFormat<Three> &&
                !CodebookFormat<Three>);
  static_assert(ElementFormat<OneBit> && !ElementFormat<NoBits> && ElementFormat<SixteenBits>);
  static_assert(CodebookFormat<Letters> && !IntegerFormat<Letters> && !FloatFormat<Letters>);
  static_assert(!ElementFormat<Nameless> && !ElementFormat<TooWide> &&
                !ElementFormat<SignedStorage> && !ElementFormat<int>);
  CHECK(std::string{Three::name} == "Three");
}

TEST_CASE("a code is as large as its storage, compares by bits, and is zero by default") {
  static_assert(sizeof(Code<Three>) == 1 && std::is_trivially_copyable_v<Code<Three>>);
  static_assert(!std::is_convertible_v<Code<Three>, int> &&
                !std::is_convertible_v<int, Code<Three>>);
  CHECK(Code<Three>{}.bits == 0);
  CHECK(Code<Three>{5} == Code<Three>{5});
  CHECK(Code<Three>{5} != Code<Three>{4});
}

TEST_CASE("a type list visits its types in order") {
  using List = TypeList<int, Three, float>;
  static_assert(List::size == 3 && TypeList<>::size == 0);
  std::string visited;
  List::for_each([&]<class T>() {
    visited += std::is_same_v<T, int> ? 'i' : std::is_same_v<T, float> ? 'f' : 't';
  });
  CHECK(visited == "itf");
}
