// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <doctest/doctest.h>
#include <memory>
#include <qfmt/gemm/large_pages.hpp>
#include <type_traits>
#include <vector>

using namespace qfmt;

namespace {

struct alignas(64) Line {
  std::uint8_t bytes[64] = {};
};
using Allocator = LargePageAllocator<Line>;

std::uintptr_t address(void const* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

}  // namespace

TEST_CASE("large arrays begin at a large page, others where their type may") {
  constexpr std::size_t large = Allocator::large / sizeof(Line);
  for (std::size_t const n : {std::size_t{1}, large - 1, large, large + 1}) {
    CAPTURE(n);
    std::vector<Line, Allocator> lines(n);
    CHECK(address(lines.data()) % (n < large ? alignof(Line) : Allocator::page) == 0);
    lines.front().bytes[0] = 1;
    lines.back().bytes[63] = 2;
    CHECK(lines.back().bytes[63] == 2);
    lines.resize(n + 1);  // from below to above as well
    CHECK((lines[0].bytes[0] == 1 && lines[n].bytes[0] == 0));
  }
}

TEST_CASE("a size that is none throws, as of any vector") {
  Allocator allocator;
  CHECK_THROWS_AS(static_cast<void>(allocator.allocate(static_cast<std::size_t>(-1) / sizeof(Line))), std::bad_array_new_length);
  static_assert(Allocator{} == LargePageAllocator<Line>{});
  static_assert(std::is_same_v<std::allocator_traits<Allocator>::rebind_alloc<int>, LargePageAllocator<int>>);
}
