// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "commands.hpp"
#include "quantizers.hpp"

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
  preset::Storable::for_each(
      [&]<class P>() { names += (names.empty() ? "" : ", ") + std::string{P::name}; });
  return names;
}

using Assignment = oneshot::Assignment<ThreadPool>;

/// The preset of that name, under the options' profile and observer.
Result<oneshot::LayerQuantizer<ThreadPool>> find_quantizer(std::string const& name,
                                                           QuantizeOptions const& options) {
  char const* why_not = nullptr;
  visit_preset<preset::InMemory>(
      name.c_str(), [&]<class P>() { why_not = io::why_not_described<typename P::Weights>(); });
  if (why_not != nullptr)
    return Error{Status::unsupported, name + ": a checkpoint cannot hold it: " + why_not};
  bool const searches = options.observer != QuantizeOptions{}.observer;
  bool const is_known = visit_preset<preset::Storable>(name.c_str(), []<class P>() {});
  auto const quantizer = searches ? search_quantizer(name, options.profile, options.observer)
                         : options.profile == profile::Qfmt::name
                             ? qfmt_quantizer(name)
                             : compressed_tensors_quantizer(name);
  if (quantizer)
    return *quantizer;
  if (!is_known)
    return Error{Status::unknown_scheme,
                 "got " + quoted(name) + ", expected one of " + known_presets()};
  return Error{Status::unsupported,
               "observer " + options.observer + ": got scheme " + quoted(name) + " and profile " +
                   options.profile + ", expected " +
                   (options.observer == "memoryless_mse"
                        ? "NVFP4A16, or integers or MXFP4 under CompressedTensors"
                        : "NVFP4A16")};
}

/// Which scheme is for which layers: one of them for all others, the rest by name.
Result<std::vector<Assignment>> find_assignments(QuantizeOptions const& options) {
  std::vector<Assignment> assignments;
  std::string all_other;
  for (std::string const& text : options.schemes) {
    std::size_t const equals = text.find('=');
    std::string const name = text.substr(0, equals);
    auto quantizer = find_quantizer(name, options);
    if (!quantizer)
      return quantizer.error();
    bool const is_for_other = equals == std::string::npos;
    if (is_for_other && !all_other.empty())
      return Error{Status::invalid_argument, "--scheme: got " + all_other + " and " + name +
                                                 " for all layers, expected one of them with " +
                                                 "=PATTERN"};
    if (is_for_other)
      all_other = name;
    auto target = oneshot::ModulePattern::parse(is_for_other ? "Linear" : text.substr(equals + 1));
    if (!target)
      return target.error();
    auto const same =
        std::find_if(assignments.begin(), assignments.end(),
                     [&](Assignment const& known) { return known.scheme.name == quantizer->name; });
    if (same != assignments.end()) {
      same->targets.push_back(*std::move(target));
    } else {
      assignments.push_back({*quantizer, {*std::move(target)}});
    }
  }
  return assignments;
}

}  // namespace

Result<oneshot::ModelFreeReport> quantize(QuantizeOptions const& options, ThreadPool& threads) {
  auto targets = oneshot::parse_patterns(options.targets);
  if (!targets)
    return targets.error();
  auto ignore = oneshot::parse_patterns(options.ignore);
  if (!ignore)
    return ignore.error();
  auto const assignments = find_assignments(options);
  if (!assignments)
    return assignments.error();
  oneshot::ModelFreeJob const job{
      options.input,     options.output, {*std::move(targets), *std::move(ignore)},
      ProgressPrinter{}, reading,        {}};
  return oneshot::quantize_checkpoint(job, *assignments, threads);
}

}  // namespace qfmt::tool
