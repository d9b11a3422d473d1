// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <unistd.h>

#include "commands.hpp"

namespace qfmt::tool {
namespace {

/// A bar that is redrawn on a terminal; elsewhere a line whenever another tenth is done.
class ProgressPrinter {
 public:
  void operator()(oneshot::Progress const& progress) {
    int const percent =
        progress.total == 0 ? 100 : static_cast<int>(100 * progress.done / progress.total);
    std::string const stage{progress.stage};
    if (isatty(STDERR_FILENO) != 0) {
      std::string const bar(static_cast<std::size_t>(percent / 4), '#');
      std::fprintf(stderr, "\r%-8s [%-25s] %3d %%", stage.c_str(), bar.c_str(), percent);
      if (progress.done == progress.total)
        std::fprintf(stderr, "\n");
    } else if (stage != stage_ || percent / 10 != tenth_) {
      std::fprintf(stderr, "%s: %d %%\n", stage.c_str(), percent);
    }
    stage_ = stage;
    tenth_ = percent / 10;
  }

 private:
  std::string stage_;
  int tenth_ = -1;
};

std::string known_presets() {
  std::string names;
  preset::All::for_each(
      [&]<class P>() { names += (names.empty() ? "" : ", ") + std::string{P::name}; });
  return names;
}

}  // namespace

Result<oneshot::ModelFreeReport> quantize(QuantizeOptions const& options, ThreadPool& threads) {
  auto targets = oneshot::parse_patterns(options.targets);
  if (!targets)
    return targets.error();
  auto ignore = oneshot::parse_patterns(options.ignore);
  if (!ignore)
    return ignore.error();
  oneshot::ModelFreeJob const job{options.input,
                                  options.output,
                                  {*std::move(targets), *std::move(ignore)},
                                  ProgressPrinter{},
                                  reading};

  auto const quantizer = options.profile == profile::Qfmt::name
                             ? qfmt_quantizer(options.scheme)
                             : compressed_tensors_quantizer(options.scheme);
  if (!quantizer)
    return Error{Status::unknown_scheme,
                 "got " + quoted(options.scheme) + ", expected one of " + known_presets()};
  return oneshot::quantize_checkpoint(job, *quantizer, threads);
}

}  // namespace qfmt::tool
