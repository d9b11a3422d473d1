// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <set>
#include <string>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/block_format.hpp>

using namespace qfmt;

namespace {

template <class B, class Element, class Policy, index_t Size>
constexpr bool is = is_same_v<typename B::Element, Element>&&
                        is_same_v<typename B::Policy, Policy>&& B::block_size == Size;

struct NoSize {
  static constexpr char const* name = "NoSize";
  using Element = E2M1;
  using Policy = TwoLevel;
};
struct WrongPolicy {
  static constexpr char const* name = "WrongPolicy";
  using Element = INT8;
  using Policy = TwoLevel;
  static constexpr index_t block_size = 16;
};

}  // namespace

TEST_CASE("block formats: element, scale and block size of the standards") {
  static_assert(is<NVFP4, E2M1, TwoLevel, 16>);
  static_assert(is<MXFP4, E2M1, PowerOfTwo<mx::Even>, 32>);
  static_assert(is<MXFP6_E2M3, E2M3, PowerOfTwo<mx::RoundUp>, 32>);
  static_assert(is<MXFP6_E3M2, E3M2, PowerOfTwo<mx::RoundUp>, 32>);
  static_assert(is<MXFP8_E4M3, E4M3, PowerOfTwo<mx::RoundUp>, 32>);
  static_assert(is<MXFP8_E5M2, E5M2, PowerOfTwo<mx::RoundUp>, 32>);
  static_assert(is<MXINT8Block, MXINT8, PowerOfTwo<mx::RoundUp>, 32>);
  static_assert(is<MXS1M3, S1M3, PowerOfTwo<mx::Floor>, 32>);
  static_assert(!BlockFormat<NoSize> && !BlockFormat<WrongPolicy> && !BlockFormat<E2M1>);
  CHECK(std::string{MXINT8Block::name} == "MXINT8");
}

TEST_CASE("block formats: every one is in the list, under a name of its own") {
  std::set<std::string> names;
  BlockFormats::for_each([&]<class B>() {
    static_assert(BlockFormat<B>);
    CHECK_MESSAGE(names.insert(B::name).second, std::string{B::name});
  });
  CHECK(names == std::set<std::string>{"NVFP4", "MXFP4", "MXFP6_E2M3", "MXFP6_E3M2", "MXFP8_E4M3",
                                       "MXFP8_E5M2", "MXINT8", "MXS1M3"});
}
