// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/oneshot/layer_quantizer.hpp>

// Presets by name, compiled. On their own, since they take longer to compile than all the rest.

namespace qfmt::tool {

/// The preset of that name under a profile, or nothing. A file for each profile, since
/// every preset is compiled for three types of weights.
std::optional<oneshot::LayerQuantizer<ThreadPool>> compressed_tensors_quantizer(
    std::string const& preset);
std::optional<oneshot::LayerQuantizer<ThreadPool>> qfmt_quantizer(std::string const& preset);

/// The same with scales found by a search; nothing if there is no such preset, or if the search is
/// for other ones.
std::optional<oneshot::LayerQuantizer<ThreadPool>> search_quantizer(std::string const& preset,
                                                                    std::string const& profile,
                                                                    std::string const& observer);

}  // namespace qfmt::tool
