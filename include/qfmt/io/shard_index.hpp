// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>

#include <qfmt/io/directory.hpp>
#include <qfmt/io/json.hpp>
#include <qfmt/io/safetensors_writer.hpp>

namespace qfmt::io {

/// The index of a checkpoint in several files, `model.safetensors.index.json`: which file (shard) has
/// which tensor.
///
///     {"metadata": {"total_size": 56}, "weight_map": {"a": "model-00001-of-00002.safetensors", ...}}
struct ShardIndex {
  static constexpr char const* file_name = "model.safetensors.index.json";
  static constexpr uint64_t max_bytes = 100'000'000;

  std::map<std::string, std::string> weight_map;  ///< tensor to shard
  std::optional<uint64_t> total_size;             ///< bytes of all tensors
  nlohmann::json metadata =
      nlohmann::json::object();       ///< what else `metadata` holds, kept as it is
  std::vector<std::string> warnings;  ///< what Strictness::compat let pass

  /// Reads an index; `where` (a file name) begins every message.
  ///
  /// Errors: those of parse_json; index_invalid if weight_map is not a non-empty object of strings, or
  /// metadata not an object with an integer total_size; unsafe_path for a shard that is not the bare name
  /// of a .safetensors file; index_inconsistent if names like -00001-of-00003 disagree with the number of
  /// shards (with Strictness::compat a warning).
  static Result<ShardIndex> parse(std::string_view text, std::string const& where,
                                  Strictness strictness = Strictness::strict) {
    auto document = parse_json(text, where);
    if (!document)
      return document.error();
    ShardIndex index;
    if (!document->is_object())
      return Error{Status::index_invalid,
                   where + ": got " + document->type_name() + ", expected an object"};
    if (auto read = index.read_metadata(*document, where); !read)
      return read.error();
    if (auto read = index.read_weight_map(*document, where); !read)
      return read.error();
    if (auto const defect = index.numbering_defect(); !defect.empty()) {
      if (strictness == Strictness::strict)
        return Error{Status::index_inconsistent, where + ": " + defect};
      index.warnings.push_back(where + ": " + defect);
    }
    return index;
  }

  /// The shards, sorted, each once.
  [[nodiscard]] std::vector<std::string> shards() const {
    std::set<std::string> names;
    for (auto const& [tensor, shard] : weight_map) names.insert(shard);
    return {names.begin(), names.end()};
  }

  /// Adds the tensors of a shard that has been planned, and their bytes.
  void add(std::string const& shard, SafetensorsPlan const& plan) {
    for (TensorInfo const& tensor : plan.tensors) weight_map.insert_or_assign(tensor.name, shard);
    total_size = total_size.value_or(0) + plan.data_bytes();
  }

  /// As transformers writes it: two spaces, keys sorted, ASCII, a final newline.
  [[nodiscard]] std::string to_json() const {
    nlohmann::json document = {{"metadata", metadata}, {"weight_map", weight_map}};
    if (total_size)
      document["metadata"]["total_size"] = *total_size;
    return document.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }

 private:
  Result<void> read_metadata(nlohmann::json& document, std::string const& where) {
    auto const found = document.find("metadata");
    if (found == document.end())
      return {};
    if (!found->is_object())
      return Error{Status::index_invalid,
                   where + ": metadata: got " + found->type_name() + ", expected an object"};
    if (auto const size = found->find("total_size"); size != found->end()) {
      // Some writers put a float there.
      auto const* const number = size->get_ptr<nlohmann::json::number_unsigned_t const*>();
      auto const* const real = size->get_ptr<nlohmann::json::number_float_t const*>();
      constexpr double largest = 9007199254740992.0;  // 2^53
      bool const is_whole = real != nullptr && *real >= 0.0 && *real <= largest &&
                            static_cast<double>(static_cast<uint64_t>(*real)) == *real;
      if (number == nullptr && !is_whole)
        return Error{Status::index_invalid, where + ": metadata.total_size: got " + dump(*size) +
                                                ", expected a number of bytes"};
      total_size = number != nullptr ? *number : static_cast<uint64_t>(*real);
      found->erase(size);
    }
    metadata = std::move(*found);
    return {};
  }

  Result<void> read_weight_map(nlohmann::json& document, std::string const& where) {
    auto const found = document.find("weight_map");
    bool const is_filled = found != document.end() && found->is_object() && !found->empty();
    if (!is_filled)
      return Error{
          Status::index_invalid,
          where + ": got no weight_map with entries, expected an object from tensor to shard"};
    for (auto& [tensor, shard] : found->items()) {
      auto* const name = shard.get_ptr<std::string*>();
      if (name == nullptr) {
        return Error{Status::index_invalid, where + ": weight_map: tensor " + qfmt::quoted(tensor) +
                                                ": got " + dump(shard) +
                                                ", expected the name of a shard"};
      }
      if (!is_bare_name(*name) || !std::string_view{*name}.ends_with(".safetensors")) {
        return Error{Status::unsafe_path,
                     where + ": weight_map: tensor " + qfmt::quoted(tensor) + ": got the shard " +
                         qfmt::quoted(std::as_const(*name)) +
                         ", expected the bare name of a .safetensors file in the same directory"};
      }
      weight_map.emplace(tensor, std::move(*name));
    }
    return {};
  }

  /// What is wrong with shards named ...-00001-of-00003.safetensors; empty if nothing.
  [[nodiscard]] std::string numbering_defect() const {
    std::vector<std::string> const names = shards();
    for (std::string const& name : names) {
      std::size_t const of = name.rfind("-of-");
      if (of == std::string::npos || of < 5)
        continue;
      std::string const count =
          name.substr(of + 4, name.size() - of - 4 - 12);  // up to ".safetensors"
      bool const is_numbered =
          count.size() == 5 &&
          (name.substr(of - 5, 5) + count).find_first_not_of("0123456789") == std::string::npos;
      if (!is_numbered)
        continue;
      std::string expected = std::to_string(names.size());
      expected.insert(0, expected.size() < 5 ? 5 - expected.size() : 0, '0');
      if (count != expected)
        return "got " + std::to_string(names.size()) + " shards, expected as many as " +
               qfmt::quoted(name) + " says";
    }
    return {};
  }

  /// A value of a foreign file in a message.
  static std::string dump(nlohmann::json const& value) {
    return qfmt::quoted(value.is_structured()
                            ? std::string{value.type_name()}
                            : value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  }
};

}  // namespace qfmt::io
