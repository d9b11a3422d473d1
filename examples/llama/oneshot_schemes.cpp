// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/observers/imatrix.hpp>
#include <qfmt/observers/scale_sweep.hpp>

#include "oneshot.hpp"

namespace llama {

using namespace qfmt;

namespace {

/// W4A16 in groups of 32, which has no published name: recipes describe it in config_groups.
struct W4A16_G32 : preset::Layer<QuantScheme<INT4, PerGroup<32>>> {
  static constexpr char const* name = "W4A16_G32";
};

}  // namespace

std::vector<oneshot::OneshotScheme> oneshot_schemes() {
  using N = profile::CompressedTensors;
  using Presets =
      TypeList<preset::W3A16, preset::W4A16, preset::W8A8, preset::FP8, preset::FP8_DYNAMIC,
               preset::NVFP4A16, preset::NVFP4, preset::MXFP4A16, preset::MXFP4>;
  auto schemes = oneshot::oneshot_schemes<Presets, N>();
  schemes.push_back(oneshot::oneshot_scheme<W4A16_G32, N>());
  schemes.push_back(oneshot::oneshot_scheme<preset::W4A16, N, ImatrixMse>());
  schemes.push_back(oneshot::oneshot_scheme<preset::NVFP4A16, N, ScaleSweep<>>());
  schemes.push_back(oneshot::oneshot_scheme<preset::NVFP4, N, ScaleSweep<>>());
  return schemes;
}

}  // namespace llama
