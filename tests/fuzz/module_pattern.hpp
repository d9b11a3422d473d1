// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/oneshot/layer_selection.hpp>

// Entries of `targets` and `ignore`, and a module: a line for the module, and one for each entry.
// Beyond not crashing,
//
//   - an entry without "re:" matches its own name only;
//   - a pattern with an empty choice before it matches everything;
//   - a module that is ignored is not selected.

namespace fuzz {

inline void module_pattern(Input input) {
  std::string_view text = text_of(input);
  auto const line = [&text] {
    auto const end = (std::min)(text.find('\n'), text.size());
    std::string const taken{text.substr(0, end)};
    text.remove_prefix((std::min)(end + 1, text.size()));
    return taken;
  };
  std::string const module = line();
  qfmt::oneshot::LayerSelection selection;
  while (!text.empty() && selection.ignore.size() < 8) {
    std::string const entry = line();
    auto pattern = qfmt::oneshot::ModulePattern::parse(entry);
    if (!pattern) {
      demand_message(pattern.error());
      continue;
    }
    if (!entry.starts_with("re:"))
      demand(pattern->matches(module) == (entry == module), "a name matches itself only");
    auto const always = qfmt::oneshot::ModulePattern::parse(
        "re:|" + entry.substr((std::min)(entry.size(), std::size_t{3})));
    if (entry.starts_with("re:") && always.ok())
      demand(always->matches(module), "an empty choice matches everything");
    selection.ignore.push_back(*std::move(pattern));
  }
  for (auto const& pattern : selection.ignore) {
    if (pattern.matches(module))
      demand(!selection(module), "what is ignored is not selected");
  }
  demand(!qfmt::oneshot::fused_group(module).empty() || module.empty(), "every module has a group");
}

}  // namespace fuzz
