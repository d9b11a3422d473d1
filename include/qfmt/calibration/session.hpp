// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <qfmt/calibration/events.hpp>
#include <qfmt/calibration/modifier.hpp>

namespace qfmt::calibration {

/// The life of a calibration:
///
///     initialize -> (start -> inputs and sequential epoch ends -> end) once or more -> finalize
///
/// Modifiers are told in the order in which they were given. Anything in another order is
/// wrong_order, and nobody is told. After an error of a modifier, that is all but reset().
class Session {
 public:
  /// Errors: wrong_order unless the session is new or reset; those of the modifiers.
  Result<void> initialize(ModelRef model, std::vector<AnyModifier> modifiers,
                          ErasedExecutor executor = {}) {
    if (stage_ != Stage::fresh)
      return refuse("initialize()");
    context_.emplace(Context{std::move(model), std::move(executor)});
    modifiers_ = std::move(modifiers);
    active_.reset();
    stage_ = Stage::initialized;
    return tell(modifiers_, [&](AnyModifier const& m) { return m.on_initialize(*context_); });
  }

  /// Errors: wrong_order; those of the modifiers.
  Result<void> event(Event const& event) {
    bool const starts = event.kind == EventKind::calibration_epoch_start;
    if (stage_ != (starts ? Stage::initialized : Stage::calibrating))
      return refuse(calibration::name(event.kind));
    switch (event.kind) {
      case EventKind::calibration_epoch_start:
        stage_ = Stage::calibrating;
        return tell(active(), [&](auto const& m) { return m.on_calibration_start(*context_); });
      case EventKind::sequential_epoch_end:
        return tell(active(), [&](auto const& m) {
          return m.on_sequential_epoch_end(*context_, event.layers);
        });
      case EventKind::calibration_epoch_end:
        stage_ = Stage::initialized;
        return tell(active(), [&](auto const& m) { return m.on_calibration_end(*context_); });
    }
    return {};
  }

  /// The input of linear layers. Errors: wrong_order outside of a calibration epoch; those of the
  /// modifiers.
  Result<void> observe(InputBatch const& input) {
    if (stage_ != Stage::calibrating)
      return refuse("an input");
    return tell(active(), [&](auto const& m) { return m.on_input(*context_, input); });
  }

  /// Errors: wrong_order; those of the modifiers.
  Result<void> finalize() {
    if (stage_ != Stage::initialized)
      return refuse("finalize()");
    stage_ = Stage::finalized;
    return tell(modifiers_, [&](AnyModifier const& m) { return m.on_finalize(*context_); });
  }

  /// As new: forgets model and modifiers.
  void reset() { *this = Session{}; }

  /// From now on one modifier alone hears of events and inputs; nothing: all do. For pipelines that
  /// make a pass for each. Errors: wrong_order within a calibration epoch; invalid_argument.
  Result<void> focus(std::optional<std::size_t> modifier) {
    if (stage_ != Stage::initialized)
      return refuse("focus()");
    if (modifier && *modifier >= modifiers_.size())
      return Error{Status::invalid_argument, "got modifier " + std::to_string(*modifier) + " of " +
                                                 std::to_string(modifiers_.size())};
    active_ = modifier;
    return {};
  }

  [[nodiscard]] std::span<AnyModifier const> modifiers() const noexcept { return modifiers_; }
  /// Those that are told of events.
  [[nodiscard]] std::span<AnyModifier const> active() const noexcept {
    std::span<AnyModifier const> const all{modifiers_};
    return active_ ? all.subspan(*active_, 1) : all;
  }
  [[nodiscard]] bool needs_data() const {
    for (AnyModifier const& modifier : active()) {
      if (modifier.needs_data())
        return true;
    }
    return false;
  }
  /// Precondition: initialized.
  [[nodiscard]] ModelRef const& model() const noexcept { return context_->model; }

 private:
  enum class Stage : uint8_t { fresh, initialized, calibrating, finalized, failed };

  [[nodiscard]] Error refuse(std::string const& what) const {
    constexpr char const* now[] = {"before initialize()", "outside of a calibration epoch",
                                   "within a calibration epoch", "after finalize()",
                                   "after an error"};
    return {Status::wrong_order, "got " + what + " " + now[static_cast<std::size_t>(stage_)]};
  }

  template <class Call>
  Result<void> tell(std::span<AnyModifier const> modifiers, Call const& call) {
    for (AnyModifier const& modifier : modifiers) {
      if (auto done = call(modifier); !done) {
        stage_ = Stage::failed;
        return Error{done.status(), std::string{modifier.name()} + ": " + done.error().message};
      }
    }
    return {};
  }

  Stage stage_ = Stage::fresh;
  std::optional<Context> context_;
  std::vector<AnyModifier> modifiers_;
  std::optional<std::size_t> active_;
};

}  // namespace qfmt::calibration
