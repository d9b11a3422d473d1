// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

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

}  // namespace

Result<void> inspect(std::filesystem::path const& input) {
  auto const checkpoint = io::Checkpoint::open(input, reading);
  if (!checkpoint)
    return checkpoint.error();
  if (nlohmann::json const& config = checkpoint->config();
      config.is_object() && config.contains("quantization_config")) {
    auto const parsed = io::parse_quantization_config(config);
    if (!parsed)
      return Error{parsed.status(), input.string() + ": " + parsed.error().message};
    std::printf("scheme   %s\nformat   %s\nignore  ", parsed->preset.c_str(), name(parsed->format));
    for (std::string const& module : parsed->ignore) std::printf(" %s", quoted(module).c_str());
    std::printf("\n\n");
  } else {
    std::printf("scheme   none: not quantized by compressed-tensors\n\n");
  }
  print_tensors(*checkpoint);
  return {};
}

}  // namespace qfmt::tool
