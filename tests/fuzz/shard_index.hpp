// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/io/shard_index.hpp>

// The index of a checkpoint in several files. Beyond not crashing,
//
//   - what strict accepts, compat accepts, with the same meaning;
//   - no shard can be outside of the checkpoint's directory;
//   - what is accepted, written and read again is the same.

namespace fuzz {

inline bool same_index(qfmt::io::ShardIndex const& a, qfmt::io::ShardIndex const& b) {
  return a.weight_map == b.weight_map && a.total_size == b.total_size && a.metadata == b.metadata;
}

inline void shard_index(Input input) {
  using qfmt::io::ShardIndex;
  auto const strict = ShardIndex::parse(text_of(input), "f");
  auto const compat = ShardIndex::parse(text_of(input), "f", qfmt::io::Strictness::compat);
  if (strict)
    demand(compat.ok() && same_index(*strict, *compat) && compat->warnings.empty(),
           "strict is part of compat");
  if (!compat) {
    demand(!strict.ok(), "strict is part of compat");
    return demand_message(compat.error());
  }
  for (std::string const& shard : compat->shards()) {
    demand(shard.find('/') == std::string::npos && shard.front() != '.' && shard.size() <= 255 &&
               std::string_view{shard}.ends_with(".safetensors"),
           "a shard is the bare name of a safetensors file");
  }
  auto const again = ShardIndex::parse(compat->to_json(), "f", qfmt::io::Strictness::compat);
  demand(again.ok() && same_index(*again, *compat), "writing and reading changes nothing");
}

}  // namespace fuzz
