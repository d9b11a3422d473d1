// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/awq_gptq_config.hpp>
#include <fuzz/awq_gptq_layer.hpp>
#include <fuzz/checkpoint.hpp>
#include <fuzz/compressed_layer.hpp>
#include <fuzz/dense_layer.hpp>
#include <fuzz/json.hpp>
#include <fuzz/module_pattern.hpp>
#include <fuzz/packing.hpp>
#include <fuzz/quantization_config.hpp>
#include <fuzz/safetensors_file.hpp>
#include <fuzz/safetensors_header.hpp>
#include <fuzz/shard_index.hpp>

#ifdef QFMT_FUZZ_YAML
#include <fuzz/yaml.hpp>
#endif

namespace fuzz {

/// What can be given any bytes. The corpus of a target is tests/fuzz/corpus/<name>/. The control holds
/// for no input.
struct Target {
  std::string_view name;
  void (*run)(Input);
};

inline constexpr Target targets[] = {
    {"awq_gptq_config", awq_gptq_config},
    {"awq_gptq_layer", awq_gptq_layer},
    {"checkpoint", checkpoint},
    {"compressed_layer", compressed_layer},
    {"control", [](Input) { demand(false, "the control"); }},
    {"dense_layer", dense_layer},
    {"json", json},
    {"module_pattern", module_pattern},
    {"packing", packing},
    {"quantization_config", quantization_config},
    {"safetensors_file", safetensors_file},
    {"safetensors_header", safetensors_header},
    {"shard_index", shard_index},
#ifdef QFMT_FUZZ_YAML
    {"yaml", yaml},
#endif
};

/// The target with this name, or null.
inline Target const* find_target(std::string_view name) {
  for (Target const& target : targets) {
    if (target.name == name)
      return &target;
  }
  return nullptr;
}

}  // namespace fuzz
