// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/session.hpp>

#include "calibration/mlp_model.hpp"
#include "calibration/recorder.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MlpModel;
using test::Recorder;

namespace {

constexpr Event start{EventKind::calibration_epoch_start};
constexpr Event sequential_end{EventKind::sequential_epoch_end};
constexpr Event end{EventKind::calibration_epoch_end};

struct Fixture {
  MlpModel model;
  std::shared_ptr<Recorder> a = std::make_shared<Recorder>();
  std::shared_ptr<Recorder> b = std::make_shared<Recorder>();
  Session session;

  Result<void> initialize() {
    return session.initialize(ModelRef{model}, {AnyModifier{a}, AnyModifier{b}});
  }
};

/// Does steps of a session by their letters; the status of the last.
Status walk(Fixture& f, std::string const& steps) {
  std::vector<float> const x(64);
  Result<void> done;
  for (char const step : steps) {
    switch (step) {
      case 'I':
        done = f.initialize();
        break;
      case '<':
        done = f.session.event(start);
        break;
      case 'x':
        done = f.session.observe({0, {x.data(), {1, 64}}, {}, 1});
        break;
      case '|':
        done = f.session.event(sequential_end);
        break;
      case '>':
        done = f.session.event(end);
        break;
      case 'F':
        done = f.session.finalize();
        break;
      case 'R':
        f.session.reset();
        done = {};
        break;
      default:
        FAIL("no such step");
    }
  }
  return done.status();
}

}  // namespace

TEST_CASE("a session in its order tells every modifier") {
  Fixture f;
  CHECK(walk(f, "I<xx||><|>F") == Status::ok);
  CHECK(f.a->seen == "I<00[][]><[]>F");
  CHECK(f.b->seen == f.a->seen);
}

TEST_CASE("any other order is refused, and nobody is told") {
  for (std::string const steps :
       {"<",   "x",    "|",    ">",    "F",   "II",  "Ix",  "I|",  "I>",  "I<<", "I<I",
        "I<F", "I<>x", "I<>|", "I<>>", "IFF", "IF<", "IFx", "IFI", "IR<", "IFR|"}) {
    CAPTURE(steps);
    Fixture f;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i)
      REQUIRE(walk(f, steps.substr(i, 1)) == Status::ok);
    std::string const before = f.a->seen;
    CHECK(walk(f, steps.substr(steps.size() - 1)) == Status::wrong_order);
    CHECK(f.a->seen == before);
  }
}

TEST_CASE("a session that is reset is new") {
  Fixture f;
  CHECK(walk(f, "I<xRI<|>FRI") == Status::ok);
  CHECK(f.a->seen == "I<0I<[]>FI");
}

TEST_CASE("an error names the modifier, and those after it are not told") {
  Fixture f;
  f.a->fails_at = "<";
  REQUIRE(f.initialize());
  auto const done = f.session.event(start);
  CHECK(done.error().to_string() == "unsupported: recorder: asked to");
  CHECK(f.b->seen == "I");
  for (std::string const step : {"I", "<", "x", "|", ">", "F"})
    CHECK(walk(f, step) == Status::wrong_order);
  CHECK(f.b->seen == "I");
  f.a->fails_at.clear();
  CHECK(walk(f, "RI<") == Status::ok);
}

TEST_CASE("one modifier alone") {
  Fixture f;
  f.b->needs = false;
  REQUIRE(f.initialize());
  CHECK(f.session.needs_data());
  REQUIRE(f.session.focus(1));
  CHECK(!f.session.needs_data());
  CHECK(walk(f, "<x>") == Status::ok);
  CHECK(f.a->seen == "I");
  CHECK(f.b->seen == "I<0>");
  CHECK(f.session.focus(2).status() == Status::invalid_argument);
  CHECK(walk(f, "<") == Status::ok);
  CHECK(f.session.focus({}).status() == Status::wrong_order);
  CHECK(walk(f, ">") == Status::ok);
  REQUIRE(f.session.focus({}));
  CHECK(walk(f, "F") == Status::ok);
  CHECK(f.a->seen == "IF");
}
