// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>
#include <io/samples.hpp>

#include <qfmt/io/checkpoint.hpp>

// A directory with any files, opened as a checkpoint. Beyond not crashing,
//
//   - what strict opens, compat opens, with the same tensors;
//   - every shard is a file of the directory, every tensor is found by its name and can be read.
//
// An input is a text: files, each a line "== NAME" with its contents behind it. As nobody writes the
// eight bytes of a header's length in a text, a file that starts with '{' and is named .safetensors
// gets them: the header is its first line.

namespace fuzz {

inline void write_files(samples::TemporaryFolder const& folder, std::string_view text) {
  constexpr std::string_view mark = "== ";
  for (int files = 0; files < 8 && text.starts_with(mark); ++files) {
    auto const end_of_name = text.find('\n');
    if (end_of_name == std::string_view::npos)
      return;
    std::string const name{text.substr(mark.size(), end_of_name - mark.size())};
    text.remove_prefix(end_of_name + 1);
    auto const next = text.find("\n== ");
    std::string contents{text.substr(0, next)};
    text.remove_prefix(next == std::string_view::npos ? text.size() : next + 1);
    if (!qfmt::io::is_bare_name(name) || name.size() > 100)
      continue;
    if (std::string_view{name}.ends_with(".safetensors") && contents.starts_with('{')) {
      auto const header = (std::min)(contents.find('\n'), contents.size());
      contents.erase(header, 1);
      contents.insert(0, samples::u64(header));
    }
    samples::write(folder / name, contents);
  }
}

inline void checkpoint(Input input) {
  static samples::TemporaryFolder const folder;
  for (auto const& name : folder.names()) samples::fs::remove(folder / name);
  write_files(folder, text_of(input));

  using qfmt::io::Checkpoint;
  auto const strict = Checkpoint::open(folder.path());
  auto const compat = Checkpoint::open(folder.path(), {.strictness = qfmt::io::Strictness::compat});
  if (strict)
    demand(compat.ok() && compat->tensors() == strict->tensors(), "strict is part of compat");
  if (!compat) {
    demand(!strict.ok(), "strict is part of compat");
    return demand_message(compat.error());
  }
  auto const names = folder.names();
  for (std::string const& shard : compat->shards())
    demand(std::ranges::binary_search(names, shard), "a shard is a file of the directory");
  demand(compat->config().is_null() || compat->config().is_object(),
         "a configuration is an object");
  std::size_t count = 0;
  for (std::size_t s = 0; s < compat->shards().size(); ++s) {
    for (qfmt::io::TensorInfo const& tensor : compat->tensors_of(s)) {
      ++count;
      demand(compat->find(tensor.name) == &tensor, "a tensor is found by its name");
      demand(compat->shard_of(tensor) == compat->shards()[s], "a tensor knows its shard");
      std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes()));
      demand(compat->read(tensor, bytes).ok(), "a tensor can be read");
    }
  }
  demand(count == compat->tensors().size(), "every tensor is in one shard");
}

}  // namespace fuzz
