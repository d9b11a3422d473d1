#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Compares `qfmt quantize --observer` with the observers of llm-compressor, byte for byte.

    pip install -r requirements.txt -r requirements_observers.txt
    python compare_observers.py --qfmt PATH_TO_TOOL

For every observer, preset, dtype and case the script writes a source checkpoint, lets an observer
of llm-compressor find the scales, stores the checkpoint with the compressed-tensors package, and
compares all tensors and config.json with those of the tool. It prints one line for each comparison
and exits with 1 on any difference.

Errors are sums, and PyTorch adds in an order that depends on the vectors of the processor and on
the number of threads. Without --cpu it runs with vectors of 256 bits and the C library's pow, on
one thread: the order that qfmt has taken for its own.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Before torch is loaded.
CPU = sys.argv[sys.argv.index("--cpu") + 1] if "--cpu" in sys.argv else "default"
os.environ["ATEN_CPU_CAPABILITY"] = CPU
os.environ["LLM_COMPRESSOR_LOG_DISABLED"] = "true"

import torch  # noqa: E402

torch.set_num_threads(1)

import llmcompressor  # noqa: E402
from llmcompressor.observers import Observer  # noqa: E402
from llmcompressor.observers.fusion import FusionHandler  # noqa: E402

import cases  # noqa: E402
import compare_compressed_tensors as compare  # noqa: E402
import oracle  # noqa: E402

# Observers, and the presets for whose weights the tool has them.
TWO_LEVELS = ["NVFP4A16"]
OBSERVERS = {
    "memoryless_minmax": compare.PRESETS,
    "memoryless_mse": ["NVFP4A16", "MXFP4A16", "MXFP4", "W8A8", "W8A16", "W4A16", "W4A16_ASYM", "W4A8"],
    "nvfp4_expanded_mse": TWO_LEVELS,
}
# What llm-compressor makes of these for weights.
SAME = {"static_minmax": "memoryless_minmax", "minmax": "memoryless_minmax", "mse": "memoryless_mse"}


def main():
    args = parse_arguments()
    runs = equal = tensors = differing = 0
    with tempfile.TemporaryDirectory() as temporary:
        for observer in args.observers:
            for preset in OBSERVERS[SAME.get(observer, observer)]:
                if args.presets and preset not in args.presets:
                    continue
                for dtype in args.dtypes:
                    for name in args.cases:
                        case = cases.make_case(name, preset, dtype, args.seed)
                        directory = Path(args.work or temporary) / f"{observer}-{preset}-{dtype}-{name}"
                        difference, counts = run(args.qfmt, directory, case, preset, observer)
                        if not args.work:
                            shutil.rmtree(directory)
                        runs += 1
                        equal += difference is None
                        tensors += counts[0]
                        differing += counts[1]
                        print(f"{observer} {preset} {dtype} {name}: {difference or 'equal'}", flush=True)
    used = ", ".join(f"{name} {version}" for name, version in oracle.versions().items())
    print(f"{equal} of {runs} equal; {differing} of {tensors} scales differ "
          f"(llm-compressor {llmcompressor.__version__}, {used}, vectors: {CPU})")
    return 0 if equal == runs else 1


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--qfmt", metavar="PATH", required=True, help="the tool to compare")
    parser.add_argument("--work", metavar="DIR", help="keep all checkpoints in this directory")
    parser.add_argument("--observers", nargs="+", default=list(OBSERVERS), metavar="NAME",
                        choices=[*OBSERVERS, *SAME])
    parser.add_argument("--presets", nargs="+", metavar="NAME")
    parser.add_argument("--dtypes", nargs="+", default=list(cases.DTYPES), choices=cases.DTYPES)
    parser.add_argument("--cases", nargs="+", default=list(cases.CASES), choices=cases.CASES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpu", default="default", help="vectors that PyTorch uses: default, avx2, avx512")
    return parser.parse_args()


def run(tool, directory, case, preset, observer):
    """The first difference as text, or None; and how many scales there are and differ."""
    if directory.exists():
        shutil.rmtree(directory)
    oracle.write_checkpoint(directory / "source", case.tensors, case.config)
    named = None if observer == "memoryless_minmax" else observer
    oracle.write_quantized(directory / "package", case.tensors, case.config, preset, case.ignore,
                           observer=named, set_scales=scales_by(observer))
    command = [tool, "quantize", "--scheme", preset, "--observer", SAME.get(observer, observer)]
    for module in case.ignore:
        command += ["--ignore", module]
    result = subprocess.run([*command, directory / "source", directory / "qfmt"],
                            capture_output=True, text=True)
    if result.returncode != 0:
        return f"the tool failed with {result.returncode}: {' '.join(result.stderr.split())}", (0, 0)
    package, ours = (oracle.read_tensors(directory / name) for name in ("package", "qfmt"))
    difference = compare.compare_tensors(package, ours)
    if observer not in SAME:
        configs = (oracle.read_config(directory / name) for name in ("package", "qfmt"))
        difference = difference or compare.compare_configs(*configs)
    return difference, count_scales(package, ours)


def scales_by(name):
    """Sets the scales of layers that share a global scale as the observer finds them."""

    def set_scales(layers):
        pairs = [
            (Observer.load_from_registry(name, base_name="weight", args=layer.quantization_scheme.weights), layer)
            for layer in layers
        ]
        if len(pairs) > 1 and hasattr(layers[0], "weight_global_scale"):
            FusionHandler.fuse(pairs)
        for observer, layer in pairs:
            observer(layer.weight)
        for observer, layer in pairs:
            found = observer.get_qparams()
            layer.weight_scale.copy_(found["scale"])
            layer.weight_zero_point.copy_(found["zero_point"])
            if found["global_scale"] is not None:
                layer.weight_global_scale.copy_(found["global_scale"])

    return set_scales


def count_scales(package, ours):
    count = differing = 0
    for name, tensor in package.items():
        if name.endswith("weight_scale") and name in ours and ours[name].shape == tensor.shape:
            count += tensor.numel()
            differing += int(compare.as_bytes(tensor).ne(compare.as_bytes(ours[name])).any(-1).sum())
    return count, differing


if __name__ == "__main__":
    sys.exit(main())
