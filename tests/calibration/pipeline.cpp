// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>

#include "calibration/memory_spill.hpp"
#include "calibration/mlp_model.hpp"
#include "calibration/recorder.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MlpModel;
using test::Recorder;

namespace {

/// Makes all weights of the layers zero when their turn comes.
struct Zeroes {
  static constexpr char const* name = "zeroes";
  Result<void> on_sequential_epoch_end(Context const& c, Layers layers) {
    for (std::size_t const i : layers) {
      Shape const shape = c.model.layers()[i].shape;
      auto set = c.model.set_weight(
          i, {shape, std::vector<float>(static_cast<std::size_t>(shape.size()))});
      if (!set)
        return set;
    }
    return {};
  }
};

/// Keeps what the second block saw in the last batch.
struct SecondBlock {
  static constexpr char const* name = "second_block";
  Result<void> on_input(Context const&, InputBatch const& batch) {
    if (batch.input == 2)
      values.assign(batch.values.row(0), batch.values.row(0) + batch.values.shape.size());
    return {};
  }
  std::vector<float> values;
};

struct Fixture {
  MlpModel model;
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::vector<Batch> batches{MlpModel::batch(3, 1), MlpModel::batch(4, 2)};
  Session session;

  explicit Fixture(bool zeroes = false) {
    std::vector<AnyModifier> modifiers{AnyModifier{recorder}};
    if (zeroes)
      modifiers.emplace_back(std::make_shared<Zeroes>());
    REQUIRE(session.initialize(ModelRef{model}, modifiers));
  }
};

}  // namespace

TEST_CASE("data-free: three events and no forward pass") {
  Fixture f;
  CHECK(run_data_free(f.session).status() == Status::needs_calibration);
  f.recorder->needs = false;
  REQUIRE(run_data_free(f.session));
  CHECK(f.recorder->seen == "I<[012345]>");
  CHECK(f.model.forwards == 0);
}

TEST_CASE("basic: every batch through the whole model, then all layers") {
  Fixture f;
  REQUIRE(run_basic(f.session, f.batches));
  CHECK(f.recorder->seen == "I<01230123[012345]>");
  CHECK(f.model.forwards == 4);
}

TEST_CASE("sequential: subgraph by subgraph, twice but for the last") {
  Fixture f;
  std::vector<std::size_t> done;
  PipelineOptions options;
  options.progress = [&](PipelineProgress const& p) { done.push_back(p.subgraph); };
  REQUIRE(run_sequential(f.session, f.batches, options));
  CHECK(f.recorder->seen == "I<0101[012]2323[345]>");
  CHECK(f.model.forwards == 6);
  CHECK(done == std::vector<std::size_t>{1, 2});
}

TEST_CASE("later subgraphs see the errors of earlier ones, unless that is turned off") {
  // Without its weights, the first block passes its input on.
  Fixture propagating{true}, original{true};
  MlpModel untouched;
  auto const unchanged = untouched.forward(0, original.batches[1].inputs, {});
  REQUIRE(unchanged);
  std::vector<float> const x = original.batches[1].inputs.at("x")->values;
  std::vector<float> const y = unchanged->at("x")->values;

  auto const sees_at_last = [](Fixture& f, bool propagate) {
    auto const second = std::make_shared<SecondBlock>();
    Session session;
    REQUIRE(session.initialize(ModelRef{f.model},
                               {AnyModifier{second}, AnyModifier{std::make_shared<Zeroes>()}}));
    PipelineOptions options;
    options.propagate_error = propagate;
    REQUIRE(run_sequential(session, f.batches, options));
    return second->values;
  };
  CHECK(sees_at_last(propagating, true) == x);
  CHECK(sees_at_last(original, false) == y);
  CHECK(x != y);
  CHECK(propagating.model.forwards == 6);
  CHECK(original.model.forwards == 4);
}

TEST_CASE("a budget for activations changes nothing but where they are") {
  Fixture all, some;
  REQUIRE(run_sequential(all.session, all.batches));
  test::MemorySpill spill;
  PipelineOptions options;
  options.cache_budget = 1000;
  options.spill = &spill;
  REQUIRE(run_sequential(some.session, some.batches, options));
  CHECK(some.recorder->seen == all.recorder->seen);
  CHECK(some.recorder->last_values == all.recorder->last_values);
  CHECK(spill.next > 5);
  CHECK(spill.kept.empty());

  Fixture full;
  spill.space = 100;
  CHECK(run_sequential(full.session, full.batches, options).status() == Status::io_no_space);
  Fixture limited;
  options.spill = nullptr;
  CHECK(run_sequential(limited.session, limited.batches, options).status() ==
        Status::out_of_memory);
}

TEST_CASE("independent: a pass for each modifier") {
  MlpModel model;
  auto const a = std::make_shared<Recorder>(), b = std::make_shared<Recorder>();
  b->needs = false;
  Session session;
  REQUIRE(session.initialize(ModelRef{model}, {AnyModifier{a}, AnyModifier{b}}));
  std::vector<Batch> const batches{MlpModel::batch(2, 1)};
  REQUIRE(run_independent(session, batches));
  REQUIRE(session.finalize());
  CHECK(a->seen == "I<01[012]23[345]>F");
  CHECK(b->seen == "I<[012345]>F");
}

TEST_CASE("no tokens, no calibration") {
  Fixture f;
  CHECK(run_basic(f.session, {}).status() == Status::calibration_empty);
  CHECK(run_sequential(f.session, {}).status() == Status::calibration_empty);
  CHECK(run_independent(f.session, {}).status() == Status::calibration_empty);
  for (Batch& batch : f.batches)
    batch.kept.assign(static_cast<std::size_t>(batch.inputs.at("x")->shape.rows), 0);
  CHECK(run_sequential(f.session, f.batches).status() == Status::calibration_empty);
  CHECK(f.recorder->seen == "I");
  f.batches[1].kept[2] = 1;
  CHECK(run_sequential(f.session, f.batches));
}

TEST_CASE("an error says where the pipeline was") {
  Fixture f;
  f.recorder->fails_at = "3";
  auto const done = run_sequential(f.session, f.batches);
  CHECK(done.error().to_string() == "unsupported: subgraph 1, batch 0: recorder: asked to");
}

namespace {

/// Knows the first subgraphs as they were after Zeroes.
struct KnowsSome final : Journal {
  KnowsSome(ModelRef m, std::size_t k) : model{std::move(m)}, known{k} {}
  [[nodiscard]] bool has(std::size_t subgraph) const override { return subgraph < known; }
  Result<void> restore(std::size_t subgraph) override {
    seen += "r" + std::to_string(subgraph);
    std::vector<std::size_t> const layers{3 * subgraph, 3 * subgraph + 1, 3 * subgraph + 2};
    return Zeroes{}.on_sequential_epoch_end({model, {}}, layers);
  }
  Result<void> save(std::size_t subgraph) override {
    seen += "s" + std::to_string(subgraph);
    return fails ? Result<void>{Error{Status::io_no_space, "full"}} : Result<void>{};
  }
  ModelRef model;
  std::size_t known;
  std::string seen;
  bool fails = false;
};

}  // namespace

TEST_CASE("with a journal, what is known is restored, and what comes next sees the same") {
  for (bool const propagates : {true, false}) {
    CAPTURE(propagates);
    std::vector<float> expected;
    for (std::size_t const known : {0u, 1u, 2u}) {
      CAPTURE(known);
      Fixture f{true};
      KnowsSome journal{ModelRef{f.model}, known};
      PipelineOptions options;
      options.propagate_error = propagates;
      options.journal = &journal;
      REQUIRE(run_sequential(f.session, f.batches, options));
      CHECK(journal.seen == (known == 0 ? "s0s1" : known == 1 ? "r0s1" : "r0r1"));
      CHECK(f.recorder->seen == std::string{known == 0   ? "I<0101[012]2323[345]>"
                                            : known == 1 ? "I<2323[345]>"
                                                         : "I<>"});
      if (known == 0)
        expected = f.recorder->last_values;
      if (known == 1)
        CHECK(f.recorder->last_values == expected);
    }
  }
}

TEST_CASE("a journal that cannot be written ends the pass") {
  Fixture f{true};
  KnowsSome journal{ModelRef{f.model}, 0};
  journal.fails = true;
  PipelineOptions options;
  options.journal = &journal;
  CHECK(run_sequential(f.session, f.batches, options).status() == Status::io_no_space);
}
