#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Records the scales that llm-compressor's observers find for two matrices, on the CPU.

    python record_observers.py > ../fixtures/observers/llmcompressor-0.14.txt

PyTorch runs with vectors of 256 bits and the C library's pow, on one thread (see compare_observers.py).
See the README beside the record for its format.
"""

import os

os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["LLM_COMPRESSOR_LOG_DISABLED"] = "true"

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)

import compressed_tensors  # noqa: E402
import llmcompressor  # noqa: E402
from compressed_tensors.quantization import QuantizationArgs  # noqa: E402
from llmcompressor.observers import Observer  # noqa: E402

import record  # noqa: E402

DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}

INT8 = {"num_bits": 8, "type": "int"}
INT4 = {"num_bits": 4, "type": "int"}
FP8 = {"num_bits": 8, "type": "float"}
FP4 = {"num_bits": 4, "type": "float"}
E4M3, E8M0 = torch.float8_e4m3fn, torch.uint8
SCHEMES = {
    "int8_tensor": {**INT8, "strategy": "tensor"},
    "int8_channel": {**INT8, "strategy": "channel"},
    "int4_channel": {**INT4, "strategy": "channel"},
    "int4_channel_asym": {**INT4, "strategy": "channel", "symmetric": False},
    "int4_group32": {**INT4, "strategy": "group", "group_size": 32},
    "int4_group32_asym": {**INT4, "strategy": "group", "group_size": 32, "symmetric": False},
    "fp8_channel": {**FP8, "strategy": "channel"},
    "fp8_block": {**FP8, "strategy": "block", "block_structure": [48, 80]},
    "mxfp4": {**FP4, "strategy": "group", "group_size": 32, "scale_dtype": E8M0, "zp_dtype": E8M0},
    "mxfp8": {**FP8, "strategy": "group", "group_size": 32, "scale_dtype": E8M0, "zp_dtype": E8M0},
    "nvfp4": {**FP4, "strategy": "tensor_group", "group_size": 16, "scale_dtype": E4M3, "zp_dtype": E4M3},
}
UNWEIGHTED = [name for name in SCHEMES if name != "int4_channel"]
WEIGHTED = [name for name in UNWEIGHTED if name not in ("int8_tensor", "fp8_block")]
OBSERVERS = {
    "memoryless_minmax": UNWEIGHTED,
    "memoryless_mse": UNWEIGHTED,
    "nvfp4_expanded_mse": ["nvfp4"],
    "imatrix_mse": WEIGHTED,
    "nvfp4_expanded_imatrix": ["nvfp4"],
}


def bell():
    """Like record.matrix, of that shape, but with values distributed nearly normally: sums of four bytes."""
    state = 2
    out = np.zeros((record.ROWS, record.COLS), dtype=np.float32)
    for row in range(record.ROWS):
        for col in range(record.COLS):
            state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            u = state >> 32
            out[row, col] = ((u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24) - 510) / 256
    return out


def importance():
    """Of column j: j * 37 mod 64, halved three times; 0 for columns 0 and 64."""
    return torch.tensor([j * 37 % 64 / 8 for j in range(record.COLS)], dtype=torch.float32)


def bytes_of(t):
    return t.to(torch.float32).contiguous().view(torch.uint8).numpy()


def main():
    matrices = {"matrix": torch.from_numpy(record.matrix().view(np.float32)), "bell": torch.from_numpy(bell())}
    print(f"package llmcompressor {llmcompressor.__version__}")
    print(f"with compressed-tensors {compressed_tensors.__version__} torch {torch.__version__}")
    for observer, schemes in OBSERVERS.items():
        for scheme in schemes:
            for dtype_name, dtype in DTYPES.items():
                for matrix_name, matrix in matrices.items():
                    found = observe(observer, scheme, matrix.to(dtype))
                    digests = [record.digest(bytes_of(found["scale"]))]
                    if not SCHEMES[scheme].get("symmetric", True):
                        digests.append(record.digest(bytes_of(found["zero_point"])))
                    if found["global_scale"] is not None:
                        digests.append(record.digest(bytes_of(found["global_scale"])))
                    print(observer, scheme, dtype_name, matrix_name, *digests)
    # Every row as a tensor of its own: where the patience of a search shows.
    for observer in ("memoryless_mse", "imatrix_mse"):
        for dtype_name, dtype in DTYPES.items():
            for matrix_name, matrix in matrices.items():
                rows = [observe(observer, "int4_channel", row)["scale"] for row in matrix.to(dtype).split(1)]
                print(observer, "int4_rows", dtype_name, matrix_name, record.digest(bytes_of(torch.cat(rows))))


def observe(name, scheme, weight):
    """The scales that an observer finds for a weight, its zero points and its global scale."""
    args = QuantizationArgs(**SCHEMES[scheme], observer=name)
    observer = Observer.load_from_registry(name, base_name="weight", args=args)
    if "imatrix" in name:
        observer._imatrix_sum, observer._imatrix_count = importance(), torch.tensor(1)
    observer(weight)
    return observer.get_qparams()


if __name__ == "__main__":
    main()
