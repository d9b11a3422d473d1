// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/min_max.hpp>
#include <qfmt/observers/ordered_sum.hpp>
#include <qfmt/observers/power.hpp>
#include <qfmt/observers/search.hpp>
#include <qfmt/scaling/quantize_value.hpp>

namespace qfmt {

/// Which ranges are tried, and how their errors are measured. Candidate i of a tile is its range
/// [min, max] times `expand` times 1 - i / grid.
struct MseOptions {
  int steps = 20;
  double grid = 100.0;
  double expand = 1.0;
  /// The error is the sum of |value - x|^norm.
  double norm = 2.4;
  /// The search ends when this many candidates in a row were better for no tile of the tensor; 0:
  /// never.
  int patience = 0;
  /// Errors in binary32, not in the profile's type.
  bool wide_errors = false;
};

/// The range among those of Options that leaves the smallest error, the first of several. The
/// policy then makes the parameters of that range. Both ends shrink by the same factor.
///
/// Every step is rounded to the profile's type, so that under profile::CompressedTensors it does
/// what llm-compressor does on the CPU; that also tries candidates of two-level scales without the
/// tensor's part and with block scales that are not rounded. Sums are those of ordered_sum.
template <MseOptions Options = MseOptions{}>
class MseSearch : public MinMax {
  static_assert(Options.steps >= 1 && Options.grid >= Options.steps && Options.expand >= 1.0 &&
                Options.norm > 0.0 && Options.norm <= 16.0 && Options.patience >= 0);

 public:
  static constexpr char const* name = "mse";
  static constexpr bool is_patient = Options.patience > 0 && Options.patience < Options.steps;

  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] constexpr TileParams<typename P::Stored> fit(
      std::span<float const> values, std::span<float const> importance,
      typename P::Global global) const noexcept {
    return P::template fit<F, N, T>(best<F, P, N, T>(values, importance), global);
  }

  /// The range that is best.
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] constexpr Range best(std::span<float const> values,
                                     std::span<float const> importance) const noexcept {
    return walk<F, P, N, T>(values, importance).range;
  }

  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] constexpr float reach(std::span<float const> values,
                                      std::span<float const> importance) const noexcept {
    return best<F, P, N, T>(values, importance).amax();
  }
  template <Profile N, Real T>
  [[nodiscard]] static constexpr float reach_bound(float amax) noexcept {
    return scaled<typename N::template Step<T>>({-amax, amax}, Options.expand).max;
  }

  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] constexpr uint64_t gains(std::span<float const> values,
                                         std::span<float const> importance) const noexcept {
    return walk<F, P, N, T>(values, importance).gains;
  }
  [[nodiscard]] static constexpr int ends(uint64_t gains) noexcept {
    int idle = 0;
    for (int i = 0; i < Options.steps; ++i) {
      idle = (gains >> i & 1) != 0 ? 0 : idle + 1;
      if (idle == Options.patience)
        return i + 1;
    }
    return Options.steps;
  }
  constexpr void end_after(int steps) noexcept { steps_ = steps; }
  [[nodiscard]] constexpr int steps() const noexcept { return steps_; }

 private:
  struct Walk {
    Range range;
    uint64_t gains = 0;
  };

  template <Real Step>
  static constexpr Range scaled(Range range, double factor) noexcept {
    auto const f = static_cast<float>(factor);
    return {round_to<Step>(range.min * f), round_to<Step>(range.max * f)};
  }

  /// What a candidate is tried with.
  template <class P, Real Step>
  struct Trial {
    using Policy = P;
  };
  template <Real Step>
  struct Trial<TwoLevel, Step> {
    using Policy = SymmetricScale<Step>;
  };

  template <ElementFormat F, class P, Profile N, Real T>
  constexpr Walk walk(std::span<float const> values,
                      std::span<float const> importance) const noexcept {
    using Step = typename N::template Step<T>;
    MinMax seen;
    seen.observe(values);
    Range const widest = scaled<Step>(seen.range(), Options.expand);

    using Policy = typename Trial<P, Step>::Policy;
    Walk walk{widest};
    float least = largest<Error<Step>>();
    TileParams<typename Policy::Stored> last{};
    for (int i = 0; i < steps_; ++i) {
      Range const range = scaled<Step>(widest, 1.0 - i / Options.grid);
      auto const params = Policy::template fit<F, N, T>(range, {});
      if (i > 0 && params == last)
        continue;  // no better than it was
      last = params;
      float const found =
          error<Error<Step>>(RoundTrip<F, Policy, N, T>{params, {}}, values, importance);
      if (found < least) {
        least = found;
        walk.range = range;
        if constexpr (is_patient)
          walk.gains |= uint64_t{1} << i;
      }
    }
    return walk;
  }

  /// The type of errors.
  template <Real Step>
  using Error = conditional_t<Options.wide_errors, float, Step>;

  template <Real E>
  static constexpr float largest() noexcept {
    if constexpr (same_as<E, float>) {
      return 0x1.fffffep127f;
    } else {
      return max_value<typename E::Format>();
    }
  }

  template <Real E, class RoundTrip>
  static constexpr float error(RoundTrip const& round_trip, std::span<float const> values,
                               std::span<float const> importance) noexcept {
    auto const terms = [&]<std::size_t N>(std::size_t first) {
      std::array<float, N> e{};
      for (std::size_t i = 0; i < N; ++i) {
        float const difference = round_to<E>(round_trip(values[first + i]) - values[first + i]);
        e[i] = difference < 0.0f ? -difference : difference;
      }
      e = raised<E>(e);
      if (!importance.empty())
        for (std::size_t i = 0; i < N; ++i) e[i] = round_to<E>(e[i] * importance[first + i]);
      return e;
    };
    constexpr std::size_t fold = same_as<E, float> ? 1 : 2;
    return round_to<E>(ordered_sum<fold>(values.size(), terms));
  }

  /// Magnitudes to the power of Options.norm.
  template <Real E, std::size_t N>
  static constexpr std::array<float, N> raised(std::array<float, N> const& magnitudes) noexcept {
    if constexpr (Options.norm == 1.0) {
      return magnitudes;
    } else if constexpr (Options.norm == 2.0 || Options.norm == 3.0) {
      std::array<float, N> powers{};
      for (std::size_t i = 0; i < N; ++i) {
        powers[i] = round_to<E>(magnitudes[i] * magnitudes[i]);
        if constexpr (Options.norm == 3.0)
          powers[i] = round_to<E>(powers[i] * magnitudes[i]);
      }
      return powers;
    } else {
      constexpr float norm = round_to<E>(static_cast<float>(Options.norm));
      std::array<float, N> powers = power(magnitudes, norm);
      for (float& x : powers) x = round_to<E>(x);
      return powers;
    }
  }

  static_assert(!is_patient || Options.steps <= 64);

  int steps_ = Options.steps;
};

/// llm-compressor's observer of that name.
struct MemorylessMse : MseSearch<MseOptions{.patience = 5}> {
  static constexpr char const* name = "memoryless_mse";
};

/// llm-compressor's observer of that name: from 1.8 times the range of a block down. A larger block
/// scale puts the largest value of a block at 4 instead of 6, where E2M1 is denser.
struct NVFP4ExpandedMse : MseSearch<MseOptions{.steps = 111, .grid = 200.0, .expand = 1.8}> {
  static constexpr char const* name = "nvfp4_expanded_mse";
};

static_assert(OrderFreeObserver<MseSearch<>>);
static_assert(TileSearch<MseSearch<>> && !PatientSearch<MseSearch<>>);
static_assert(PatientSearch<MemorylessMse> && TileSearch<NVFP4ExpandedMse>);

}  // namespace qfmt
