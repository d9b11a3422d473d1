// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include <qfmt/io/atomic_directory.hpp>
#include <qfmt/io/json_text.hpp>
#include <qfmt/io/sha256.hpp>

#include "commands.hpp"
#include "conformance_vectors.hpp"

namespace qfmt::tool {
namespace {

// Changes whenever a reader of the pack would have to change.
constexpr int pack_version = 1;

std::string version() {
  return std::to_string(QFMT_VERSION_MAJOR) + '.' + std::to_string(QFMT_VERSION_MINOR) + '.' +
         std::to_string(QFMT_VERSION_PATCH);
}

/// Written by hand: one line for each fact, so that two manifests can be compared by eye.
std::string manifest(std::vector<VectorFile> const& files) {
  std::string text = "{\n  \"pack\": " + std::to_string(pack_version) + ",\n  \"qfmt\": \"" +
                     version() + "\",\n  \"files\": [";
  for (std::size_t i = 0; i < files.size(); ++i) {
    VectorFile const& file = files[i];
    text += (i == 0 ? "\n" : ",\n") + std::string{"    {\n      \"name\": "} +
            io::json_string(file.name) + ",\n      \"sha256\": \"" + io::sha256(file.text) +
            "\",\n      \"bytes\": " + std::to_string(file.text.size()) +
            ",\n      \"lines\": " + std::to_string(file.lines) +
            ",\n      \"about\": " + io::json_string(file.about) + ",\n      \"fields\": {";
    for (std::size_t k = 0; k < file.fields.size(); ++k) {
      text += (k == 0 ? "\n" : ",\n") + std::string{"        "} +
              io::json_string(file.fields[k].first) + ": " + io::json_string(file.fields[k].second);
    }
    text += "\n      }\n    }";
  }
  return text + "\n  ]\n}\n";
}

}  // namespace

Result<void> write_conformance(std::filesystem::path const& output) {
  auto directory = io::AtomicDirectory::create(output);
  if (!directory)
    return directory.error();
  std::vector<VectorFile> files = conversion_vectors();
  for (auto const& more : {block_vectors(), layout_vectors()})
    files.insert(files.end(), more.begin(), more.end());
  std::size_t bytes = 0;
  for (VectorFile const& file : files) {
    if (auto const written = directory->write_file(file.name, file.text); !written)
      return written.error();
    bytes += file.text.size();
  }
  std::string const listing = manifest(files);
  if (auto const written = directory->write_file("manifest.json", listing); !written)
    return written.error();
  if (auto const done = directory->commit(); !done)
    return done.error();
  std::printf("%s: %zu files, %zu bytes, manifest %s\n", output.c_str(), files.size() + 1,
              bytes + listing.size(), io::sha256(listing).c_str());
  return {};
}

}  // namespace qfmt::tool
