#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Records what llm-compressor's GPTQ, SmoothQuant and AWQ make of small matrices, on the CPU.

    python record_calibration.py > ../fixtures/calibration/llmcompressor-0.14.txt

See the README beside the record for its format. tests/calibration/llmcompressor.cpp makes the same matrices.
"""

import numpy as np
import torch

torch.set_num_threads(1)

import calibration_package as package  # noqa: E402
import compressed_tensors  # noqa: E402
import llmcompressor  # noqa: E402
import record  # noqa: E402

COLUMNS = 128


def bell(rows, seed):
    """Values distributed nearly normally, with standard deviation 0.58: sums of four bytes."""
    state = seed
    out = np.zeros((rows, COLUMNS), dtype=np.float32)
    for row in range(rows):
        for col in range(COLUMNS):
            state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            u = state >> 32
            out[row, col] = ((u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24) - 510) / 256
    return torch.from_numpy(out)


def factor():
    """An upper triangular U: a diagonal from 1 to 2, and above it an eighth of bell()."""
    u = torch.triu(bell(COLUMNS, 7) / 8, 1)
    return u + torch.diag(torch.tensor([1 + j * 37 % 128 / 128 for j in range(COLUMNS)]))


def hessian():
    """Its diagonal falls in the order 0, 37, 74, ... modulo 128."""
    diagonal = torch.zeros(COLUMNS)
    for place in range(COLUMNS):
        diagonal[place * 37 % COLUMNS] = COLUMNS - place
    return torch.diag(diagonal)


def inputs():
    """bell() with columns of different sizes."""
    return bell(64, 3) * torch.tensor([2.0 ** (j * 5 % 9 - 4) for j in range(COLUMNS)])


def words(values):
    return " ".join(float(x).hex() for x in values)


def main():
    print(f"package llmcompressor {llmcompressor.__version__}")
    print(f"with compressed-tensors {compressed_tensors.__version__} torch {torch.__version__}")
    weight = bell(64, 2).bfloat16()
    for preset in package.PRESETS:
        for order in (None, "static"):
            read, _, _ = package.gptq(weight, hessian(), preset, order, 48, factor())
            read = read.float() + 0.0  # -0 is +0
            print("gptq", preset, order or "none", record.digest(read.numpy().view(np.uint8)))
    for name, dtype in (("BF16", torch.bfloat16), ("F32", torch.float32)):
        batches = [inputs()[:30].to(dtype), inputs()[30:].to(dtype)]
        weights = [bell(16, 5).to(dtype), bell(24, 6).to(dtype)]
        for option in (0.5, 0.8, "log_equalization"):
            strength, algorithm = (0.5, option) if isinstance(option, str) else (option, "smoothquant")
            print("smoothquant", name, option, words(package.smoothquant_scales(batches, weights, strength, algorithm)))
    for preset in ("W4A16", "NVFP4A16", "FP8_DYNAMIC"):
        for duo in (True, False, "both"):
            scales, ratio, is_duo, loss, _ = package.awq(
                inputs().bfloat16(), bell(16, 5).bfloat16(), bell(16, 6).bfloat16(), preset, duo)
            print("awq", preset, duo, float(ratio).hex(), int(is_duo), float(loss).hex(), words(scales))


if __name__ == "__main__":
    main()
