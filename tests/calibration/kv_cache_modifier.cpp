// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/kv_cache_modifier.hpp>
#include <qfmt/calibration/pipeline.hpp>

#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;

namespace {

/// A model that keeps its input as keys, and half of it as values; a second module sees nothing.
struct CachingModel : test::MlpModel {
  CachingModel() : test::MlpModel{1} {}
  std::vector<KvCache> kv_caches() const {
    return {{"attention.0", 70, 71}, {"attention.1", 72, 73}};
  }
  Result<Activations> forward(std::size_t block, Activations const& inputs, InputHook const& hook) {
    Activation half = *inputs.at("x");
    for (float& x : half.values) x /= 2;
    if (hook) {
      if (auto done = hook(70, inputs.at("x")->view()); !done)
        return done.error();
      if (auto done = hook(71, half.view()); !done)
        return done.error();
    }
    return test::MlpModel::forward(block, inputs, hook);
  }
};

Batch batch_of(std::vector<float> values, std::vector<uint8_t> kept) {
  values.resize(64 * kept.size(), 0.0f);
  auto x = std::make_shared<Activation>(
      Activation{{static_cast<index_t>(kept.size()), 64}, std::move(values)});
  return {{{"x", x}}, std::move(kept), 1};
}

template <class M>
Result<void> run(M& model, std::vector<Batch> const& data,
                 std::shared_ptr<KvCacheModifier> const& modifier) {
  Session session;
  auto done = session.initialize(ModelRef{model}, {AnyModifier{modifier}});
  return done ? run_sequential(session, data) : done;
}

}  // namespace

TEST_CASE("scales cover all batches, and no padding") {
  CachingModel model;
  auto const modifier = std::make_shared<KvCacheModifier>();
  std::vector<float> padded(64, 1.0f);
  padded.push_back(5000.0f);
  REQUIRE(run(model,
              {batch_of({-448.0f}, {1}), batch_of({3.0f, 224.0f}, {1}), batch_of(padded, {1, 0})},
              modifier));
  auto const scales = modifier->scales(ModelRef{model});
  REQUIRE(scales.size() == 2);
  CHECK(scales[0].module == "attention.0");
  CHECK(scales[0].keys == 1.0f);
  CHECK(scales[0].values == 0.5f);
  CHECK(scales[1].keys == 1.0f);  // of no token
}

TEST_CASE("what cannot be calibrated is named") {
  CachingModel model;
  auto const done =
      run(model, {batch_of({1.0f, __builtin_nanf("")}, {1})}, std::make_shared<KvCacheModifier>());
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find("keys or values: row 0, column 1") != std::string::npos);
  test::MlpModel without;
  CHECK(run(without, {batch_of({1.0f}, {1})}, std::make_shared<KvCacheModifier>()).status() ==
        Status::unsupported);
}
