#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Times GPTQ of a square layer: llm-compressor's, the dense algebra that it does first, and this library's.

    pip install -r requirements.txt -r requirements_observers.txt
    python time_gptq.py --bench build/bench/bin/bench_gptq [--columns 4096] [--threads 1] [--rounds 3]

The parts are run in turn; each row is the least time of all rounds, in seconds, and its ratio to ours.
"""

import argparse
import json
import subprocess
import time

import torch

import calibration_package as package

PRESET = "W4A16"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="path of bench_gptq")
    parser.add_argument("--columns", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    n = options.columns
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, n, generator=generator)
    hessian = 2 / n * (x.T @ x)
    weight = torch.randn(n, n, generator=generator).to(torch.bfloat16)
    damped = hessian + 0.01 * torch.diagonal(hessian).mean() * torch.eye(n)

    least = {}
    for _ in range(options.rounds):
        for name, seconds in (
                ("qfmt, W4A16", lambda: ours(options)),
                ("llm-compressor, W4A16, activation order static",
                 lambda: timed(lambda: package.gptq(weight, hessian, PRESET, "static", 128))),
                ("its factorisation: Cholesky, inverse, Cholesky", lambda: timed(lambda: chain(damped))),
                ("one Cholesky factorisation by PyTorch", lambda: timed(lambda: torch.linalg.cholesky(damped)))):
            least[name] = min(seconds(), least.get(name, float("inf")))
    own = least["qfmt, W4A16"]
    print(f"{n} x {n}, {options.threads} thread(s), torch {torch.__version__}")
    for name, seconds in least.items():
        print(f"| {name} | {seconds:.2f} | {seconds / own:.2f} |")


def timed(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def chain(h):
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)


def ours(options):
    name = f"layer<preset::{PRESET}>/{options.columns}/{options.threads}/process_time/real_time"
    done = subprocess.run([options.bench, f"--benchmark_filter=^{name}$", "--benchmark_format=json"],
                          capture_output=True, check=True)
    row, = json.loads(done.stdout)["benchmarks"]
    return row["real_time"] / {"ms": 1e3, "s": 1}[row["time_unit"]]


if __name__ == "__main__":
    main()
