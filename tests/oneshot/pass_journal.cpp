// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/oneshot/oneshot.hpp>

#include "io/child_process.hpp"
#include "oneshot/residual_checkpoint.hpp"

// A job is killed, wherever it is, and begun again: what comes out has the bytes of a job that nobody
// has disturbed.

using namespace qfmt;
using namespace qfmt::oneshot;
using test::MlpModel;
using test::ResidualModel;

namespace {

std::string contents(std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// A model whose process dies at a forward pass.
template <class M>
struct Mortal : M {
  explicit Mortal(M model, int n) : M{std::move(model)}, left{n} {}
  Result<calibration::Activations> forward(std::size_t subgraph,
                                           calibration::Activations const& inputs,
                                           calibration::InputHook const& hook) {
    if (left-- == 0)
      ::raise(SIGKILL);
    return M::forward(subgraph, inputs, hook);
  }
  int left;
};

template <class M>
struct Fixture {
  samples::TemporaryFolder folder;
  M original;
  std::string recipe;
  std::vector<calibration::Batch> batches;

  Fixture(M model, std::string modifiers, std::vector<calibration::Batch> data)
      : original{std::move(model)},
        recipe{R"({"quant_stage": {"quant_modifiers": )" + modifiers + "}}"},
        batches{std::move(data)} {
    test::write_checkpoint(original, folder / "in");
  }

  /// One run; it dies at forward pass `lives`.
  Result<OneshotReport> run(std::string const& out, int lives, bool keeps_progress = true,
                            bool propagates = true) const {
    OneshotJob job;
    job.input = folder / "in";
    job.output = folder / out;
    job.recipe = *Recipe::parse(recipe, "recipe");
    job.schemes = test::schemes();
    job.measures_outputs = true;
    job.pipeline.propagate_error = propagates;
    if (keeps_progress)
      job.progress = folder / (out + ".progress");
    Mortal<M> model{original, lives};
    return test::run_oneshot(calibration::ModelRef{model}, job, batches);
  }

  /// In a process of its own; whether it came to its end.
  bool survives(int lives, bool propagates = true) const {
    return samples::in_child([&] { return run("out", lives, true, propagates) ? 0 : 1; }) == 0;
  }
};

Fixture<MlpModel> mlp() {
  return {MlpModel{3},
          R"({"GPTQModifier": {"scheme": "W4A16_G32"}})",
          {MlpModel::batch(40, 1), MlpModel::batch(30, 2)}};
}

Fixture<ResidualModel> residual() {
  return {ResidualModel{},
          R"({"SpinQuantModifier": {}, "AWQModifier": {}, "SmoothQuantModifier": {},
              "GPTQModifier": {"scheme": "NVFP4", "ignore": ["v_proj"]}})",
          {ResidualModel::batch(20), ResidualModel::batch(11, 3)}};
}

template <class M>
void check_same(Fixture<M> const& f) {
  CHECK(f.folder.names() == std::vector<std::string>{"alone", "in", "out"});
  for (std::string const file : {"model.safetensors", "config.json", "recipe.yaml"})
    CHECK(contents(f.folder / "alone" / file) == contents(f.folder / "out" / file));
}

}  // namespace

TEST_CASE("killed again and again, each time one subgraph further") {
  for (bool const propagates : {true, false}) {
    CAPTURE(propagates);
    auto const f = mlp();
    REQUIRE(f.run("alone", -1, false, propagates));
    // A subgraph takes four forward passes, or two; one that is known takes two, if only to pass on.
    int runs = 1;
    while (!f.survives((propagates ? 3 : 1) + 2 * runs, propagates)) REQUIRE(++runs < 20);
    CHECK(runs > 2);
    check_same(f);
  }
}

TEST_CASE("killed at every forward pass, then resumed to the end: all kinds of passes") {
  auto const undisturbed = residual();
  auto const first = undisturbed.run("alone", -1, false);
  REQUIRE_MESSAGE(first, first.error().to_string());
  for (int lives = 0; lives < 40; lives += 3) {
    CAPTURE(lives);
    auto const f = residual();
    std::filesystem::copy(undisturbed.folder / "alone", f.folder / "alone");
    bool const was_killed = !f.survives(lives);
    // 2 batches x 3 subgraphs for each of two transforms, 2 x (2 + 2 + 1) for the last pass.
    CHECK(was_killed == (lives < 22));
    auto const report = was_killed ? f.run("out", -1) : first;
    REQUIRE_MESSAGE(report, report.error().to_string());
    check_same(f);
    REQUIRE(report->layers.size() == first->layers.size());
    for (std::size_t i = 0; i < report->layers.size(); ++i) {
      CHECK(report->layers[i].layer == first->layers[i].layer);
      CHECK(report->layers[i].scheme == std::string{"NVFP4"});
      CHECK(report->layers[i].method == std::string{"GPTQModifier"});
      CHECK(report->layers[i].output_error == first->layers[i].output_error);
      CHECK(report->layers[i].weight.noise == first->layers[i].weight.noise);
      CHECK(report->layers[i].feedback.condition == first->layers[i].feedback.condition);
    }
  }
}

TEST_CASE("killed at any moment") {
  auto const f = mlp();
  REQUIRE(f.run("alone", -1, false));
  for (unsigned moment = 500; moment < 60'000; moment = moment * 3 / 2)
    samples::killed_after(moment, [&] { return f.run("out", -1) ? 0 : 1; });
  if (!std::filesystem::exists(f.folder / "out"))
    REQUIRE(f.run("out", -1));
  std::filesystem::remove_all(f.folder /
                              "out.progress");  // of a run that died after its output was there
  check_same(f);
}

TEST_CASE("the progress of another job is not taken") {
  auto f = mlp();
  CHECK(!f.survives(9));
  std::string const recipe = f.recipe;
  f.recipe = R"({"a_stage": {"a_modifiers": {"GPTQModifier": {"scheme": "FP8"}}}})";
  auto const refused = f.run("out", -1);
  CHECK(refused.status() == Status::config_invalid);
  CHECK(refused.error().message.find("remove it to begin anew") != std::string::npos);
  f.recipe = recipe;
  std::swap(f.batches[0], f.batches[1]);
  CHECK(f.run("out", -1).status() == Status::config_invalid);
  std::swap(f.batches[0], f.batches[1]);
  CHECK(f.run("out", -1, true, false).status() == Status::config_invalid);
  CHECK(f.run("out", -1));
}

TEST_CASE("a part that is damaged is named") {
  auto const f = mlp();
  CHECK(!f.survives(9));
  auto const part = f.folder / "out.progress" / "0-0.safetensors";
  REQUIRE(std::filesystem::exists(part));
  std::filesystem::resize_file(part, std::filesystem::file_size(part) - 100);
  CHECK(f.run("out", -1).status() == Status::data_truncated);
  CHECK(!std::filesystem::exists(f.folder / "out"));
}
