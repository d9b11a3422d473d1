// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <io/memory_source.hpp>
#include <io/samples.hpp>
#include <support/environment.hpp>

#include <qfmt/oneshot/model_free.hpp>

using nlohmann::json;
using qfmt::Error;
using qfmt::index_t;
using qfmt::Result;
using qfmt::Serial;
using qfmt::Shape;
using qfmt::Status;
using qfmt::io::AtomicDirectory;
using qfmt::io::Bytes;
using qfmt::io::Checkpoint;
using qfmt::io::Dtype;
using qfmt::io::LayerTensor;
using qfmt::io::SafetensorsPlan;
using qfmt::io::SafetensorsWriter;
using qfmt::io::ShardIndex;
using qfmt::oneshot::LayerQuantizer;
using qfmt::oneshot::ModelFreeJob;
using qfmt::oneshot::parse_patterns;
using qfmt::oneshot::Progress;
using qfmt::oneshot::RawWeight;

namespace {

// ---- Models to try jobs on
// -----------------------------------------------------------------------

struct Tensor {
  std::string name;
  Dtype dtype = Dtype::F32;
  std::vector<uint64_t> shape;
  int shard = 1;
  uint8_t fill = 0;  // every byte
};

/// A weight of these many rows and columns whose elements are all 2^exponent, exponent a multiple
/// of 4.
Tensor weight(std::string const& module, uint64_t rows, uint64_t cols, int shard = 1) {
  return {module + ".weight", Dtype::F32, {rows, cols}, shard, 0x3F};
}

/// Writes a model with these tensors, in as many shards as they say.
void write_model(std::filesystem::path const& path, std::vector<Tensor> const& tensors,
                 json const& config = json::object()) {
  int shards = 1;
  for (Tensor const& tensor : tensors) shards = std::max(shards, tensor.shard);
  auto directory = AtomicDirectory::create(path);
  REQUIRE(directory.ok());
  ShardIndex index;
  for (int shard = 1; shard <= shards; ++shard) {
    std::string const file = shards == 1 ? "model.safetensors"
                                         : "model-0000" + std::to_string(shard) + "-of-0000" +
                                               std::to_string(shards) + ".safetensors";
    SafetensorsPlan plan;
    for (Tensor const& tensor : tensors) {
      if (tensor.shard == shard)
        plan.add(tensor.name, tensor.dtype, tensor.shape);
    }
    auto writer = SafetensorsWriter::create(*directory, file, plan);
    REQUIRE(writer.ok());
    for (Tensor const& tensor : tensors) {
      if (tensor.shard != shard)
        continue;
      Bytes bytes(static_cast<std::size_t>(*qfmt::io::tensor_bytes(tensor.dtype, tensor.shape)),
                  std::byte{tensor.fill});
      for (std::size_t i = 0; i < bytes.size() && tensor.fill == 0; ++i)
        bytes[i] = static_cast<std::byte>(i * 167 >> 8);
      REQUIRE(writer->write(tensor.name, bytes).ok());
    }
    REQUIRE(writer->finish().ok());
    index.add(file, plan);
  }
  if (shards > 1)
    REQUIRE(directory->write_file(ShardIndex::file_name, index.to_json()).ok());
  if (!config.is_null())
    REQUIRE(directory->write_file("config.json", config.dump()).ok());
  REQUIRE(directory->commit().ok());
}

// ---- A preset that keeps a record of what it is asked
// ----------------------------------------------

struct Call {
  Dtype dtype;
  Shape shape;
  float amax;
  bool operator==(Call const&) const = default;
};
std::vector<Call> calls;
Status refusal = Status::ok;  // what the preset says to a weight of 7 rows

/// Stores a weight as its number of rows, a byte for each, and takes only columns in fours.
LayerQuantizer<Serial> recorder(bool has_global) {
  calls.clear();
  refusal = Status::ok;
  LayerQuantizer<Serial> preset{};
  preset.name = "RECORDER";
  preset.has_global = has_global;
  preset.why_not = [](Shape shape) {
    return shape.cols % 4 == 0 ? std::string{} : "got " + std::to_string(shape.cols) + " columns";
  };
  preset.tensors = [](Dtype, Shape shape) {
    auto const rows = static_cast<uint64_t>(shape.rows);
    return std::vector<LayerTensor>{{"weight_packed", Dtype::U8, {rows}},
                                    {"weight_scale", Dtype::F32, {1}}};
  };
  preset.reach = qfmt::oneshot::weight_amax<Serial>;
  preset.quantize = [](RawWeight const& w, float amax, Serial&) -> Result<std::vector<Bytes>> {
    calls.push_back({w.dtype, w.shape, amax});
    if (refusal != Status::ok && w.shape.rows == 7)
      return Error{refusal, "row 1, column 2: got NaN"};
    return std::vector<Bytes>{Bytes(static_cast<std::size_t>(w.shape.rows), std::byte{9}),
                              Bytes(4)};
  };
  preset.group = [] { return qfmt::io::ConfigGroup{}; };
  return preset;
}

ModelFreeJob job_in(samples::TemporaryFolder const& folder,
                    std::vector<std::string> const& targets = {},
                    std::vector<std::string> const& ignore = {}) {
  return {folder / "in", folder / "out", {*parse_patterns(targets), *parse_patterns(ignore)}, {}};
}

auto run(ModelFreeJob const& job, LayerQuantizer<Serial> const& preset) {
  Serial serial;
  return quantize_checkpoint(job, preset, serial);
}

/// The job must fail like this and leave nothing.
std::string refused(samples::TemporaryFolder const& folder, ModelFreeJob const& job,
                    LayerQuantizer<Serial> const& preset, Status status, std::string const& place) {
  auto const before = folder.names();
  auto const report = run(job, preset);
  if (report.ok() || report.status() != status)
    return report.ok() ? "accepted" : report.error().to_string();
  if (folder.names() != before)
    return "something is left behind";
  return report.error().message.find(place) == std::string::npos ? report.error().message : "";
}

float const amax_of_fill = 0.747058809f;  // 0x3F3F3F3F

}  // namespace

TEST_CASE("layers become the preset's tensors, all else is copied") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in",
              {weight("m.up_proj", 3, 8),
               weight("m.down_proj", 5, 4),
               weight("lm_head", 2, 4),
               weight("m.embed_tokens", 2, 4),
               weight("m.gate", 2, 4),
               {"m.up_proj.bias", Dtype::F32, {3}, 1, 0},
               {"m.norm.weight", Dtype::F32, {4}, 1, 0},
               {"m.conv.weight", Dtype::F32, {2, 2, 2}, 1, 0},
               {"m.table", Dtype::F32, {2, 4}, 1, 0},
               {"m.ids.weight", Dtype::I64, {2, 4}, 1, 0},
               {"m.scalar", Dtype::BF16, {}, 1, 0},
               {"m.empty", Dtype::F32, {0, 3}, 1, 0}},
              {{"hidden_size", 8}});
  auto const report = run(job_in(folder), recorder(false));
  REQUIRE(report.ok());
  CHECK(report->quantized == std::vector<std::string>{"m.down_proj", "m.up_proj"});
  CHECK(report->weights == 3 * 8 + 5 * 4);
  CHECK(report->weight_bytes == 3 + 4 + 5 + 4);

  auto const in = Checkpoint::open(folder / "in");
  auto const out = Checkpoint::open(folder / "out");
  REQUIRE(in.ok());
  REQUIRE(out.ok());
  uint64_t bytes = 0;
  for (auto const& tensor : out->tensors()) bytes += tensor.bytes();
  CHECK(report->output_bytes == bytes);
  CHECK(out->tensors().size() == in->tensors().size() + 2);
  for (auto const& tensor : in->tensors()) {
    CAPTURE(tensor.name);
    bool const is_layer = tensor.name == "m.up_proj.weight" || tensor.name == "m.down_proj.weight";
    auto const* const copied = out->find(tensor.name);
    REQUIRE((copied == nullptr) == is_layer);
    if (is_layer)
      continue;
    CHECK(copied->dtype == tensor.dtype);
    CHECK(copied->shape == tensor.shape);
    Bytes before(static_cast<std::size_t>(tensor.bytes()));
    Bytes after(static_cast<std::size_t>(copied->bytes()));
    CHECK(in->read(tensor, before).ok());
    CHECK(out->read(*copied, after).ok());
    CHECK(before == after);
  }
  REQUIRE(out->find("m.up_proj.weight_packed") != nullptr);
  CHECK(out->find("m.up_proj.weight_packed")->shape == std::vector<uint64_t>{3});
  CHECK(out->config()["hidden_size"] == 8);
  CHECK(out->config()["quantization_config"]["ignore"] == json{"lm_head", "m.gate"});
}

TEST_CASE("a head without a tensor of its own is ignored by name") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 8), weight("m.down_proj", 3, 8)});
  REQUIRE(run(job_in(folder, {}, {"m.down_proj"}), recorder(false)).ok());
  CHECK(Checkpoint::open(folder / "out")->config()["quantization_config"]["ignore"] ==
        json{"lm_head", "m.down_proj"});
}

TEST_CASE("a model without config.json gets one, a single file becomes a model") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 8)}, nullptr);
  ModelFreeJob job = job_in(folder);
  REQUIRE(run(job, recorder(false)).ok());
  std::filesystem::rename(folder / "in/model.safetensors", folder / "weights.safetensors");
  job.input = folder / "weights.safetensors";
  job.output = folder / "from_file";
  REQUIRE(run(job, recorder(false)).ok());
  for (char const* name : {"config.json", "model.safetensors"}) {
    CHECK(samples::read(folder / "out" / name) == samples::read(folder / "from_file" / name));
  }
  CHECK(Checkpoint::open(folder / "from_file").ok());
}

TEST_CASE("without a tensor scale there is one pass and no amax") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 8), weight("m.gate_proj", 5, 8)});
  std::vector<std::string> stages;
  ModelFreeJob job = job_in(folder);
  job.progress = [&](Progress const& p) { stages.emplace_back(p.stage); };
  REQUIRE(run(job, recorder(false)).ok());
  CHECK(stages == std::vector<std::string>{"quantize", "quantize"});
  CHECK(calls == std::vector<Call>{{Dtype::F32, {5, 8}, 0.0f}, {Dtype::F32, {3, 8}, 0.0f}});
}

TEST_CASE("fused layers get the largest magnitude of them all, also from other shards") {
  samples::TemporaryFolder const folder;
  std::vector<Tensor> tensors = {weight("l.0.q_proj", 1, 4, 1), weight("l.0.k_proj", 2, 4, 2),
                                 weight("l.0.v_proj", 3, 4, 3), weight("l.0.o_proj", 4, 4, 2),
                                 weight("l.1.q_proj", 5, 4, 2), weight("l.1.k_proj", 6, 4, 3)};
  tensors[1].fill = 0x40;  // 3.00... = 0x40404040
  tensors[5].fill = 0x3E;  // 0.186 = 0x3E3E3E3E
  write_model(folder / "in", tensors);
  std::vector<Progress> progress;
  ModelFreeJob job = job_in(folder);
  job.progress = [&](Progress const& p) { progress.push_back(p); };
  REQUIRE(run(job, recorder(true)).ok());

  float const three = 3.00392151f;
  REQUIRE(calls.size() == 6);
  for (Call const& call : calls) {
    CAPTURE(call.shape.rows);
    CHECK(call.amax == (call.shape.rows <= 3 ? three : amax_of_fill));
  }
  // Two stages; each ends with all of its bytes.
  REQUIRE(progress.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(progress[i].stage == (i < 6 ? "scan" : "quantize"));
    CHECK(progress[i].total == (1 + 2 + 3 + 4 + 5 + 6) * 4 * 4);
    CHECK(progress[i].done > (i % 6 == 0 ? 0 : progress[i - 1].done));
  }
  CHECK(progress[5].done == progress[5].total);
  CHECK(progress[11].done == progress[11].total);

  auto const out = Checkpoint::open(folder / "out");
  REQUIRE(out.ok());
  CHECK(out->shards().size() == 3);
  CHECK(out->shard_of(*out->find("l.0.k_proj.weight_packed")) ==
        "model-00002-of-00003.safetensors");
}

TEST_CASE("large tensors are copied in pieces, whatever their shape") {
  samples::TemporaryFolder const folder;
  uint64_t const mib = uint64_t{1} << 20;
  write_model(folder / "in", {weight("m.up_proj", 3, 8),
                              {"rows", Dtype::U8, {33, mib}, 1, 0},
                              {"odd", Dtype::U8, {3, 7 * mib + 1}, 1, 0},
                              {"row", Dtype::U8, {1, 17 * mib}, 1, 0},
                              {"column", Dtype::BF16, {9 * mib, 1}, 1, 0}});
  REQUIRE(run(job_in(folder), recorder(false)).ok());
  auto const in = Checkpoint::open(folder / "in");
  auto const out = Checkpoint::open(folder / "out");
  for (char const* name : {"rows", "odd", "row", "column"}) {
    CAPTURE(name);
    Bytes before(static_cast<std::size_t>(in->find(name)->bytes()));
    Bytes after(before.size());
    CHECK(in->read(*in->find(name), before).ok());
    CHECK(out->read(*out->find(name), after).ok());
    CHECK(before == after);
  }
}

TEST_CASE("jobs that are refused before any work") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 6),
                              weight("m.down_proj", 3, 5),
                              weight("m.o_proj", 3, 8),
                              {"m.q_proj.weight", Dtype::F64, {2, 4}, 1, 0}});
  auto const preset = recorder(true);
  std::string const in = (folder / "in").string();
  CHECK(refused(folder, job_in(folder), preset, Status::unknown_dtype,
                in + ": RECORDER cannot store these layers:\n"
                     "  'm.q_proj': got F64, expected F32, BF16 or F16\n"
                     "  'm.down_proj': got 5 columns\n"
                     "  'm.up_proj': got 6 columns\n"
                     "to leave them as they are: --ignore m.q_proj --ignore m.down_proj --ignore "
                     "m.up_proj") == "");
  CHECK(refused(folder, job_in(folder, {}, {"m.q_proj"}), preset, Status::block_not_divisor,
                "RECORDER cannot store") == "");
  CHECK(refused(folder, job_in(folder, {"re:other"}), preset, Status::nothing_to_do,
                in + ": the target 're:other' matches no layer") == "");
  CHECK(refused(folder, job_in(folder, {}, {"re:"}), preset, Status::nothing_to_do,
                in + ": no layer is selected") == "");
  LayerQuantizer<Serial> with_data = preset;
  with_data.data_free = "OTHER";
  CHECK(
      refused(
          folder, job_in(folder), with_data, Status::needs_calibration,
          "RECORDER: its input activation scales need calibration data; without data, use OTHER") ==
      "");
  ModelFreeJob absent = job_in(folder);
  absent.input = folder / "absent";
  CHECK(refused(folder, absent, preset, Status::io_open, "absent") == "");
  ModelFreeJob nowhere = job_in(folder, {"m.o_proj"});
  nowhere.output = folder / "absent/out";
  CHECK(refused(folder, nowhere, preset, Status::io_open, "absent") == "");
  CHECK(calls.empty());

  // What is refused is only what is selected.
  CHECK(run(job_in(folder, {"m.o_proj"}), preset).ok());
  CHECK(refused(folder, job_in(folder, {"m.o_proj"}), preset, Status::output_exists, "out") == "");
}

TEST_CASE("a model that is quantized already is refused") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 8)},
              {{"quantization_config", {{"quant_method", "awq"}}}});
  CHECK(refused(folder, job_in(folder), recorder(false), Status::config_invalid,
                "config.json: got a quantization_config") == "");
}

TEST_CASE("a tensor with the name of one to be written is refused, also in another shard") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 8, 1),
                              weight("m.o_proj", 3, 8, 2),
                              {"m.up_proj.weight_scale", Dtype::F32, {3}, 2, 0}});
  CHECK(refused(folder, job_in(folder), recorder(false), Status::checkpoint_ambiguous,
                "in/model-00002-of-00002.safetensors: tensor 'm.up_proj.weight_scale': got it "
                "beside 'm.up_proj.weight'") == "");
  CHECK(run(job_in(folder, {}, {"m.up_proj"}), recorder(false)).ok());
}

TEST_CASE("a weight that fails in the middle is named with its file, and nothing is left") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.0.up_proj", 3, 8, 1), weight("m.1.up_proj", 7, 8, 2),
                              weight("m.2.up_proj", 3, 8, 2)});
  auto const preset = recorder(true);
  refusal = Status::nonfinite_weight;
  CHECK(refused(folder, job_in(folder), preset, Status::nonfinite_weight,
                "in/model-00002-of-00002.safetensors: tensor 'm.1.up_proj.weight': row 1, column "
                "2: got NaN") == "");
  CHECK(calls.size() == 2);
}

TEST_CASE("a value that is not finite is found in the first pass, before anything is written") {
  samples::TemporaryFolder const folder;
  std::vector<Tensor> tensors = {weight("m.0.up_proj", 3, 8), weight("m.1.up_proj", 3, 8)};
  tensors[1].fill = 0xFF;  // NaN
  write_model(folder / "in", tensors);
  CHECK(refused(folder, job_in(folder), recorder(true), Status::nonfinite_weight,
                "in/model.safetensors: tensor 'm.1.up_proj.weight': row 0, column 0: got NaN") ==
        "");
  CHECK(calls.empty());
}

TEST_CASE("names as words of a shell") {
  using qfmt::oneshot::detail::shell_word;
  CHECK(shell_word("model.layers.0.mlp-2:a/b_C") == "model.layers.0.mlp-2:a/b_C");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("two words") == "'two words'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("$(x)") == "'$(x)'");
}

TEST_CASE("which dtypes are floating-point") {
  using qfmt::oneshot::detail::is_floating;
  int count = 0;
  for (std::size_t i = 0; i < qfmt::io::dtype_count; ++i) {
    auto const dtype = static_cast<Dtype>(i);
    bool const looks_like = name(dtype)[0] == 'F' || name(dtype)[0] == 'B';
    CHECK(is_floating(dtype) == (looks_like && dtype != Dtype::BOOL));
    count += is_floating(dtype) ? 1 : 0;
  }
  CHECK(count == 12);
}

TEST_CASE("a preset and a real model") {
  samples::TemporaryFolder const folder;
  write_model(folder / "in", {weight("m.up_proj", 3, 32), weight("m.down_proj", 5, 64)});
  Serial serial;
  auto const report =
      qfmt::oneshot::quantize_checkpoint<qfmt::preset::MXFP4>(job_in(folder), serial);
  REQUIRE(report.ok());
  CHECK(report->weight_bytes * 8 == report->weights * 17 / 4);
  auto const out = Checkpoint::open(folder / "out");
  auto const config = qfmt::io::parse_quantization_config(out->config());
  REQUIRE(config.ok());
  auto const match = qfmt::io::match_preset(*config);
  REQUIRE(match.ok());
  CHECK(match->preset == "MXFP4");
  auto const layer =
      qfmt::io::load_layer<qfmt::preset::MXFP4::Weights>(*out, match->format, "m.down_proj");
  REQUIRE(layer.ok());
  CHECK(layer->shape == Shape{5, 64});
  CHECK(layer->view()(4, 63) == 0.75f);  // of 0.747, on the grid
}

TEST_CASE("static inputs: the checkpoints of the package, with what stands there for calibration") {
  using qfmt::io::ActivationSite;
  Serial serial;
  auto const check = [&]<class Preset>(char const* name) {
    CAPTURE(name);
    auto const fixture = qfmt::test::fixtures() / "compressed_tensors" / name;
    samples::MemorySource const package{fixture / "model.safetensors"};
    samples::TemporaryFolder const folder;
    ModelFreeJob job = job_in(folder);
    job.input = fixture / "source.safetensors";
    job.input_scales = [&](std::string const& module) {
      return *qfmt::io::load_activation(package, module, ActivationSite::input);
    };
    REQUIRE(qfmt::oneshot::quantize_checkpoint<Preset>(job, serial).ok());
    samples::MemorySource const ours{folder / "out" / "model.safetensors"};
    CHECK(ours.tensors().size() == package.tensors().size());
    for (auto const& [tensor, expected] : package.tensors()) {
      REQUIRE(ours.contains(tensor));
      CHECK(ours.at(tensor).info.dtype == expected.info.dtype);
      CHECK(ours.at(tensor).info.shape == expected.info.shape);
      CHECK(ours.at(tensor).bytes == expected.bytes);
    }
  };
  check.operator()<qfmt::preset::FP8>("FP8");
  check.operator()<qfmt::preset::NVFP4>("NVFP4");
}
