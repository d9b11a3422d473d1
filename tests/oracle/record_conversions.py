#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Records what PyTorch or ml_dtypes make of floats when they cast them to formats of up to 8 bits.

    python record_conversions.py ml_dtypes > ../fixtures/profiles/ml_dtypes-0.6.txt
    python record_conversions.py torch > ../fixtures/profiles/torch-2.15.txt

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


def main(package):
    module = __import__(package)
    print(f"package {package} {module.__version__}")
    print(f"python {platform.python_version()} {platform.machine()}")
    formats, cast_of = (TORCH, cast_torch) if package == "torch" else (ML_DTYPES, cast_ml_dtypes)
    for format_name, name in formats.items():
        cast = cast_of(name)
        for input_set, bits in record.INPUTS.items():
            print("codes", format_name, input_set, len(bits), record.digest(cast(bits)))
        for bits in record.SPECIAL_VALUES:
            code = cast(np.array([bits], dtype=np.uint32))[0]
            print("value", format_name, f"{bits:08X}", f"{code:02X}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("torch", "ml_dtypes"):
        sys.exit(__doc__)
    main(sys.argv[1])
