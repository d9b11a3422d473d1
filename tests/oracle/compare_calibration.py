#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Compares GPTQ, SmoothQuant and AWQ with llm-compressor's, on the CPU.

    pip install -r requirements.txt -r requirements_observers.txt
    python compare_calibration.py [--eigen DIR] [--cxx COMMAND]

calibration_probe.cpp is compiled against the headers, under profile::CompressedTensors and BF16.

GPTQ, for each preset, with and without activation order:
  given    the package's factor U and order of columns are taken: every stored value must be equal
  found    the factor is found from the same Hessian: prints how many values differ, the two losses, and how far
           either U is from one in binary64. Every error of the two U is a rounding error of binary32; a value on the
           edge between two codes goes one way or the other, and the columns after it follow.
SmoothQuant: scales must agree to 1e-6. AWQ: the same candidate, or one of equal loss (to 1e-6), scales to 1e-6.

Exits with 1 on any difference that must not be.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

torch.set_num_threads(1)

import calibration_package as package  # noqa: E402

HERE = Path(__file__).resolve().parent
ORDERS = [None, "static"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as temporary:
        probe = Probe(args, Path(temporary))
        failures = sum([compare_gptq(probe), compare_smoothquant(probe), compare_awq(probe)])
    print(f"{failures} differences that must not be")
    return 1 if failures else 0


class Probe:
    def __init__(self, args, directory):
        self.directory = directory
        self.program = directory / "probe"
        subprocess.run([args.cxx, "-std=c++20", "-O2", f"-I{HERE.parents[1] / 'include'}", "-isystem", args.eigen,
                        HERE / "calibration_probe.cpp", "-o", self.program], check=True)

    def __call__(self, *words, **inputs):
        """What the probe prints, after it was given tensors as files."""
        for path in self.directory.iterdir():
            if path != self.program:
                path.unlink()
        for name, tensor in inputs.items():
            tensor = tensor.contiguous()
            if tensor.dtype == torch.bfloat16:
                tensor = tensor.view(torch.int16)
            tensor.numpy().tofile(self.directory / name)
        command = [str(self.program), *map(str, words), str(self.directory)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    def read(self, name, dtype):
        return np.fromfile(self.directory / name, dtype=dtype)


def correlated(rows, cols):
    """A weight, and inputs whose columns move together."""
    inputs = torch.randn(2 * cols, 4) @ torch.randn(4, cols) + 0.3 * torch.randn(2 * cols, cols)
    return (0.02 * torch.randn(rows, cols)).bfloat16(), inputs


def compare_gptq(probe):
    failures = 0
    cases = [(preset, order, 128, False) for preset in package.PRESETS for order in ORDERS]
    cases += [("W4A16", "static", 96, True), ("NVFP4A16", None, 128, True)]
    for preset, order, block_size, with_dead in cases:
        weight, inputs = correlated(64, 512)
        if with_dead:
            inputs[:, 5] = 0.0
        hessian = 2.0 * inputs.T @ inputs
        u, permutation, dead = package.factor(hessian, order)
        expected, values, loss = package.gptq(weight, hessian, preset, order, block_size)
        words = ("gptq", preset, block_size, order or "none")
        probe(*words, weight=weight, hessian=hessian, u=u, order=permutation, dead=dead)
        given = differing(probe, expected)
        found_loss = float(probe(*words, weight=weight, hessian=hessian)[0])
        found = differing(probe, expected)
        exact = exact_factor(hessian, permutation)
        ours = torch.from_numpy(probe.read("factor", np.float32).reshape(512, 512)).double()
        print(f"gptq {preset} {order} {'dead column ' if with_dead else ''}given: {given} of {expected.numel()} "
              f"differ; found: {found}, loss {found_loss / loss:.6f} of the package's; "
              f"U off by {distance(u, exact):.1e} (package), {distance(ours, exact):.1e} (qfmt); "
              f"stored codes that are not those chosen: {int((values != expected).sum())}", flush=True)
        failures += given != 0 or abs(found_loss / loss - 1.0) > 0.03
    return failures


def differing(probe, expected):
    ours = torch.from_numpy(probe.read("values", np.int16).reshape(expected.shape)).view(torch.bfloat16)
    return int((ours.float() != expected.float()).sum())


def exact_factor(hessian, permutation):
    h = hessian.double()[permutation][:, permutation]
    h.diagonal()[h.diagonal() == 0] = 1.0
    h.diagonal().add_(0.01 * h.diagonal().mean())
    return torch.linalg.cholesky(torch.linalg.inv(h), upper=True)


def distance(u, exact):
    return float((u.double() - exact).norm() / exact.norm())


def compare_smoothquant(probe):
    failures = 0
    for name, dtype in (("BF16", torch.bfloat16), ("F32", torch.float32)):
        for option in (0.5, 0.8, 0.0, "log_equalization"):
            batches = [(torch.randn(40, 96) * torch.rand(96) * 30).to(dtype) for _ in range(2)]
            weights = [(0.02 * torch.randn(rows, 96)).to(dtype) for rows in (16, 24)]
            for weight in weights:
                weight[:, 7] = 0.0
            strength = 0.5 if isinstance(option, str) else option
            algorithm = option if isinstance(option, str) else "smoothquant"
            expected = package.smoothquant_scales(batches, weights, strength, algorithm).double().numpy()
            probe("smoothquant", name, 96, option, x0=batches[0], x1=batches[1], w0=weights[0], w1=weights[1])
            worst = relative(probe.read("scales", np.float64), expected)
            print(f"smoothquant {name} {option}: scales differ by {worst:.1e} at most", flush=True)
            failures += not worst <= 1e-6
    return failures


def relative(found, expected):
    return float(np.max(np.abs(found - expected) / expected))


def compare_awq(probe):
    failures = 0
    for preset in ("W4A16", "W4A16_ASYM", "W8A8", "NVFP4A16", "MXFP4A16", "FP8_DYNAMIC"):
        for duo in (True, False, "both"):
            inputs = torch.randn(64, 128)
            inputs[:, ::12] *= 30.0
            inputs = inputs.bfloat16()
            gate, up = ((0.02 * torch.randn(32, 128)).bfloat16() for _ in range(2))
            expected, ratio, is_duo, loss, losses = package.awq(inputs, gate, up, preset, duo)
            found = probe("awq", preset, 128, duo, x=inputs, w0=gate, w1=up)
            same = float(found[0]) == ratio and bool(int(found[1])) == is_duo
            ours = probe.read("losses", np.float64)
            tied = abs(ours.min() / loss - 1.0) <= 1e-6
            worst = relative(probe.read("scales", np.float64), expected.numpy()) if same else None
            print(f"awq {preset} {duo}: ratio {ratio:.3f}, {'the same' if same else f'found {found}'}; "
                  f"scales differ by {worst if worst is None else f'{worst:.1e}'} at most, "
                  f"losses by {relative(ours, np.array(losses)):.1e}", flush=True)
            failures += not (worst <= 1e-6 if same else tied)
    return failures


if __name__ == "__main__":
    sys.exit(main())
