// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <limits>
#include <span>
#include <unordered_map>

#include <qfmt/calibration/model.hpp>

namespace qfmt::calibration {

/// Where activations go that do not fit into memory.
class Spill {
 public:
  virtual ~Spill() = default;
  /// Keeps these bytes, and gives a number to ask for them.
  virtual Result<uint64_t> write(std::span<std::byte const> bytes) = 0;
  virtual Result<void> read(uint64_t number, std::span<std::byte> into) = 0;
  virtual void drop(uint64_t number) = 0;
};

/// The activations of every batch between two parts of a model, by name. One that is equal to
/// another, bit for bit, is stored once (masks, positions, rotary tables).
///
/// What would exceed the budget is spilled as it comes. Batches are walked in the same order again
/// and again, so what has just come is what is needed last.
class ActivationCache {
 public:
  static constexpr uint64_t no_budget = (std::numeric_limits<uint64_t>::max)();

  /// The spill, which somebody else owns, outlives the cache; null: the budget is a limit.
  explicit ActivationCache(uint64_t budget = no_budget, Spill* spill = nullptr)
      : state_{std::make_shared<State>(State{budget, spill})} {}

  /// Replaces all that is stored of a batch.
  ///
  /// Errors: out_of_memory, naming batch and activation, beyond the budget without a spill; those of
  /// the spill. The batch is then gone.
  Result<void> store(std::size_t batch, Activations const& activations) {
    erase(batch);
    auto& names = batches_[batch];
    for (auto const& [name, activation] : activations) {
      auto slot = slot_for(activation);
      if (!slot) {
        erase(batch);
        return Error{slot.status(), "batch " + std::to_string(batch) + ": activation " +
                                        quoted(name) + ": " + slot.error().message};
      }
      names[name] = *std::move(slot);
    }
    return {};
  }

  /// Errors: invalid_argument for a batch that is not there; those of the spill.
  [[nodiscard]] Result<Activations> fetch(std::size_t batch) const {
    auto const found = batches_.find(batch);
    if (found == batches_.end())
      return Error{Status::invalid_argument, "got no batch " + std::to_string(batch)};
    Activations activations;
    for (auto const& [name, slot] : found->second) {
      if (slot->resident) {
        activations[name] = slot->resident;
        continue;
      }
      auto read = std::make_shared<Activation>();
      read->shape = slot->shape;
      read->values.resize(static_cast<std::size_t>(slot->shape.size()));
      if (auto done =
              state_->spill->read(slot->number, std::as_writable_bytes(std::span{read->values}));
          !done)
        return Error{done.status(), "batch " + std::to_string(batch) + ": activation " +
                                        quoted(name) + ": " + done.error().message};
      activations[name] = std::move(read);
    }
    return activations;
  }

  void erase(std::size_t batch) { batches_.erase(batch); }

  [[nodiscard]] std::size_t size() const noexcept { return batches_.size(); }
  /// In memory; what is stored once counts once.
  [[nodiscard]] uint64_t resident_bytes() const noexcept { return state_->resident; }
  [[nodiscard]] uint64_t spilled_bytes() const noexcept { return state_->spilled; }

 private:
  struct State {
    uint64_t budget;
    Spill* spill;
    uint64_t resident = 0;
    uint64_t spilled = 0;
  };

  /// One activation, in memory or spilled, until the last batch that has it is erased.
  struct Slot {
    Slot(std::shared_ptr<State> s, Shape sh) : state{std::move(s)}, shape{sh} {}
    Slot(Slot const&) = delete;
    Slot& operator=(Slot const&) = delete;
    ~Slot() {
      if (resident) {
        state->resident -= bytes();
      } else if (is_spilled) {
        state->spilled -= bytes();
        state->spill->drop(number);
      }
    }
    [[nodiscard]] uint64_t bytes() const noexcept {
      return static_cast<uint64_t>(shape.size()) * sizeof(float);
    }

    std::shared_ptr<State> state;
    Shape shape;
    std::shared_ptr<Activation const> resident;
    bool is_spilled = false;
    uint64_t number = 0;
  };

  static uint64_t hash(Activation const& activation) noexcept {
    uint64_t h = static_cast<uint64_t>(activation.shape.cols) + 0x9E3779B97F4A7C15u;
    for (float const value : activation.values) {
      uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      h = (h ^ bits) * 0x100000001B3u;
      h ^= h >> 29;
    }
    return h;
  }

  static bool is_same(Activation const& a, Activation const& b) noexcept {
    return a.shape == b.shape && a.values.size() == b.values.size() &&
           std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0;
  }

  Result<std::shared_ptr<Slot>> slot_for(std::shared_ptr<Activation const> const& activation) {
    auto& known = slots_[hash(*activation)];
    if (auto const slot = known.lock();
        slot && slot->resident && is_same(*slot->resident, *activation))
      return slot;
    auto slot = std::make_shared<Slot>(state_, activation->shape);
    if (slot->bytes() <= state_->budget - (std::min)(state_->budget, state_->resident)) {
      slot->resident = activation;
      state_->resident += slot->bytes();
      known = slot;
      return slot;
    }
    if (state_->spill == nullptr)
      return Error{Status::out_of_memory, "got " + std::to_string(slot->bytes()) +
                                              " bytes beside " + std::to_string(state_->resident) +
                                              ", expected at most " +
                                              std::to_string(state_->budget) + " in all"};
    auto number = state_->spill->write(std::as_bytes(std::span{activation->values}));
    if (!number)
      return number.error();
    slot->number = *number;
    slot->is_spilled = true;
    state_->spilled += slot->bytes();
    return slot;
  }

  std::shared_ptr<State> state_;
  std::unordered_map<uint64_t, std::weak_ptr<Slot>> slots_;  // by hash, those in memory
  std::map<std::size_t, std::map<std::string, std::shared_ptr<Slot>>> batches_;
};

}  // namespace qfmt::calibration
