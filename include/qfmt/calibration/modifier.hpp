// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>

#include <qfmt/calibration/erased_executor.hpp>
#include <qfmt/calibration/model.hpp>

namespace qfmt::calibration {

/// What a modifier works with.
struct Context {
  ModelRef model;
  ErasedExecutor executor;
};

/// The input of linear layers in one batch.
struct InputBatch {
  std::size_t input = 0;  ///< LinearLayer::input
  MatrixView<float const> values;
  std::span<uint8_t const> kept;  ///< as Batch has it
  index_t sequences = 1;
};

/// By numbers of layers.
using Layers = std::span<std::size_t const>;

// The callbacks. Each returns Result<void>; the first error ends what was going on.

template <class M>
concept OnInitialize = requires(M& m, Context const& c) {
  { m.on_initialize(c) } -> std::same_as<Result<void>>;
};
template <class M>
concept OnCalibrationStart = requires(M& m, Context const& c) {
  { m.on_calibration_start(c) } -> std::same_as<Result<void>>;
};
template <class M>
concept OnInput = requires(M& m, Context const& c, InputBatch const& x) {
  { m.on_input(c, x) } -> std::same_as<Result<void>>;
};
template <class M>
concept OnSequentialEpochEnd = requires(M& m, Context const& c, Layers layers) {
  { m.on_sequential_epoch_end(c, layers) } -> std::same_as<Result<void>>;
};
template <class M>
concept OnCalibrationEnd = requires(M& m, Context const& c) {
  { m.on_calibration_end(c) } -> std::same_as<Result<void>>;
};
template <class M>
concept OnFinalize = requires(M& m, Context const& c) {
  { m.on_finalize(c) } -> std::same_as<Result<void>>;
};

/// Something that changes a model while it is calibrated. It has the callbacks it needs, at least
/// one, and no others:
///
///     on_initialize             once, before everything
///     on_calibration_start      before the first batch
///     on_input                  an input of linear layers, in every batch
///     on_sequential_epoch_end   all inputs of these layers have been seen; the layers may change now
///     on_calibration_end        after the last batch
///     on_finalize               once, after everything
///
/// One with on_input needs data, unless needs_data() says that it does not.
template <class M>
concept Modifier = requires {
  { M::name } -> std::convertible_to<char const*>;
}
&&(OnInitialize<M> || OnCalibrationStart<M> || OnInput<M> || OnSequentialEpochEnd<M> ||
   OnCalibrationEnd<M> || OnFinalize<M>);

/// Any modifier. Shared with its maker, who asks it for results afterwards.
class AnyModifier {
 public:
  template <Modifier M>
  explicit AnyModifier(std::shared_ptr<M> modifier)
      : box_{std::make_shared<Box<M>>(std::move(modifier))} {}

  [[nodiscard]] char const* name() const { return box_->name(); }
  [[nodiscard]] bool needs_data() const { return box_->needs_data(); }
  Result<void> on_initialize(Context const& c) const { return box_->on_initialize(c); }
  Result<void> on_calibration_start(Context const& c) const {
    return box_->on_calibration_start(c);
  }
  Result<void> on_input(Context const& c, InputBatch const& x) const {
    return box_->on_input(c, x);
  }
  Result<void> on_sequential_epoch_end(Context const& c, Layers layers) const {
    return box_->on_sequential_epoch_end(c, layers);
  }
  Result<void> on_calibration_end(Context const& c) const { return box_->on_calibration_end(c); }
  Result<void> on_finalize(Context const& c) const { return box_->on_finalize(c); }

 private:
  struct AnyBox {
    virtual ~AnyBox() = default;
    virtual char const* name() const = 0;
    virtual bool needs_data() const = 0;
    virtual Result<void> on_initialize(Context const&) = 0;
    virtual Result<void> on_calibration_start(Context const&) = 0;
    virtual Result<void> on_input(Context const&, InputBatch const&) = 0;
    virtual Result<void> on_sequential_epoch_end(Context const&, Layers) = 0;
    virtual Result<void> on_calibration_end(Context const&) = 0;
    virtual Result<void> on_finalize(Context const&) = 0;
  };

  template <Modifier M>
  struct Box final : AnyBox {
    explicit Box(std::shared_ptr<M> m) : modifier{std::move(m)} {}

    char const* name() const override { return M::name; }
    bool needs_data() const override {
      if constexpr (requires(M const& m) { m.needs_data(); })
        return modifier->needs_data();
      return OnInput<M>;
    }
    Result<void> on_initialize([[maybe_unused]] Context const& c) override {
      if constexpr (OnInitialize<M>)
        return modifier->on_initialize(c);
      return {};
    }
    Result<void> on_calibration_start([[maybe_unused]] Context const& c) override {
      if constexpr (OnCalibrationStart<M>)
        return modifier->on_calibration_start(c);
      return {};
    }
    Result<void> on_input([[maybe_unused]] Context const& c,
                          [[maybe_unused]] InputBatch const& x) override {
      if constexpr (OnInput<M>)
        return modifier->on_input(c, x);
      return {};
    }
    Result<void> on_sequential_epoch_end([[maybe_unused]] Context const& c,
                                         [[maybe_unused]] Layers layers) override {
      if constexpr (OnSequentialEpochEnd<M>)
        return modifier->on_sequential_epoch_end(c, layers);
      return {};
    }
    Result<void> on_calibration_end([[maybe_unused]] Context const& c) override {
      if constexpr (OnCalibrationEnd<M>)
        return modifier->on_calibration_end(c);
      return {};
    }
    Result<void> on_finalize([[maybe_unused]] Context const& c) override {
      if constexpr (OnFinalize<M>)
        return modifier->on_finalize(c);
      return {};
    }

    std::shared_ptr<M> modifier;
  };

  std::shared_ptr<AnyBox> box_;
};

}  // namespace qfmt::calibration
