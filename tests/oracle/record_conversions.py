#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Records what packages make of floats when they convert them to formats of up to 8 bits.

    python record_conversions.py ml_dtypes > ../fixtures/profiles/ml_dtypes-0.6.txt
    python record_conversions.py torch > ../fixtures/profiles/torch-2.15.txt
    python record_conversions.py compressed_tensors > ../fixtures/profiles/compressed_tensors-0.20.txt

Run it with the version to be recorded; the PyTorch profiles are dated. See the README beside the records
for their format.
"""

import platform
import sys

import numpy as np

import record

TORCH = {
    "E4M3": "float8_e4m3fn", "E5M2": "float8_e5m2", "E4M3FNUZ": "float8_e4m3fnuz",
    "E5M2FNUZ": "float8_e5m2fnuz", "E8M0": "float8_e8m0fnu",
}
ML_DTYPES = TORCH | {
    "E4M3IEEE": "float8_e4m3", "E3M4": "float8_e3m4", "E4M3B11FNUZ": "float8_e4m3b11fnuz",
    "E2M1": "float4_e2m1fn", "E2M3": "float6_e2m3fn", "E3M2": "float6_e3m2fn",
}


def cast_torch(name):
    import torch

    dtype = getattr(torch, name)

    def cast(bits):
        codes = torch.from_numpy(bits.astype(np.int32)).view(torch.float32).to(dtype).view(torch.uint8)
        if not (bits & 0xFFFF).any():  # the tensor's own type makes no difference
            narrow = torch.from_numpy((bits >> 16).astype(np.int16)).view(torch.bfloat16)
            assert torch.equal(narrow.to(dtype).view(torch.uint8), codes), name
        return codes.numpy()

    return cast


def cast_ml_dtypes(name):
    import ml_dtypes

    def cast(bits):
        with np.errstate(all="ignore"):
            return bits.view(np.float32).astype(getattr(ml_dtypes, name)).view(np.uint8)

    return cast


def cast_compressed_tensors(bits_per_code):
    """As part of quantizing with the scale 1."""
    import torch
    from compressed_tensors.compressors.nvfp4.helpers import pack_fp4_to_uint8
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import quantize

    args = QuantizationArgs(num_bits=bits_per_code, type="float", strategy="tensor", symmetric=True)

    def cast(bits):
        x = torch.from_numpy(bits.astype(np.int32)).view(torch.float32).reshape(1, -1)
        if bits_per_code == 8:
            e4m3 = torch.float8_e4m3fn
            return quantize(x, torch.ones(1), torch.zeros(1).to(e4m3), args, dtype=e4m3).view(torch.uint8).numpy().ravel()
        even = torch.nn.functional.pad(x, (0, x.numel() % 2))
        packed = pack_fp4_to_uint8(quantize(even, torch.ones(1), torch.zeros(1), args))
        return torch.stack([packed & 15, packed >> 4], dim=-1).numpy().ravel()[: len(bits)]

    return cast


PACKAGES = {
    "torch": (TORCH, cast_torch),
    "ml_dtypes": (ML_DTYPES, cast_ml_dtypes),
    "compressed_tensors": ({"E4M3": 8, "E2M1": 4}, cast_compressed_tensors),
}


def main(package):
    module = __import__(package)
    print(f"package {package} {module.__version__}")
    print(f"python {platform.python_version()} {platform.machine()}")
    formats, cast_of = PACKAGES[package]
    for format_name, name in formats.items():
        cast = cast_of(name)
        for input_set, bits in record.INPUTS.items():
            print("codes", format_name, input_set, len(bits), record.digest(cast(bits)))
        for bits in record.SPECIAL_VALUES:
            code = cast(np.array([bits], dtype=np.uint32))[0]
            print("value", format_name, f"{bits:08X}", f"{code:02X}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PACKAGES:
        sys.exit(__doc__)
    main(sys.argv[1])
