#!/usr/bin/env python3
"""Writes the fixtures in tests/fixtures/compressed_tensors with the compressed-tensors package.

    pip install -r requirements.txt
    python make_fixtures.py             # write them
    python make_fixtures.py --check     # only tell whether the stored ones are the same

For each preset a directory holds a small checkpoint before quantization (source.safetensors),
as the package stores it (model.safetensors, config.json), and the weights that the package
reads back from it (expected.safetensors).
"""

import argparse
import copy
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from compressed_tensors.quantization import QuantizationConfig
from compressed_tensors.quantization.quant_scheme import PRESET_SCHEMES
from safetensors.torch import save_file

import cases
import oracle

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "compressed_tensors"
SEED = 1

# Preset: dtype of the source, rows and columns of its projections.
GROUPS_OF_16 = {"q": (4, 64), "k": (2, 64), "v": (2, 64), "gate": (3, 32), "up": (3, 32)}
GROUPS_OF_32 = {"q": (4, 96), "k": (1, 96), "v": (3, 96), "gate": (3, 32), "up": (3, 32)}
GROUPS_OF_128 = {"q": (3, 256), "k": (1, 256), "v": (2, 256), "gate": (3, 128), "up": (3, 128)}
ZERO_POINTS = {"q": (11, 128), "k": (9, 128), "v": (9, 128)}
CHANNELS = {"q": (8, 48), "k": (1, 48), "v": (3, 48), "gate": (5, 33), "up": (5, 33)}
BLOCKS = {"q": (130, 9), "k": (5, 200), "v": (1, 128), "gate": (3, 7), "up": (3, 7)}
PRESETS = {
    "NVFP4A16": ("BF16", GROUPS_OF_16),
    "MXFP4": ("BF16", GROUPS_OF_32),
    "MXFP8": ("F16", GROUPS_OF_32),
    "FP8_DYNAMIC": ("F32", CHANNELS),
    "FP8_BLOCK": ("BF16", BLOCKS),
    "W8A8": ("F16", CHANNELS),
    "W4A16": ("BF16", GROUPS_OF_128),
    "W4A16_ASYM": ("BF16", ZERO_POINTS),
    "FP8": ("F16", CHANNELS),
    "NVFP4": ("F32", GROUPS_OF_16),
    "MXFP6A16": ("BF16", GROUPS_OF_32),
    "W3A16": ("F32", GROUPS_OF_128),
    "FP8+W4": ("BF16", GROUPS_OF_128),
}

# What stands for calibration: the scale of a layer's input, by position.
INPUT_SCALES = [0.03125, 0.0107421875, 1.5, 3.0517578125e-05, 0.25]

# What fills each projection; see cases.fill.
KINDS = {"q": "heavy", "k": "normal", "v": "ties", "gate": "zeros", "up": "tiny"}

README = """\
# Checkpoints written by the compressed-tensors package

Each directory holds a tiny checkpoint under one preset. The package wrote all of it:

| file | content |
|---|---|
| `source.safetensors` | the tensors before quantization |
| `model.safetensors` | the tensors as stored |
| `config.json` | the model configuration with its `quantization_config` |
| `expected.safetensors` | the dense weights that the package reads back, in its dtype |

`configs.json` lists configurations, each as it was given to the package and as the package writes
it: of every preset, of mixtures, of key-value caches, and in old spellings. FP8 and NVFP4 have
scales of inputs, made up in the place of calibration. `FP8+W4` is a mixture: FP8_DYNAMIC, and W4A16
in the MLP.

Quantizing the source has to give the stored tensors, and reading the stored tensors has to give
the expected ones, both bit for bit. `digests.txt` lists the SHA-256 digest of every file.

Written by `python tests/oracle/make_fixtures.py` with
{versions}.

| preset | dtype of the source |
|---|---|
{presets}
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=FIXTURES)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    args = parser.parse_args()
    if not args.check:
        write(args.out)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        write(Path(temporary))
        same = read_files(args.out) == read_files(Path(temporary))
    print("the fixtures are the same" if same else "the fixtures differ")
    return 0 if same else 1


def write(directory):
    for preset, (dtype, shapes) in PRESETS.items():
        write_fixture(directory / preset, preset, dtype, shapes)
    text = json.dumps(configs(), indent=1, sort_keys=True)
    (directory / "configs.json").write_text(text + "\n")
    rows = "\n".join(f"| {preset} | {dtype} |" for preset, (dtype, _) in PRESETS.items())
    used = ", ".join(f"{name} {version}" for name, version in oracle.versions().items())
    (directory / "README.md").write_text(README.format(presets=rows, versions=used))
    (directory / "digests.txt").write_text(digests(directory))


def write_fixture(directory, preset, dtype, shapes):
    rng = np.random.default_rng(SEED)
    torch_dtype = cases.DTYPES[dtype]
    weights = {
        f"{name}_proj": cases.fill(KINDS[name], shape, preset, torch_dtype, rng)
        for name, shape in shapes.items()
    }
    tensors = cases.llama(weights, torch_dtype, rng)
    how = {"set_scales": set_calibrated, "calibrated": True} if preset in ("FP8", "NVFP4") else {}
    oracle.write_quantized(directory, tensors, cases.llama_config(tensors), preset, **how)
    save_file(tensors, directory / "source.safetensors")
    dense = oracle.decompress(directory, tensors)
    expected = {name: weight for name, weight in dense.items() if "_proj" in name}
    save_file(expected, directory / "expected.safetensors")


def set_calibrated(layers):
    oracle.set_min_max(layers)
    for layer in layers:
        scale = INPUT_SCALES[layer.weight.shape[0] % len(INPUT_SCALES)]
        if hasattr(layer, "input_global_scale"):
            layer.input_global_scale.fill_(1 / scale)
        else:
            layer.input_scale.fill_(scale)


def configs():
    """Configurations as given, and as the package writes them."""
    linear = ["Linear"]
    int4 = {"num_bits": 4, "strategy": "group", "group_size": 128}
    given = [{"config_groups": {name: linear}} for name in PRESET_SCHEMES if name != "UNQUANTIZED"]
    given += [
        {"config_groups": {"W4A16": ["re:.*mlp"], "fp8_dynamic": linear}, "ignore": ["lm_head"]},
        {"config_groups": {"g": {"targets": linear, "weights": int4, "format": "pack-quantized"}}},
        {
            "config_groups": {
                "group_0": {
                    "targets": ["re:.*self_attn"],
                    "weights": {"num_bits": 8, "type": "FLOAT", "strategy": "Channel"},
                    "input_activations": {"type": "float", "strategy": "token", "dynamic": True},
                    "format": "float-quantized",
                },
                "group_1": {"targets": ["Linear"], "weights": int4, "format": "pack-quantized"},
                "group_10": {"targets": ["lm_head"], "weights": {**int4, "num_bits": 8}},
            },
            "format": "mixed-precision",
            "ignore": ["model.layers.0.mlp.gate", "lm_head"],
            "quantization_status": "compressed",
        },
        {
            "config_groups": {"W8A8": linear},
            "kv_cache_scheme": {"type": "float", "strategy": "tensor", "observer": "static_minmax"},
        },
        {
            "config_groups": {},
            "kv_cache_scheme": {"num_bits": 8, "type": "float", "strategy": "attn_head"},
            "global_compression_ratio": 1.5,
        },
    ]
    weights = [
        {"num_bits": 8, "strategy": "block", "block_structure": "128x64", "type": "float"},
        {"group_size": -1, "num_bits": 4},
        {**int4, "actorder": "static"},
        {**int4, "actorder": "weight", "observer": "mse", "observer_kwargs": {"maxshrink": 0.2}},
        {**int4, "symmetric": False, "zp_dtype": "torch.int8"},
        {**int4, "zp_dtype": "torch.int8", "scale_dtype": "bfloat16", "observer": None},
        {**int4, "actorder": None, "block_structure": None, "scale_dtype": None},
        {"num_bits": 8},
    ]
    given += [{"config_groups": {"group_0": {"targets": linear, "weights": w}}} for w in weights]
    return [{"given": config, "written": written(config)} for config in given]


def written(config):
    """What the package makes of a configuration, with the fields that it adds in a file."""
    dump = QuantizationConfig.model_validate(copy.deepcopy(config)).model_dump()
    return {
        **dump,
        "quant_method": "compressed-tensors",
        "sparsity_config": {},
        "transform_config": {},
        "version": oracle.versions()["compressed-tensors"],
    }


def digests(directory):
    return "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(read_files(directory).items())
        if name != "digests.txt"
    )


def read_files(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
