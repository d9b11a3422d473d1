"""What the compressed-tensors package stores for a checkpoint: the reference for `qfmt quantize`.

The package is driven the way LLM checkpoints are written with it: attach a scheme to a model,
find the scales of every weight, compress the model, save it and add `quantization_config` to
config.json. Only the smallest-and-largest-value observer is restated here, because it belongs
to llm-compressor rather than to compressed-tensors.
"""

import functools
import json
import platform
from pathlib import Path

import compressed_tensors
import safetensors
import torch
from compressed_tensors.compressors import ModelCompressor, decompress_module
from compressed_tensors.quantization import (
    QuantizationConfig,
    apply_quantization_config,
    preset_name_to_scheme,
)
from compressed_tensors.quantization.utils import (
    calculate_qparams,
    generate_gparam,
    maybe_pad_tensor_for_block_quant,
)
from loguru import logger
from safetensors.torch import load_file, save_file
from tqdm import tqdm

# The package logs and draws progress bars; the scripts print their own lines.
logger.disable("compressed_tensors")
tqdm.__init__ = functools.partialmethod(tqdm.__init__, disable=True)

# Layers that inference engines merge into one; NVFP4 gives them one global scale.
FUSED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))

# Modules that are never quantized, beside those that a caller ignores.
ALWAYS_IGNORED = ["lm_head"]


def versions():
    """Names and versions of what the reference values depend on."""
    return {
        "compressed-tensors": compressed_tensors.__version__,
        "torch": torch.__version__,
        "safetensors": safetensors.__version__,
        "python": platform.python_version(),
    }


def weight_args(preset):
    """The quantization arguments that a preset gives to weights."""
    return preset_name_to_scheme(preset, ["Linear"]).weights


# -- models ---------------------------------------------------------------------------------


def build_model(tensors):
    """A module tree that holds `tensors`, whose names all end in `.weight`."""
    model = torch.nn.Module()
    for name, tensor in tensors.items():
        *parents, leaf, _ = name.split(".")
        parent = model
        for part in parents:
            if not hasattr(parent, part):
                parent.add_module(part, torch.nn.Module())
            parent = getattr(parent, part)
        parent.add_module(leaf, _layer(leaf, tensor))
    return model


def _layer(name, tensor):
    if "embed" in name:
        return torch.nn.Embedding.from_pretrained(tensor)
    if tensor.ndim == 2:
        layer = torch.nn.Linear(*reversed(tensor.shape), bias=False, device="meta")
    else:
        layer = torch.nn.Module()
    layer.weight = torch.nn.Parameter(tensor, requires_grad=False)
    return layer


# -- quantization ---------------------------------------------------------------------------


def quantize(tensors, preset, ignore=()):
    """Returns the stored tensors and the compressor that knows the configuration."""
    model = build_model(tensors)
    scheme = preset_name_to_scheme(preset, ["Linear"])
    config = QuantizationConfig(
        config_groups={"group_0": scheme}, ignore=[*ALWAYS_IGNORED, *ignore]
    )
    apply_quantization_config(model, config, show_progress=False)
    for layers in _layers_by_global_scale(model):
        _set_scales(layers)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    # The scale of activations needs calibration data; without any it is not initialised.
    stored = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if not name.endswith("input_global_scale")
    }
    return stored, compressor


def _layers_by_global_scale(model):
    """Lists of quantized layers, those that share a global scale together."""
    for parent in model.modules():
        left = {
            name: child
            for name, child in parent.named_children()
            if hasattr(child, "quantization_scheme")
        }
        for names in FUSED:
            fused = [left.pop(name) for name in names if name in left]
            if fused:
                yield fused
        yield from ([layer] for layer in left.values())


def _set_scales(layers):
    observed = [_min_max(layer.weight, layer.quantization_scheme.weights) for layer in layers]
    largest = torch.stack([torch.max(-low.min(), high.max()) for low, high in observed]).max()
    for layer, (low, high) in zip(layers, observed, strict=True):
        global_scale = None
        if hasattr(layer, "weight_global_scale"):
            global_scale = generate_gparam(-largest.reshape(1), largest.reshape(1))
            layer.weight_global_scale.copy_(global_scale)
        scale, zero_point = calculate_qparams(
            low, high, layer.quantization_scheme.weights, global_scale
        )
        layer.weight_scale.copy_(scale)
        layer.weight_zero_point.copy_(zero_point)


def _min_max(weight, args):
    """Smallest and largest value for each scale (the `memoryless_minmax` observer)."""
    if args.strategy == "channel":
        values = weight.unsqueeze(1)
    elif args.strategy == "block":
        rows, columns = args.block_structure
        values = maybe_pad_tensor_for_block_quant(weight, args.block_structure)
        values = values.unflatten(1, (-1, columns)).unflatten(0, (-1, rows))
        values = values.transpose(1, 2).flatten(2)
    else:
        values = weight.unflatten(1, (-1, args.group_size))
    return values.amin(-1), values.amax(-1)


# -- checkpoints ----------------------------------------------------------------------------


def write_checkpoint(directory, tensors, config):
    """Writes a checkpoint directory: model.safetensors and config.json."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    (directory / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True))


def write_quantized(directory, tensors, config, preset, ignore=()):
    """Writes what the package makes of a checkpoint."""
    stored, compressor = quantize(tensors, preset, ignore)
    write_checkpoint(directory, stored, config)
    compressor.update_config(directory)


def read_tensors(directory):
    """All tensors of a checkpoint directory, which may be sharded."""
    directory = Path(directory)
    index = directory / "model.safetensors.index.json"
    if not index.exists():
        return load_file(directory / "model.safetensors")
    weight_map = json.loads(index.read_text())["weight_map"]
    shards = {file: load_file(directory / file) for file in set(weight_map.values())}
    if sum(map(len, shards.values())) != len(weight_map):
        raise ValueError(f"{index} does not list every stored tensor")
    return {name: shards[file][name] for name, file in weight_map.items()}


def read_config(directory):
    return json.loads((Path(directory) / "config.json").read_text())


def decompress(directory, tensors):
    """Loads a quantized checkpoint with the package and returns its dense weights.

    `tensors` are those of the source checkpoint; only their names and shapes are used. Loading
    fails when the stored names or shapes are not the ones that the package expects.
    """
    model = build_model({name: torch.zeros_like(tensor) for name, tensor in tensors.items()})
    config = QuantizationConfig.model_validate(read_config(directory)["quantization_config"])
    apply_quantization_config(model, config, show_progress=False)
    ModelCompressor(quantization_config=config).compress_model(model)
    # The scale of activations is absent without calibration, and has no part in the weights.
    activation_scales = {
        name: torch.ones(1) for name in model.state_dict() if name.endswith("input_global_scale")
    }
    model.load_state_dict({**activation_scales, **read_tensors(directory)}, assign=True)
    for module in model.modules():
        decompress_module(module)
    return {name: model.get_parameter(name).detach().contiguous() for name in tensors}


def can_decompress(tensors, preset):
    """Whether the package can unpack its own checkpoint.

    Version 0.20.0 fails on zero points of eight rows or fewer, which fill a single word.
    """
    rows = [tensor.shape[0] for name, tensor in tensors.items() if name.endswith("_proj.weight")]
    return weight_args(preset).symmetric or min(rows) > 8
