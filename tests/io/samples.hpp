// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <qfmt/tensor/result.hpp>
#include <sstream>
#include <string>
#include <vector>

// What the tests of io build their cases from: a directory that goes away, and files made of bytes.

namespace samples {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "qfmt-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(TemporaryFolder const&) = delete;
  TemporaryFolder& operator=(TemporaryFolder const&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  [[nodiscard]] fs::path operator/(std::string const& name) const { return path_ / name; }
  [[nodiscard]] fs::path const& path() const { return path_; }

  /// The names of what is in it, hidden ones too, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (auto const& entry : fs::directory_iterator(path_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  fs::path path_;
};

inline void write(fs::path const& path, std::string const& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

inline std::string read(fs::path const& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

/// A number in 8 bytes, little-endian.
inline std::string u64(uint64_t value) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

/// A safetensors file with any header, and zeros as data.
inline std::string file(std::string const& header, std::size_t data_bytes = 0) { return u64(header.size()) + header + std::string(data_bytes, '\0'); }

/// The description of a tensor: `"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`.
inline std::string tensor(std::string const& name, std::string const& dtype, std::string const& shape, std::string const& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + '}';
}

/// Whether an error has this code and one line that names the place.
template <class T>
std::string verdict(qfmt::Result<T> const& result, qfmt::Status expected, std::string const& place) {
  if (result.ok()) return expected == qfmt::Status::ok ? "" : std::string{"accepted, expected "} + name(expected);
  std::string const text = result.error().to_string();
  if (result.status() != expected) return "got " + text + "; expected " + name(expected);
  if (text.find('\n') != std::string::npos) return "more than one line: " + text;
  if (result.error().message.find(place) == std::string::npos) return text + ": does not say " + place;
  return "";
}

}  // namespace samples
