// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/observers/scale_sweep.hpp>

#include "oneshot/oneshot_models.hpp"

// A part of test::schemes() in a file of its own: every scheme is compiled for three types of weights.

namespace qfmt::test {

std::vector<oneshot::OneshotScheme> nvfp4_schemes() {
  using N = profile::CompressedTensors;
  return {oneshot::oneshot_scheme<preset::NVFP4, N>(),
          oneshot::oneshot_scheme<preset::NVFP4, N, ScaleSweep<>>()};
}

}  // namespace qfmt::test
