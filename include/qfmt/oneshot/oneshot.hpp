// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/gptq_modifier.hpp>
#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/oneshot/checkpoint_rewrite.hpp>
#include <qfmt/oneshot/oneshot_scheme.hpp>
#include <qfmt/oneshot/recipe.hpp>

// A model, a recipe and calibration data in; a quantized checkpoint out.

namespace qfmt::oneshot {

struct OneshotJob {
  std::filesystem::path input;   ///< the checkpoint that the model was made from
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  Recipe recipe;
  std::vector<OneshotScheme> schemes;  ///< those that recipes may name
  calibration::PipelineOptions pipeline;
  io::ReadOptions read;
  bool measures_outputs = false;                    ///< as GptqModifierOptions has it
  std::function<void(Progress const&)> on_writing;  ///< may be empty
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
    if (auto found = find_modifier(); !found)
      return found.error();
    if (auto assigned = assign(); !assigned)
      return assigned.error();
    // Whatever can be refused is refused before any work.
    auto assignments = assignments_;
    for (auto& assignment : assignments) assignment.scheme.data_free = nullptr;
    InputScales const no_scales;
    auto const selected =
        LayerPlan<Serial const>::create(*checkpoint, selection_, assignments, no_scales);
    if (!selected)
      return selected.error();
    if (auto matched = match(*selected); !matched)
      return matched.error();
    auto directory = io::AtomicDirectory::create(job_.output);
    if (!directory)
      return directory.error();
    if (auto done = calibrate(batches); !done)
      return done.error();
    if (auto done = write(*checkpoint, *directory); !done)
      return done.error();
    if (auto done = directory->commit(); !done)
      return done.error();
    return std::move(report_);
  }

 private:
  /// The modifier of the recipe. Errors: unsupported for several.
  Result<void> find_modifier() {
    for (RecipeStage const& stage : job_.recipe.stages) {
      for (ModifierRecipe const& modifier : stage.modifiers) {
        if (recipe_ != nullptr)
          return Error{Status::unsupported,
                       "recipe: got two modifiers that quantize, expected one"};
        recipe_ = std::visit(
            [](auto const& m) { return static_cast<QuantizationRecipe const*>(&m); }, modifier);
        gptq_ = std::get_if<GptqRecipe>(&modifier);
      }
    }
    if (recipe_ == nullptr)
      return Error{Status::nothing_to_do, "recipe: got no modifier"};
    if (gptq_ != nullptr && gptq_->actorder == ActivationOrder::group)
      return Error{Status::unsupported,
                   "recipe: got actorder group, expected static, which serves as well and needs no "
                   "column order in the checkpoint"};
    return {};
  }

  [[nodiscard]] std::string known_schemes() const {
    std::string names;
    for (OneshotScheme const& scheme : job_.schemes)
      names += (names.empty() ? "" : ", ") + std::string{scheme.stored.name} +
               (scheme.observer.empty() ? "" : " with " + scheme.observer);
    return names;
  }

  /// The first scheme that a predicate is true for.
  template <class Is>
  Result<std::size_t> find_scheme(std::string const& wanted, Is const& is) const {
    for (std::size_t i = 0; i < job_.schemes.size(); ++i) {
      if (job_.schemes[i].observer == recipe_->weight_observer && is(job_.schemes[i]))
        return i;
    }
    return Error{Status::unknown_scheme,
                 "recipe: got " + wanted +
                     (recipe_->weight_observer.empty() ? "" : " with " + recipe_->weight_observer) +
                     ", expected one of " + known_schemes()};
  }

  Result<void> add(Result<std::size_t> const& scheme, std::vector<std::string> const& targets) {
    if (!scheme)
      return scheme.error();
    auto patterns = parse_patterns(targets);
    if (!patterns)
      return patterns.error();
    assignments_.push_back({job_.schemes[*scheme].stored, *std::move(patterns)});
    scheme_of_assignment_.push_back(*scheme);
    return {};
  }

  /// Which schemes are for which layers.
  Result<void> assign() {
    auto ignore = parse_patterns(recipe_->ignore);
    if (!ignore)
      return ignore.error();
    selection_.ignore = *std::move(ignore);
    if (!recipe_->scheme.empty()) {
      auto const is_named = [&](OneshotScheme const& s) {
        std::string_view const name = s.stored.name;
        return std::equal(name.begin(), name.end(), recipe_->scheme.begin(), recipe_->scheme.end(),
                          [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 32 : b); });
      };
      return add(find_scheme(quoted(recipe_->scheme), is_named), recipe_->targets);
    }
    for (RecipeGroup const& group : recipe_->groups) {
      auto const is_alike = [&](OneshotScheme const& s) {
        auto const described = s.stored.group();
        return described.weights == group.weights &&
               described.input_activations == group.input_activations;
      };
      if (auto done = add(find_scheme("config_groups." + group.name, is_alike), group.targets);
          !done)
        return done;
    }
    return {};
  }

  /// Which layer of the model has which scheme. Errors: config_invalid for a layer of the checkpoint
  /// that the model does not have.
  Result<void> match(LayerPlan<Serial const> const& plan) {
    for (Layer const& layer : plan.layers())
      scheme_of_module_[layer.module] = scheme_of_assignment_[layer.assignment];
    for (auto const& [module, scheme] : scheme_of_module_) {
      auto const is_it = [&, name = module](auto const& l) { return l.name == name; };
      if (std::none_of(model_.layers().begin(), model_.layers().end(), is_it))
        return Error{Status::config_invalid,
                     "layer " + quoted(module) + ": the model has none of this name"};
    }
    return {};
  }

  Result<void> calibrate(std::span<calibration::Batch const> batches) {
    calibration::SchemeOf const scheme_of =
        [this](calibration::LinearLayer const& layer) -> calibration::ErasedScheme const* {
      auto const found = scheme_of_module_.find(layer.name);
      return found == scheme_of_module_.end() ? nullptr : &job_.schemes[found->second].found;
    };
    if (gptq_ == nullptr)
      return calibrate(std::make_shared<calibration::QuantizationModifier>(scheme_of), batches);
    calibration::GptqModifierOptions options;
    options.block_size = gptq_->block_size;
    options.damping = static_cast<float>(gptq_->dampening_frac);
    options.order = gptq_->actorder;
    options.measures_outputs = job_.measures_outputs;
    return calibrate(std::make_shared<calibration::GptqModifier>(scheme_of, options), batches);
  }

  template <class M>
  Result<void> calibrate(std::shared_ptr<M> const& modifier,
                         std::span<calibration::Batch const> batches) {
    calibration::Session session;
    if (auto done = session.initialize(model_, {calibration::AnyModifier{modifier}}, executor_);
        !done)
      return done;
    if (auto done = calibration::run_independent(session, batches, job_.pipeline); !done)
      return done;
    if (auto done = session.finalize(); !done)
      return done;
    finished_ = modifier->finished();
    for (calibration::FinishedLayer const& layer : finished_)
      report_.layers.push_back(layer.report);
    return {};
  }

  [[nodiscard]] calibration::FinishedLayer const* finished(std::string const& module) const {
    for (calibration::FinishedLayer const& layer : finished_) {
      if (layer.report.layer == module)
        return &layer;
    }
    return nullptr;
  }

  [[nodiscard]] std::optional<io::ActivationScale> input_scales(std::string const& module) const {
    calibration::FinishedLayer const* const layer = finished(module);
    if (layer == nullptr || (!layer->input.scale && !layer->input.global_scale))
      return {};
    io::ActivationScale scale;
    if (layer->input.scale)
      scale.scales = {*layer->input.scale};
    scale.global_scale = layer->input.global_scale;
    return scale;
  }

  Result<void> write(io::Checkpoint const& checkpoint, io::AtomicDirectory& directory) {
    InputScales const scales = [this](std::string const& module) { return input_scales(module); };
    auto const plan = LayerPlan<Serial const>::create(checkpoint, selection_, assignments_, scales);
    if (!plan)
      return plan.error();
    report_.warnings = checkpoint.warnings();
    report_.warnings.insert(report_.warnings.end(), plan->warnings().begin(),
                            plan->warnings().end());
    Rewrite rewrite;
    rewrite.parts =
        [&](io::TensorInfo const& tensor) -> std::optional<std::vector<io::LayerTensor>> {
      Layer const* const layer = plan->find_layer(tensor.name);
      if (layer == nullptr)
        return {};
      auto parts = plan->parts_of(*layer);
      for (io::LayerTensor& part : parts) part.suffix = layer->module + "." + part.suffix;
      return parts;
    };
    rewrite.write = [&](io::TensorInfo const& tensor, io::SafetensorsWriter& writer) {
      return write_layer(*plan, *plan->find_layer(tensor.name), writer);
    };
    nlohmann::json config =
        checkpoint.config().is_object() ? checkpoint.config() : nlohmann::json::object();
    auto quantization = plan->quantization_config();
    for (io::ConfigGroup& group : quantization.groups) {
      if (gptq_ != nullptr && gptq_->actorder == ActivationOrder::weight &&
          group.weights->group_size)
        group.weights->actorder = "static";
    }
    config["quantization_config"] = to_json(quantization);
    uint64_t total = 0;
    for (io::TensorInfo const& tensor : checkpoint.tensors()) total += tensor.bytes();
    Meter meter{job_.on_writing, "write", total};
    auto const written = rewrite_checkpoint(checkpoint, directory, rewrite, config, meter);
    if (!written)
      return written.error();
    report_.output_bytes = *written;
    return directory.write_file("recipe.yaml", job_.recipe.to_json());
  }

  Result<void> write_layer(LayerPlan<Serial const> const& plan, Layer const& layer,
                           io::SafetensorsWriter& writer) const {
    calibration::FinishedLayer const* const done = finished(layer.module);
    if (done == nullptr)
      return Error{Status::wrong_order,
                   "layer " + quoted(layer.module) + ": the model has not come to it"};
    auto bytes = job_.schemes[scheme_of_module_.at(layer.module)].bytes(*done->quantized.weight);
    if (!bytes)
      return Error{bytes.status(), "layer " + quoted(layer.module) + ": " + bytes.error().message};
    for (io::StoredTensor const& input : plan.inputs_of(layer)) bytes->push_back(input.bytes);
    auto const parts = plan.parts_of(layer);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (auto written = writer.write(layer.module + "." + parts[i].suffix, (*bytes)[i]); !written)
        return written;
    }
    return {};
  }

  OneshotJob const& job_;
  calibration::ModelRef model_;
  calibration::ErasedExecutor executor_;
  QuantizationRecipe const* recipe_ = nullptr;
  GptqRecipe const* gptq_ = nullptr;  // the same, if it is one
  LayerSelection selection_;
  std::vector<Assignment<Serial const>> assignments_;
  std::vector<std::size_t> scheme_of_assignment_;
  std::map<std::string, std::size_t> scheme_of_module_;
  std::vector<calibration::FinishedLayer> finished_;
  OneshotReport report_;
};

}  // namespace detail

/// Calibrates a model by a recipe and writes it as a compressed-tensors checkpoint: initialize, a
/// pass for each modifier, finalize, then every tensor of the input, with what has become of its
/// layers; the recipe comes with it, as recipe.yaml, with the values that were used. Batches may be
/// empty if no modifier needs any.
///
/// The bytes of the output do not depend on the executor. The model keeps the quantized weights.
///
/// Errors: those of LayerPlan, sessions, pipelines, modifiers, and writing; unknown_scheme, naming the
/// schemes of the job; unsupported; config_invalid for a layer that the model does not have. On any
/// error nothing is left behind.
template <calibration::CalibrationModel M, Executor E>
[[nodiscard]] Result<OneshotReport> oneshot(M& model, OneshotJob const& job,
                                            std::span<calibration::Batch const> batches,
                                            E& executor) {
  return detail::Oneshot{job, calibration::ModelRef{model}, calibration::ErasedExecutor{executor}}
      .run(batches);
}

}  // namespace qfmt::oneshot
