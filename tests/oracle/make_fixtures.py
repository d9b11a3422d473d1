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
import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np
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
}

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
    oracle.write_quantized(directory, tensors, cases.llama_config(tensors), preset)
    save_file(tensors, directory / "source.safetensors")
    dense = oracle.decompress(directory, tensors)
    expected = {name: weight for name, weight in dense.items() if "_proj" in name}
    save_file(expected, directory / "expected.safetensors")


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
