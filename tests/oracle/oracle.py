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
    QuantizationArgs,
    QuantizationConfig,
    QuantizationScheme,
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

# Parameters of activations, which only calibration data can give.
CALIBRATED = ("input_global_scale", "input_scale")

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


# Presets of this project that the package can describe, but has no names for.
UNPUBLISHED = {
    "W4A16_CHANNEL": {"weights": {"num_bits": 4, "type": "int", "strategy": "channel"}},
    "W8A16_CHANNEL": {"weights": {"num_bits": 8, "type": "int", "strategy": "channel"}},
    "NVFP4AFP8": {
        "weights": preset_name_to_scheme("NVFP4A16", []).weights,
        "input_activations": preset_name_to_scheme("FP8_DYNAMIC", []).input_activations,
    },
}

# Several schemes in one checkpoint: presets, and the targets of each.
MIXED = {
    "FP8+W4": {"FP8_DYNAMIC": ["Linear"], "W4A16": ["re:.*mlp"]},
    "W8+W4+NVFP4": {
        "W8A8": ["Linear"],
        "W4A16_ASYM": ["re:.*self_attn\\.[qkv]_proj"],
        "NVFP4A16": ["re:.*mlp\\.(gate|up)_proj", "model.layers.0.mlp.down_proj"],
    },
    "MX": {"MXFP8": ["Linear"], "MXFP4": ["re:.*mlp"], "MXFP6A16": ["re:.*o_proj"]},
    "no others": {"W3A16": ["re:.*down_proj", "re:.*self_attn\\.o"]},
}


def schemes(preset):
    """The schemes of a preset, or of a mixture: the name of each, and its targets."""
    return MIXED.get(preset, {preset: ["Linear"]})


def scheme_of(preset, targets):
    if preset not in UNPUBLISHED:
        return preset_name_to_scheme(preset, targets)
    sides = {
        side: QuantizationArgs.model_validate(args) if isinstance(args, dict) else args
        for side, args in UNPUBLISHED[preset].items()
    }
    return QuantizationScheme(targets=targets, **sides)


def weight_args(preset):
    """The quantization arguments that a preset gives to weights; of a mixture, the coarsest."""
    args = [scheme_of(name, ["Linear"]).weights for name in schemes(preset)]
    return max(args, key=lambda a: (not a.symmetric, a.group_size or 0))


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


def quantize(tensors, preset, ignore=(), observer=None, set_scales=None, calibrated=False):
    """Returns the stored tensors and the compressor that knows the configuration.

    `set_scales` finds the scales of layers that share a global scale, and sets them; `observer` is
    the name by which the configuration mentions it. By default the smallest and largest values.
    With `calibrated` the scales of inputs, which are then the caller's to set, are kept.
    """
    model = build_model(tensors)
    groups = {
        f"group_{i}": scheme_of(name, targets)
        for i, (name, targets) in enumerate(schemes(preset).items())
    }
    if observer:
        for scheme in groups.values():
            scheme.weights = scheme.weights.model_copy(update={"observer": observer})
    config = QuantizationConfig(config_groups=groups, ignore=[*ALWAYS_IGNORED, *ignore])
    apply_quantization_config(model, config, show_progress=False)
    for layers in _layers_by_global_scale(model):
        (set_scales or set_min_max)(layers)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    # The scale of activations needs calibration data; without any it is not initialised.
    stored = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if calibrated or not name.endswith(CALIBRATED)
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


def set_min_max(layers):
    """Finds and sets the scales of layers that share a global scale."""
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
        layer.weight_scale.copy_(scale.reshape(layer.weight_scale.shape))
        layer.weight_zero_point.copy_(zero_point.reshape(layer.weight_zero_point.shape))


def _min_max(weight, args):
    """Smallest and largest value for each scale (the `memoryless_minmax` observer)."""
    if args.strategy == "tensor":
        values = weight.reshape(1, -1)
    elif args.strategy == "channel":
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


def write_quantized(directory, tensors, config, preset, ignore=(), **how):
    """Writes what the package makes of a checkpoint."""
    stored, compressor = quantize(tensors, preset, ignore, **how)
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
        name: torch.ones(1) for name in model.state_dict() if name.endswith(CALIBRATED)
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
