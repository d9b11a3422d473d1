// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include <qfmt/io/awq_gptq_config.hpp>

#include "commands.hpp"

namespace qfmt::tool {
namespace {

/// "model.layers.0.mlp.up_proj" and "model.layers.7.mlp.up_proj" are one kind of tensor: numbers
/// become '*'.
std::string pattern_of(std::string const& name) {
  std::string pattern;
  for (std::size_t i = 0; i < name.size();) {
    bool const starts_component = i == 0 || name[i - 1] == '.';
    std::size_t end = i;
    while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
    bool const is_number = starts_component && end > i && (end == name.size() || name[end] == '.');
    pattern += is_number ? '*' : name[i];
    i = is_number ? end : i + 1;
  }
  return pattern;
}

struct Kind {
  io::TensorInfo const* first;
  std::size_t count = 0;
  uint64_t bytes = 0;
};

void print_tensors(io::Checkpoint const& checkpoint) {
  std::map<std::string, Kind> kinds;
  uint64_t total = 0;
  for (io::TensorInfo const& tensor : checkpoint.tensors()) {
    std::string const key =
        pattern_of(tensor.name) + ' ' + name(tensor.dtype) + ' ' + io::to_string(tensor.shape);
    Kind& kind = kinds.try_emplace(key, Kind{&tensor, 0, 0}).first->second;
    ++kind.count;
    kind.bytes += tensor.bytes();
    total += tensor.bytes();
  }
  std::printf("%-56s %6s %-10s %-18s %14s\n", "tensor", "count", "dtype", "shape", "bytes");
  for (auto const& [key, kind] : kinds) {
    std::string const shown = quoted(pattern_of(kind.first->name));
    std::printf("%-56s %6zu %-10s %-18s %14llu\n", shown.substr(1, shown.size() - 2).c_str(),
                kind.count, name(kind.first->dtype), io::to_string(kind.first->shape).c_str(),
                static_cast<unsigned long long>(kind.bytes));
  }
  std::printf("%-56s %6zu %-10s %-18s %14llu\n", "total", checkpoint.tensors().size(), "", "",
              static_cast<unsigned long long>(total));
}

/// A text of the file as it may be printed.
std::string shown(std::string const& text) {
  std::string const safe = quoted(text);
  return safe.substr(1, safe.size() - 2);
}

/// A scheme in a word: a preset, or what it consists of.
std::string scheme_of(io::QuantizationConfig const& config, io::ConfigGroup const& group) {
  if (auto const match = io::match_preset(config, group))
    return match->preset;
  if (!group.weights)
    return "no weights";
  return "weights " + to_json(*group.weights).dump() +
         (group.input_activations ? ", input " + to_json(*group.input_activations).dump() : "");
}

void print_groups(io::QuantizationConfig const& config) {
  for (io::ConfigGroup const& group : config.groups) {
    std::printf("scheme   %s", shown(scheme_of(config, group)).c_str());
    if (config.groups.size() > 1) {
      std::printf(" for");
      for (std::string const& target : group.targets) std::printf(" %s", quoted(target).c_str());
      std::printf(", %s", shown(config.format_of(group)).c_str());
    }
    std::printf("\n");
  }
  if (config.kv_cache_scheme)
    std::printf("kv cache %s\n", shown(to_json(*config.kv_cache_scheme).dump()).c_str());
}

}  // namespace

Result<void> inspect(std::filesystem::path const& input) {
  auto const checkpoint = io::Checkpoint::open(input, reading);
  if (!checkpoint)
    return checkpoint.error();
  if (nlohmann::json const& config = checkpoint->config(); io::is_awq_or_gptq(config)) {
    auto const parsed = io::parse_awq_gptq_config(config);
    if (!parsed)
      return Error{parsed.status(), input.string() + ": " + parsed.error().message};
    std::printf("scheme   %s\n\n", parsed->text().c_str());
  } else if (config.is_object() && config.contains("quantization_config")) {
    auto const parsed = io::parse_quantization_config(config);
    if (!parsed)
      return Error{parsed.status(), input.string() + ": " + parsed.error().message};
    print_groups(*parsed);
    std::printf("format   %s\nignore  ", shown(parsed->format).c_str());
    for (std::string const& module : parsed->ignore) std::printf(" %s", quoted(module).c_str());
    std::printf("\n\n");
  } else {
    std::printf("scheme   none: not quantized by compressed-tensors\n\n");
  }
  print_tensors(*checkpoint);
  return {};
}

}  // namespace qfmt::tool
