// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include "calibration/memory_spill.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MemorySpill;

namespace {

/// 64 bytes.
std::shared_ptr<Activation const> activation(float value) {
  return std::make_shared<Activation>(Activation{{4, 4}, std::vector<float>(16, value)});
}

float first_of(ActivationCache const& cache, std::size_t batch, std::string const& name) {
  auto const fetched = cache.fetch(batch);
  REQUIRE(fetched);
  REQUIRE(fetched->at(name)->shape == Shape{4, 4});
  return fetched->at(name)->values.back();
}

}  // namespace

TEST_CASE("what is stored is fetched, by batch and name") {
  ActivationCache cache;
  REQUIRE(cache.store(0, {{"x", activation(1)}, {"y", activation(2)}}));
  REQUIRE(cache.store(7, {{"x", activation(3)}}));
  CHECK(cache.size() == 2);
  CHECK(cache.resident_bytes() == 192);
  CHECK(first_of(cache, 0, "x") == 1);
  CHECK(first_of(cache, 0, "y") == 2);
  CHECK(first_of(cache, 7, "x") == 3);
  CHECK(cache.fetch(1).status() == Status::invalid_argument);

  REQUIRE(cache.store(0, {{"z", activation(4)}}));
  CHECK(first_of(cache, 0, "z") == 4);
  CHECK(!cache.fetch(0)->contains("x"));
  CHECK(cache.resident_bytes() == 128);
  cache.erase(0);
  cache.erase(7);
  CHECK(cache.resident_bytes() == 0);
  CHECK(cache.size() == 0);
}

TEST_CASE("equal activations are stored once") {
  ActivationCache cache;
  REQUIRE(cache.store(0, {{"mask", activation(1)}, {"x", activation(2)}}));
  REQUIRE(cache.store(1, {{"mask", activation(1)}, {"x", activation(3)}}));
  CHECK(cache.resident_bytes() == 192);
  CHECK(cache.fetch(0)->at("mask") == cache.fetch(1)->at("mask"));
  cache.erase(0);
  CHECK(first_of(cache, 1, "mask") == 1);
  cache.erase(1);
  CHECK(cache.resident_bytes() == 0);

  // Bits are compared, not values: -0 is not 0.
  REQUIRE(cache.store(0, {{"x", activation(0.0f)}}));
  REQUIRE(cache.store(1, {{"x", activation(-0.0f)}}));
  CHECK(cache.resident_bytes() == 128);
  // Shapes count.
  REQUIRE(cache.store(
      2, {{"x", std::make_shared<Activation>(Activation{{2, 8}, std::vector<float>(16, 0.0f)})}}));
  CHECK(cache.fetch(2)->at("x")->shape == Shape{2, 8});
}

TEST_CASE("beyond the budget, activations are spilled, and come back the same") {
  MemorySpill spill;
  {
    ActivationCache cache{100, &spill};
    for (std::size_t b = 0; b < 3; ++b)
      REQUIRE(cache.store(b, {{"x", activation(static_cast<float>(b))}}));
    CHECK(cache.resident_bytes() == 64);
    CHECK(cache.spilled_bytes() == 128);
    CHECK(spill.used() == 128);
    for (std::size_t b = 0; b < 3; ++b) CHECK(first_of(cache, b, "x") == static_cast<float>(b));
    // What makes room in memory is used by what comes next.
    cache.erase(0);
    REQUIRE(cache.store(0, {{"x", activation(9)}}));
    CHECK(cache.resident_bytes() == 64);
    cache.erase(1);
    CHECK(spill.used() == 64);
  }
  CHECK(spill.kept.empty());
}

TEST_CASE("a budget without a spill is a limit, and a full spill an error") {
  ActivationCache cache{100};
  REQUIRE(cache.store(0, {{"x", activation(1)}}));
  auto const limited = cache.store(3, {{"x", activation(2)}});
  CHECK(limited.status() == Status::out_of_memory);
  CHECK(limited.error().message.find("batch 3: activation 'x'") != std::string::npos);
  CHECK(cache.size() == 1);
  CHECK(first_of(cache, 0, "x") == 1);

  MemorySpill spill;
  spill.space = 64;
  ActivationCache spilling{0, &spill};
  REQUIRE(spilling.store(0, {{"x", activation(1)}}));
  CHECK(spilling.store(1, {{"x", activation(2)}}).status() == Status::io_no_space);
  spill.kept.clear();
  CHECK(spilling.fetch(0).status() == Status::io_read);
}
