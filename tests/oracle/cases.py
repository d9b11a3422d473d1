"""Source checkpoints that exercise every corner of the quantization rules.

A checkpoint is a tiny llama: one decoder layer with its seven projections, norms, an embedding
and a head. Each case fills the projections with another kind of values.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np
import torch

from oracle import weight_args

DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}

# Case name: kind of values, shape of the projections, ignored modules.
CASES = {
    "normal": ("normal", "usual", []),
    "heavy": ("heavy", "usual", []),
    "zeros": ("zeros", "usual", []),
    "tiny": ("tiny", "usual", []),
    "huge": ("huge", "usual", []),
    "wide": ("wide", "usual", []),
    "ties": ("ties", "usual", []),
    "one_group": ("heavy", "one_group", []),
    "one_row": ("heavy", "one_row", []),
    "large": ("heavy", "large", []),
    "ignore": ("normal", "usual", ["model.layers.0.mlp.down_proj"]),
}


@dataclass
class Case:
    """A source checkpoint and the modules that are left out."""

    tensors: dict
    config: dict
    ignore: list = field(default_factory=list)


def make_case(name, preset, dtype, seed):
    """The case `name` for one preset; equal arguments give equal bytes."""
    kind, size, ignore = CASES[name]
    rng = np.random.default_rng([seed, zlib.crc32(f"{name} {preset} {dtype}".encode())])
    weights = {
        projection: fill(kind, shape, preset, DTYPES[dtype], rng)
        for projection, shape in projection_shapes(preset, size).items()
    }
    if kind == "zeros":
        weights["k_proj"].zero_()
        weights["down_proj"].zero_()
    tensors = llama(weights, DTYPES[dtype], rng)
    return Case(tensors, llama_config(tensors), ignore)


# -- values ---------------------------------------------------------------------------------


def fill(kind, shape, preset, dtype, rng):
    """A matrix of one kind of values, all finite and below a quarter of the largest value.

    The limit keeps max - min finite, and MX exponents below the code that stands for NaN.
    """
    info = torch.finfo(dtype)
    values = rng.standard_normal(shape) * 0.02
    if kind == "heavy":
        values = rng.standard_t(2, shape) * 0.01
    elif kind == "zeros":
        values[::3] = 0.0
        values[:, : values.shape[1] // 2] = 0.0
        values[rng.random(shape) < 0.5] *= 0.0  # zeros of both signs
    elif kind == "tiny":  # from the smallest subnormal to some way above the normals
        low, high = np.log2(info.smallest_normal * info.eps), np.log2(info.smallest_normal) + 12
        values = _signs(shape, rng) * np.exp2(rng.uniform(low, high, (shape[0], 1)))
        values = values * rng.random(shape)
    elif kind == "huge":
        values = values * (info.max / np.abs(values).max())
    elif kind == "wide":  # every row another exponent
        low, high = np.log2(info.smallest_normal), np.log2(info.max)
        values = values * 50 * np.exp2(rng.uniform(low, high, (shape[0], 1)))
    elif kind == "ties":
        values = _ties(shape, weight_args(preset), rng)
    limit = info.max / 4
    return torch.from_numpy(values.clip(-limit, limit)).to(dtype)


def _signs(shape, rng):
    return rng.choice([-1.0, 1.0], shape)


def _ties(shape, args, rng):
    """Values halfway between two codes, under scales that are powers of two."""
    rows, columns = shape
    largest = {8: 448.0, 6: 7.5, 4: 6.0}[args.num_bits] if args.type == "float" else 0.0
    if args.type == "int":
        largest = 2 ** (args.num_bits - 1) - 0.5
    if args.type == "int":
        values = rng.integers(0, int(largest) + 1, shape) + 0.5
    else:
        steps, low, high = {8: (16, -8, 9), 6: (16, -3, 3), 4: (4, -3, 3)}[args.num_bits]
        mantissas = 1 + rng.integers(0, steps, shape) / steps
        values = mantissas * np.exp2(rng.integers(low, high, shape))
    values = _signs(shape, rng) * np.minimum(values, largest)
    group = args.group_size or columns
    values[:, ::group] = largest
    if args.strategy == "block":
        return values
    values *= np.repeat(np.exp2(rng.integers(-4, 5, (rows, columns // group))), group, axis=1)
    if args.strategy == "tensor_group":
        values[0, 0] = 2688.0  # makes the global scale one
    return values


# -- checkpoints ----------------------------------------------------------------------------


def projection_shapes(preset, size):
    """Rows and columns of the seven projections."""
    args = weight_args(preset)
    if args.strategy == "block":
        unit, hidden, inter, row_unit = 128, 200, 260, 43
    elif args.strategy in ("channel", "tensor"):
        unit, hidden, inter, row_unit = 1, 72, 33, 1
    else:
        unit, row_unit = args.group_size, 1 if args.symmetric else 9
        hidden, inter = 2 * unit, 3 * unit
    rows = {"q": 16, "k": 3, "v": 3, "o": 9, "gate": 7, "up": 7, "down": 5}
    if size == "one_group":
        hidden = inter = unit
    elif size == "one_row":
        rows = dict.fromkeys(rows, 1)
        row_unit = 1
    elif size == "large":
        hidden, inter, row_unit = 512, 768, 16
    columns = {"o": inter, "down": inter}
    return {
        f"{name}_proj": (count * row_unit, columns.get(name, hidden))
        for name, count in rows.items()
    }


def llama(weights, dtype, rng):
    """The tensors of a llama checkpoint around the projections in `weights`."""

    def random(*shape):
        return torch.from_numpy(rng.standard_normal(shape)).to(dtype)

    layer = "model.layers.0"
    tensors = {"model.embed_tokens.weight": random(4, 8)}
    for name, weight in weights.items():
        parent = "mlp" if name in ("gate_proj", "up_proj", "down_proj") else "self_attn"
        tensors[f"{layer}.{parent}.{name}.weight"] = weight
    tensors[f"{layer}.input_layernorm.weight"] = random(8)
    tensors[f"{layer}.post_attention_layernorm.weight"] = random(8)
    tensors["model.norm.weight"] = random(8)
    tensors["lm_head.weight"] = random(4, 8)
    return tensors


def llama_config(tensors):
    """A config.json for the checkpoint; only its quantization part is ever looked at."""
    q_proj = tensors["model.layers.0.self_attn.q_proj.weight"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": q_proj.shape[1],
        "model_type": "llama",
        "num_hidden_layers": 1,
        "torch_dtype": str(q_proj.dtype).removeprefix("torch."),
        "vocab_size": 4,
    }
