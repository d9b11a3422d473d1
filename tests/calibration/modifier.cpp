// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/modifier.hpp>

#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;

namespace {

struct OnlyFinalizes {
  static constexpr char const* name = "only_finalizes";
  Result<void> on_finalize(Context const&) {
    ++finalized;
    return {};
  }
  int finalized = 0;
};
struct Watches {
  static constexpr char const* name = "watches";
  Result<void> on_input(Context const&, InputBatch const&) {
    return Error{Status::unsupported, "no"};
  }
};
struct WatchesNothing : Watches {
  [[nodiscard]] bool needs_data() const { return false; }
};
struct Nameless {
  Result<void> on_finalize(Context const&) { return {}; }
};
struct Idle {
  static constexpr char const* name = "idle";
};
struct ReturnsNothing {
  static constexpr char const* name = "returns_nothing";
  void on_finalize(Context const&) {}
};

static_assert(Modifier<OnlyFinalizes> && Modifier<Watches> && !OnInput<OnlyFinalizes>);
static_assert(!Modifier<Nameless> && !Modifier<Idle> && !Modifier<ReturnsNothing>);

}  // namespace

TEST_CASE("a modifier is called where it has a callback, and its maker sees it") {
  test::MlpModel model;
  Context const context{ModelRef{model}, {}};
  auto const modifier = std::make_shared<OnlyFinalizes>();
  AnyModifier const any{modifier};
  CHECK(any.name() == std::string{"only_finalizes"});
  CHECK(any.on_initialize(context));
  CHECK(any.on_calibration_start(context));
  CHECK(any.on_input(context, {}));
  CHECK(any.on_sequential_epoch_end(context, {}));
  CHECK(any.on_calibration_end(context));
  CHECK(modifier->finalized == 0);
  CHECK(any.on_finalize(context));
  CHECK(modifier->finalized == 1);
}

TEST_CASE("one that watches inputs needs data, unless it says otherwise") {
  test::MlpModel model;
  Context const context{ModelRef{model}, {}};
  CHECK(!AnyModifier{std::make_shared<OnlyFinalizes>()}.needs_data());
  CHECK(AnyModifier{std::make_shared<Watches>()}.needs_data());
  CHECK(!AnyModifier{std::make_shared<WatchesNothing>()}.needs_data());
  CHECK(AnyModifier{std::make_shared<Watches>()}.on_input(context, {}).status() ==
        Status::unsupported);
}
