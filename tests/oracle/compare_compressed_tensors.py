#!/usr/bin/env python3
"""Compares `qfmt quantize` with the compressed-tensors package, byte for byte.

For every preset and mixture of presets, dtype and case the script writes a source checkpoint, lets
the package and the tool quantize it, and compares all stored tensors, config.json, the dense
weights that the package reads back from either, and those that the tool reads from the package's.
It prints one line for each comparison and exits with 1 on any difference.

    pip install -r requirements.txt
    python compare_compressed_tensors.py --qfmt PATH_TO_TOOL

Without the tool, `--write-oracle DIR` writes the source and reference checkpoints only.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from compressed_tensors.quantization.quant_scheme import PRESET_SCHEMES

import cases
import oracle

# FP8 and NVFP4 need calibration data; their weights are those of the fixtures.
NEED_DATA = ("UNQUANTIZED", "FP8", "NVFP4")
PRESETS = [name for name in PRESET_SCHEMES if name not in NEED_DATA] + list(oracle.UNPUBLISHED)

# A file of the source checkpoint that has to arrive unchanged.
EXTRA_FILE, EXTRA_TEXT = "generation_config.json", '{"do_sample": false}\n'


def main():
    args = parse_arguments()
    runs = equal = 0
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(args.write_oracle or args.work or temporary)
        for preset in args.presets:
            for dtype in args.dtypes:
                for name in args.cases:
                    case = cases.make_case(name, preset, dtype, args.seed)
                    directory = work / f"{preset}-{dtype}-{name}"
                    write_inputs(directory, case, preset)
                    runs += 1
                    if args.write_oracle:
                        difference = compare_dense(directory, "package", case, preset)
                    else:
                        difference = compare(args.qfmt, directory, case, preset)
                    equal += difference is None
                    print(f"{preset} {dtype} {name}: {difference or 'equal'}", flush=True)
    used = ", ".join(f"{name} {version}" for name, version in oracle.versions().items())
    print(f"{equal} of {runs} equal ({used})")
    return 0 if equal == runs else 1


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--qfmt", metavar="PATH", help="the tool to compare")
    target.add_argument("--write-oracle", metavar="DIR", help="write references, run no tool")
    parser.add_argument("--work", metavar="DIR", help="keep all checkpoints in this directory")
    everything = [*PRESETS, *oracle.MIXED]
    parser.add_argument("--presets", nargs="+", default=everything, metavar="NAME")
    parser.add_argument("--dtypes", nargs="+", default=list(cases.DTYPES), choices=cases.DTYPES)
    parser.add_argument("--cases", nargs="+", default=list(cases.CASES), choices=cases.CASES)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def write_inputs(directory, case, preset):
    """Writes the source checkpoint and what the package makes of it."""
    if directory.exists():
        shutil.rmtree(directory)
    oracle.write_checkpoint(directory / "source", case.tensors, case.config)
    (directory / "source" / EXTRA_FILE).write_text(EXTRA_TEXT)
    oracle.write_quantized(directory / "package", case.tensors, case.config, preset, case.ignore)


def compare(tool, directory, case, preset):
    """Runs the tool and returns the first difference as text, or None."""
    command = [tool, "quantize"]
    for name, targets in oracle.schemes(preset).items():
        for target in targets:
            command += ["--scheme", name if target == "Linear" else f"{name}={target}"]
    for module in case.ignore:
        command += ["--ignore", module]
    command += [directory / "source", directory / "qfmt"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        return f"the tool failed with {result.returncode}: {' '.join(result.stderr.split())}"
    package, ours = directory / "package", directory / "qfmt"
    return (
        compare_tensors(oracle.read_tensors(package), oracle.read_tensors(ours))
        or compare_configs(oracle.read_config(package), oracle.read_config(ours))
        or compare_config_text(package, ours)
        or compare_extra_file(ours)
        or compare_dense(directory, "qfmt", case, preset)
        or compare_dequantized(tool, directory, case, preset)
    )


def compare_tensors(package, ours):
    if package.keys() != ours.keys():
        missing, extra = sorted(package.keys() - ours.keys()), sorted(ours.keys() - package.keys())
        return f"missing tensors {missing}, extra tensors {extra}"
    for name in sorted(package):
        difference = compare_tensor(package[name], ours[name])
        if difference:
            return f"{name}{difference}"
    return None


def compare_tensor(package, ours):
    for what in ("dtype", "shape"):
        left, right = getattr(package, what), getattr(ours, what)
        if left != right:
            return f" {what}: package {left}, tool {right}"
    different = as_bytes(package).ne(as_bytes(ours)).any(-1).nonzero()
    if len(different) == 0:
        return None
    first = different[0].item()
    place = [int(i) for i in torch.unravel_index(torch.tensor(first), package.shape)]
    return (
        f"{place}: package {show(package, first)}, tool {show(ours, first)}"
        f" ({len(different)} of {package.numel()} elements differ)"
    )


def as_bytes(tensor):
    """The bytes of a tensor, one row for each element."""
    return tensor.contiguous().reshape(-1, 1).view(torch.uint8)


def show(tensor, position):
    little_endian = bytes(as_bytes(tensor)[position].tolist())
    return f"{tensor.reshape(-1)[position].item()} (0x{little_endian[::-1].hex()})"


def compare_configs(package, ours):
    for config in (package, ours):
        # The package lists modules, and numbers groups, in the order of the model, which no
        # checkpoint records.
        quantization = config.get("quantization_config", {})
        quantization.get("ignore", []).sort()
        groups = sorted(quantization.get("config_groups", {}).values(), key=json.dumps)
        quantization["config_groups"] = {f"group_{i}": group for i, group in enumerate(groups)}
    return compare_values(package, ours, "config.json")


def compare_config_text(package, ours):
    """Compares config.json as text, but for the order of modules and groups."""
    text = (ours / "config.json").read_text()
    config = oracle.read_config(ours)
    if text != json.dumps(config, indent=2, sort_keys=True) + "\n":
        return "config.json is not written as the package writes it"
    return None


def compare_values(package, ours, path):
    """Compares two JSON values key by key."""
    if isinstance(package, dict) and isinstance(ours, dict):
        for key in sorted(package.keys() | ours.keys()):
            if key not in package or key not in ours:
                return f"{path}: key {key} is only in {'package' if key in package else 'tool'}"
            difference = compare_values(package[key], ours[key], f"{path}: {key}")
            if difference:
                return difference
    elif type(package) is not type(ours) or package != ours:
        return f"{path}: package {package!r}, tool {ours!r}"
    return None


def compare_extra_file(ours):
    copy = ours / EXTRA_FILE
    if not copy.exists() or copy.read_text() != EXTRA_TEXT:
        return f"{EXTRA_FILE} was not copied"
    return None


def compare_dense(directory, producer, case, preset):
    """Compares the dense weights that the package reads from its checkpoint and from another."""
    if not oracle.can_decompress(case.tensors, preset):
        return None
    try:
        dense = oracle.decompress(directory / producer, case.tensors)
    except Exception as error:
        return f"the package cannot load the checkpoint: {error}"
    difference = compare_tensors(oracle.decompress(directory / "package", case.tensors), dense)
    return f"dense {difference}" if difference else None


def compare_dequantized(tool, directory, case, preset):
    """Compares what the tool and the package read from the package's checkpoint."""
    if not oracle.can_decompress(case.tensors, preset):
        return None
    package = oracle.decompress(directory / "package", case.tensors)
    # The package reads block formats in BF16, whatever the model's dtype is.
    dtypes = {tensor.dtype for name, tensor in package.items() if "_proj" in name}
    names = {dtype: name for name, dtype in cases.DTYPES.items()}
    for dtype in dtypes:
        dense = directory / f"dense-{names[dtype]}"
        command = [tool, "dequantize", "--dtype", names[dtype], directory / "package", dense]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            return f"the tool cannot dequantize: {' '.join(result.stderr.split())}"
        ours = oracle.read_tensors(dense)
        if ours.keys() != package.keys():
            return f"dequantized: other tensors {sorted(ours.keys() ^ package.keys())}"
        for name, expected in package.items():
            if "_proj" in name and expected.dtype != dtype:
                continue
            difference = compare_tensor(expected, ours[name])
            if difference:
                return f"dequantized {name}{difference}"
    return None


if __name__ == "__main__":
    sys.exit(main())
