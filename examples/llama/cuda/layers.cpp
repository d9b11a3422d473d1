// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "layers.hpp"

#include <string>
#include <utility>

#include <qfmt/io/compressed_tensors.hpp>

#include "../linear.hpp"
#include "weight.hpp"

namespace llama::cuda {
namespace {

using namespace qfmt;

/// A layer whose products are the device's.
class DeviceLinear final : public Linear {
 public:
  DeviceLinear(std::string module, SharedLinear host, std::unique_ptr<Weight> weight)
      : module_{std::move(module)}, host_{std::move(host)}, weight_{std::move(weight)} {}

  Result<void> multiply(MatrixView<float const> x, MatrixView<float> y,
                        ThreadPool& /*threads*/) const override {
    if (Status const status = weight_->multiply(x, y); status != Status::ok)
      return Error{status, "layer " + quoted(module_) + " on the device"};
    return {};
  }
  void read_row(index_t row, float* to) const override { host_->read_row(row, to); }

 private:
  std::string module_;
  SharedLinear host_;
  std::unique_ptr<Weight> weight_;
};

template <class Preset>
Result<int> move_layers(io::Checkpoint const& checkpoint, io::CompressedFormat format,
                        Model& model) {
  Result<void> result;
  int count = 0;
  auto const move = [&](std::string const& module, SharedLinear& linear) {
    if (!result || checkpoint.find(module + ".weight_scale") == nullptr)
      return;
    auto const weight = io::load_layer<typename Preset::Weights>(checkpoint, format, module);
    auto const packed = weight ? qfmt::cuda::pack(weight->view()) : weight.error();
    if (!packed) {
      result = packed.error();
      return;
    }
    auto there = to_device(*packed);
    if (there == nullptr) {
      result = Error{Status::out_of_memory, "layer " + quoted(module) + " on the device"};
      return;
    }
    linear = std::make_shared<DeviceLinear>(module, std::move(linear), std::move(there));
    ++count;
  };
  for (std::size_t i = 0; i < model.layers().size(); ++i) {
    std::string const layer = "model.layers." + std::to_string(i) + ".";
    DecoderLayer& d = model.layers()[i];
    move(layer + "self_attn.q_proj", d.q);
    move(layer + "self_attn.k_proj", d.k);
    move(layer + "self_attn.v_proj", d.v);
    move(layer + "self_attn.o_proj", d.o);
    move(layer + "mlp.gate_proj", d.gate);
    move(layer + "mlp.up_proj", d.up);
    move(layer + "mlp.down_proj", d.down);
  }
  if (!result)
    return result.error();
  return count;
}

}  // namespace

Result<int> move_to_device(std::filesystem::path const& directory, Model& model) {
  auto const checkpoint = io::Checkpoint::open(directory);
  if (!checkpoint)
    return checkpoint.error();
  if (!checkpoint->config().contains("quantization_config"))
    return Error{Status::unsupported, "config.json: got no quantization_config, expected one"};
  auto const config = io::parse_quantization_config(checkpoint->config());
  if (!config)
    return config.error();
  if (config->groups.size() != 1)
    return Error{Status::unsupported, "config.json: got " + std::to_string(config->groups.size()) +
                                          " groups, expected one"};
  auto const scheme = io::match_preset(*config, config->groups.front());
  if (!scheme)
    return scheme.error();
  if (scheme->preset == preset::NVFP4A16::name)
    return move_layers<preset::NVFP4A16>(*checkpoint, scheme->format, model);
  if (scheme->preset == preset::MXFP4A16::name)
    return move_layers<preset::MXFP4A16>(*checkpoint, scheme->format, model);
  return Error{Status::unsupported,
               "config.json: got " + scheme->preset + ", expected NVFP4A16 or MXFP4A16"};
}

}  // namespace llama::cuda
