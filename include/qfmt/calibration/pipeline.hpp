// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/calibration/activation_cache.hpp>
#include <qfmt/calibration/session.hpp>

// In which order the parts of a model see the batches, and when modifiers are told. Names and
// behaviour are those of llm-compressor's pipelines.

namespace qfmt::calibration {

/// How far a pipeline is.
struct PipelineProgress {
  std::size_t subgraph = 0;  ///< done so far
  std::size_t subgraphs = 0;
};

/// Keeps what has become of the subgraphs of a pass, so that a run that was stopped goes on behind the
/// last one that it had finished.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Whether an earlier run has finished this subgraph.
  [[nodiscard]] virtual bool has(std::size_t subgraph) const = 0;
  /// Changes the model as the earlier run did.
  virtual Result<void> restore(std::size_t subgraph) = 0;
  /// Called when the layers of a subgraph have been changed.
  virtual Result<void> save(std::size_t subgraph) = 0;
};

/// How data pass through a model in parts; see run_sequential.
struct PipelineOptions {
  /// Later parts of the model see what the quantized earlier parts give; else, what the original
  /// ones do, which saves the second pass.
  bool propagate_error = true;
  uint64_t cache_budget = ActivationCache::no_budget;  ///< bytes
  Spill* spill = nullptr;
  std::function<void(PipelineProgress const&)> progress;  ///< may be empty
  Journal* journal = nullptr;  ///< of a sequential pass; null: a run that was stopped begins anew
};

namespace detail {

inline std::vector<std::size_t> layers_of(ModelRef const& model,
                                          std::optional<std::size_t> subgraph) {
  std::vector<std::size_t> layers;
  for (std::size_t i = 0; i < model.layers().size(); ++i) {
    if (!subgraph || model.layers()[i].subgraph == *subgraph)
      layers.push_back(i);
  }
  return layers;
}

/// At least one token must count.
inline Result<void> check_batches(std::span<Batch const> batches) {
  for (Batch const& batch : batches) {
    if (batch.kept.empty() ||
        std::any_of(batch.kept.begin(), batch.kept.end(), [](uint8_t k) { return k != 0; }))
      return {};
  }
  return Error{Status::calibration_empty,
               "got " + std::to_string(batches.size()) +
                   " batches without any token that counts, expected at least one"};
}

/// Names subgraph and batch of an error.
inline Result<Activations> in_batch(std::size_t subgraph, std::size_t number,
                                    Result<Activations> outputs) {
  if (outputs)
    return outputs;
  return Error{outputs.status(), "subgraph " + std::to_string(subgraph) + ", batch " +
                                     std::to_string(number) + ": " + outputs.error().message};
}

/// Runs a part of the model on a batch; its inputs are told to the session.
inline Result<Activations> watched(Session& session, std::size_t subgraph, std::size_t number,
                                   Batch const& batch, Activations const& inputs) {
  return in_batch(
      subgraph, number,
      session.model().forward(subgraph, inputs, [&](std::size_t input, MatrixView<float const> x) {
        return session.observe({input, x, batch.kept, batch.sequences});
      }));
}

}  // namespace detail

/// No data: the three events, and that is all. Errors: needs_calibration if a modifier needs data;
/// those of the session.
inline Result<void> run_data_free(Session& session) {
  for (AnyModifier const& modifier : session.active()) {
    if (modifier.needs_data())
      return Error{Status::needs_calibration,
                   std::string{modifier.name()} + ": got no batches, expected calibration data"};
  }
  auto const layers = detail::layers_of(session.model(), {});
  if (auto done = session.event({EventKind::calibration_epoch_start}); !done)
    return done;
  if (auto done = session.event({EventKind::sequential_epoch_end, layers}); !done)
    return done;
  return session.event({EventKind::calibration_epoch_end});
}

/// Every batch through the whole model, then all layers at once.
///
/// Errors: calibration_empty; those of the model and of the session.
inline Result<void> run_basic(Session& session, std::span<Batch const> batches) {
  if (auto some = detail::check_batches(batches); !some)
    return some;
  if (auto done = session.event({EventKind::calibration_epoch_start}); !done)
    return done;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    Activations flow = batches[b].inputs;
    for (std::size_t s = 0; s < session.model().subgraphs(); ++s) {
      auto outputs = detail::watched(session, s, b, batches[b], flow);
      if (!outputs)
        return outputs.error();
      flow = *std::move(outputs);
    }
  }
  auto const layers = detail::layers_of(session.model(), {});
  if (auto done = session.event({EventKind::sequential_epoch_end, layers}); !done)
    return done;
  return session.event({EventKind::calibration_epoch_end});
}

/// Part by part: all batches through one subgraph, then its layers are changed, then all batches
/// through the changed subgraph make the inputs of the next one. In memory there are the activations
/// between two subgraphs, and what modifiers hold of one.
///
/// Errors: calibration_empty; those of the model, the session and the cache.
inline Result<void> run_sequential(Session& session, std::span<Batch const> batches,
                                   PipelineOptions const& options = {}) {
  if (auto some = detail::check_batches(batches); !some)
    return some;
  ModelRef const& model = session.model();
  ActivationCache cache{options.cache_budget, options.spill};
  for (std::size_t b = 0; b < batches.size(); ++b) {
    if (auto stored = cache.store(b, batches[b].inputs); !stored)
      return stored;
  }
  if (auto done = session.event({EventKind::calibration_epoch_start}); !done)
    return done;
  for (std::size_t s = 0; s < model.subgraphs(); ++s) {
    bool const is_known = options.journal != nullptr && options.journal->has(s);
    bool const is_last = s + 1 == model.subgraphs();
    bool const passes_on_changed = options.propagate_error && !is_last;
    bool const passes_on_original = !options.propagate_error && !is_last;
    for (std::size_t b = 0; b < batches.size() && (!is_known || passes_on_original); ++b) {
      auto const inputs = cache.fetch(b);
      if (!inputs)
        return inputs.error();
      auto outputs = is_known ? detail::in_batch(s, b, model.forward(s, *inputs))
                              : detail::watched(session, s, b, batches[b], *inputs);
      if (!outputs)
        return outputs.error();
      if (!passes_on_original)
        continue;
      if (auto stored = cache.store(b, *outputs); !stored)
        return stored;
    }
    Result<void> changed;
    if (is_known) {
      changed = options.journal->restore(s);
    } else {
      auto const layers = detail::layers_of(model, s);
      changed = session.event({EventKind::sequential_epoch_end, layers});
      if (changed && options.journal != nullptr)
        changed = options.journal->save(s);
    }
    if (!changed)
      return changed;
    for (std::size_t b = 0; b < batches.size() && passes_on_changed; ++b) {
      auto const inputs = cache.fetch(b);
      if (!inputs)
        return inputs.error();
      auto outputs = detail::in_batch(s, b, model.forward(s, *inputs));
      if (!outputs)
        return outputs.error();
      if (auto stored = cache.store(b, *outputs); !stored)
        return stored;
    }
    if (options.progress)
      options.progress({s + 1, model.subgraphs()});
  }
  return session.event({EventKind::calibration_epoch_end});
}

/// A pass for each modifier, in their order: sequential where it needs data, else data-free.
inline Result<void> run_independent(Session& session, std::span<Batch const> batches,
                                    PipelineOptions const& options = {}) {
  for (std::size_t i = 0; i < session.modifiers().size(); ++i) {
    if (auto done = session.focus(i); !done)
      return done;
    auto done =
        session.needs_data() ? run_sequential(session, batches, options) : run_data_free(session);
    if (!done)
      return done;
  }
  return session.focus({});
}

}  // namespace qfmt::calibration
