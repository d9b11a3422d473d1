// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/oneshot/calibrated_checkpoint.hpp>
#include <qfmt/oneshot/pass_journal.hpp>

// A model, a recipe and calibration data in; a quantized checkpoint out.

namespace qfmt::oneshot {

/// What oneshot() is to do, beside the model and the data.
struct OneshotJob {
  std::filesystem::path input;   ///< the checkpoint that the model was made from
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  Recipe recipe;
  std::vector<OneshotScheme> schemes;  ///< those that recipes may name
  calibration::PipelineOptions pipeline;
  io::ReadOptions read;
  bool measures_outputs = false;                    ///< as GptqModifierOptions has it
  std::function<void(Progress const&)> on_writing;  ///< may be empty
  /// A folder that keeps what is finished, so that a run that was stopped goes on behind it; empty: a
  /// run begins anew. It is removed in the end, and stays after an error. It takes the packed layers, and
  /// four bytes for each of their weights.
  std::filesystem::path progress;
};

struct OneshotReport {
  std::vector<calibration::LayerReport> layers;  ///< in the order in which they were done
  uint64_t output_bytes = 0;                     ///< all tensors of the output
  std::vector<std::string> warnings;
};

namespace detail {

class Oneshot {
 public:
  Oneshot(OneshotJob const& job, calibration::ModelRef model, calibration::ErasedExecutor executor)
      : job_{job}, model_{std::move(model)}, executor_{std::move(executor)} {}

  Result<OneshotReport> run(std::span<calibration::Batch const> batches) {
    auto const checkpoint = io::Checkpoint::open(job_.input, job_.read);
    if (!checkpoint)
      return checkpoint.error();
    // Whatever can be refused is refused before any work.
    auto const order = recipe_order(job_.recipe);
    if (!order)
      return order.error();
    order_ = *order;
    auto selected = SchemeSelection::create(order_.quantization(), job_.schemes);
    if (!selected)
      return selected.error();
    schemes_ = std::make_unique<SchemeSelection>(*std::move(selected));
    if (auto matched = schemes_->match(*checkpoint, model_); !matched)
      return matched.error();
    auto directory = io::AtomicDirectory::create(job_.output);
    if (!directory)
      return directory.error();
    if (!job_.progress.empty()) {
      auto folder = ProgressFolder::open(job_.progress, description(*checkpoint, batches));
      if (!folder)
        return folder.error();
      folder_ = *std::move(folder);
    }
    if (auto done = calibrate(batches); !done)
      return done.error();
    CalibratedCheckpoint output{*checkpoint, model_,        *schemes_,      order_,
                                finished_,   cache_scales_, job_.on_writing};
    auto const written = output.write(*directory);
    if (!written)
      return written.error();
    report_.output_bytes = *written;
    report_.warnings = output.warnings();
    if (auto done = directory->write_file("recipe.yaml", job_.recipe.to_json()); !done)
      return done.error();
    if (auto done = directory->commit(); !done)
      return done.error();
    if (folder_)
      folder_->remove();
    return std::move(report_);
  }

 private:
  /// Whatever the output depends on: the library, the recipe, the schemes, the files of the model, the
  /// data, the options.
  [[nodiscard]] std::string description(io::Checkpoint const& checkpoint,
                                        std::span<calibration::Batch const> batches) const {
    std::string text = "qfmt oneshot 1 " + std::to_string(QFMT_VERSION) + "\n";
    text += job_.recipe.to_json();
    for (OneshotScheme const& scheme : job_.schemes)
      text += std::string{scheme.found.name} + " " + scheme.observer + "\n";
    text += job_.pipeline.propagate_error ? "propagate\n" : "";
    text += job_.measures_outputs ? "errors\n" : "";
    for (std::string const& shard : checkpoint.shards()) {
      std::error_code error;
      auto const file = std::filesystem::is_directory(checkpoint.path(), error)
                            ? checkpoint.path() / shard
                            : checkpoint.path();
      auto const time = std::filesystem::last_write_time(file, error).time_since_epoch().count();
      text += shard + " " + std::to_string(std::filesystem::file_size(file, error)) + " " +
              std::to_string(time) + "\n";
    }
    for (calibration::Batch const& batch : batches) {
      text += std::to_string(batch.sequences);
      for (auto const& [name, values] : batch.inputs) {
        auto const bytes = std::as_bytes(std::span{values->values});
        text += " " + name + " " + std::to_string(values->shape.rows) + " " +
                io::sha256({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
      }
      text +=
          " " + io::sha256({reinterpret_cast<char const*>(batch.kept.data()), batch.kept.size()});
      text += "\n";
    }
    return text;
  }

  Result<void> calibrate(std::span<calibration::Batch const> batches) {
    if (order_.gptq() == nullptr)
      return calibrate(std::make_shared<calibration::QuantizationModifier>(schemes_->scheme_of()),
                       batches);
    GptqRecipe const& gptq = *order_.gptq();
    calibration::GptqModifierOptions options;
    options.block_size = gptq.block_size;
    options.damping = static_cast<float>(gptq.dampening_frac);
    options.order = gptq.actorder;
    options.measures_outputs = job_.measures_outputs;
    return calibrate(std::make_shared<calibration::GptqModifier>(schemes_->scheme_of(), options),
                     batches);
  }

  /// A pass for each modifier: sequential where it needs data, else data-free.
  template <class M>
  Result<void> calibrate(std::shared_ptr<M> const& last,
                         std::span<calibration::Batch const> batches) {
    std::vector<calibration::AnyModifier> modifiers;
    for (ModifierRecipe const* const transform : order_.transforms) {
      auto modifier = make_transform(*transform, schemes_->scheme_of());
      if (!modifier)
        return modifier.error();
      modifiers.push_back(*std::move(modifier));
    }
    std::size_t const quantizing = modifiers.size();
    modifiers.emplace_back(last);
    auto const caches = std::make_shared<calibration::KvCacheModifier>();
    if (order_.quantization().kv_cache_scheme)
      modifiers.emplace_back(caches);
    std::size_t const count = modifiers.size();
    calibration::Session session;
    if (auto done = session.initialize(model_, std::move(modifiers), executor_); !done)
      return done;
    auto const collect = [&] { return finished_.take(last->finished(), *schemes_); };
    for (std::size_t pass = 0; pass < count; ++pass) {
      bool const quantizes = pass == quantizing;
      if (auto done = session.focus(pass); !done)
        return done;
      calibration::PipelineOptions options = job_.pipeline;
      // All others leave the outputs of a subgraph as they are: one pass through it is enough.
      options.propagate_error = options.propagate_error && quantizes;
      std::optional<PassJournal> journal;
      if (folder_ && pass <= quantizing) {
        journal.emplace(*folder_, std::to_string(pass), model_,
                        quantizes ? std::optional{PassJournal::Quantizing{
                                        &finished_, schemes_.get(), M::name, collect}}
                                  : std::nullopt);
        options.journal = &*journal;
      }
      auto done = session.needs_data() ? calibration::run_sequential(session, batches, options)
                                       : calibration::run_data_free(session);
      if (!done)
        return done;
    }
    if (auto done = session.focus({}); !done)
      return done;
    if (auto done = session.finalize(); !done)
      return done;
    if (auto done = collect(); !done)
      return done;
    for (StoredLayer const& layer : finished_.layers()) report_.layers.push_back(layer.report);
    if (order_.quantization().kv_cache_scheme)
      cache_scales_ = caches->scales(model_);
    return {};
  }

  OneshotJob const& job_;
  calibration::ModelRef model_;
  calibration::ErasedExecutor executor_;
  RecipeOrder order_;
  std::unique_ptr<SchemeSelection> schemes_;  // modifiers refer to it
  std::optional<ProgressFolder> folder_;
  FinishedLayers finished_;
  std::vector<calibration::KvCacheModifier::Scales> cache_scales_;
  OneshotReport report_;
};

}  // namespace detail

/// Calibrates a model by a recipe and writes it as a compressed-tensors checkpoint: initialize, a
/// pass for each modifier, finalize, then every tensor of the input, with what has become of its
/// layers and of what transforms have changed; the recipe comes with it, as recipe.yaml, with the
/// values that were used. Batches may be empty if no modifier needs any.
///
/// The bytes of the output do not depend on the executor, nor on how often the job was stopped and
/// began again (OneshotJob::progress). The model keeps the quantized weights.
///
/// Errors: those of LayerPlan, sessions, pipelines, modifiers, and writing; unknown_scheme, naming the
/// schemes of the job; unsupported; config_invalid for a layer that the model does not have, or the
/// progress of another job. On any error no output is left behind.
[[nodiscard]] inline Result<OneshotReport> oneshot(calibration::ModelRef model,
                                                   OneshotJob const& job,
                                                   std::span<calibration::Batch const> batches,
                                                   calibration::ErasedExecutor executor) {
  return detail::Oneshot{job, std::move(model), std::move(executor)}.run(batches);
}

/// The same with a model and an executor as they are.
template <calibration::CalibrationModel M, Executor E>
[[nodiscard]] Result<OneshotReport> oneshot(M& model, OneshotJob const& job,
                                            std::span<calibration::Batch const> batches,
                                            E& executor) {
  return oneshot(calibration::ModelRef{model}, job, batches, calibration::ErasedExecutor{executor});
}

}  // namespace qfmt::oneshot
