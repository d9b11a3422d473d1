#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Records what other stacks' quantizers make of one matrix, on the CPU.

    python record_quantizers.py torchao > ../fixtures/profiles/torchao-0.18.txt
    python record_quantizers.py modelopt > ../fixtures/profiles/modelopt-0.47.txt
    python record_quantizers.py deep_gemm SOURCES > ../fixtures/profiles/deep_gemm-54e2261.txt
    python record_quantizers.py transformer_engine SOURCES > ../fixtures/profiles/transformer_engine-d0067d0.txt
    python record_quantizers.py microxcaling SOURCES > ../fixtures/profiles/microxcaling-7bc4195.txt
    python record_quantizers.py ggml SOURCES > ../fixtures/profiles/ggml-d99724f.txt

The first two are the installed packages. SOURCES is a checkout at the commit in the name of the record:
DeepGEMM's deep_gemm/utils/math.py, Transformer Engine's reference of its NVFP4 kernels
(pytorch/custom_recipes/reference_nvfp4.py) and microxcaling are PyTorch code; ggml's ggml-quants.c is compiled.
See the README beside the records for their format.
"""

import ctypes
import importlib.util
import itertools
import logging
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest.mock

import numpy as np
import torch

import record

SPECIAL_AMAX = [record.INFINITY, record.NAN, 0x00000001, 0x00400000, 0x7F7FFFFF]


def tensor(bits):
    return torch.from_numpy(np.ascontiguousarray(bits).astype(np.uint32).view(np.int32)).view(torch.float32)


def bits_of(value):
    return f"{int(torch.tensor(float(value), dtype=torch.float32).view(torch.int32)) & 0xFFFFFFFF:08X}"


def data(t):
    return t.contiguous().view(torch.uint8).numpy() if isinstance(t, torch.Tensor) else t


MATRIX = tensor(record.matrix())


def put(kind, *words, codes, scales):
    """One line: the digests of the codes, packed as the package packs them, and of the scales."""
    print(kind, *words, record.digest(data(codes)), record.digest(data(scales)))


def put_amax_scales(scheme, scale_of):
    """The scale code of a tile for every BF16 amax, and for a few more."""
    print("scales", scheme, len(record.AMAX), record.digest(data(scale_of(tensor(record.AMAX)))))
    for bits in SPECIAL_AMAX:
        code = data(scale_of(tensor(np.array([bits])))).ravel()[0]
        print("scale", scheme, f"{bits:08X}", f"{code:02X}")


def blocks(amax, size):
    """Blocks of `size` elements that are zero but for the first, which is amax."""
    out = torch.zeros((amax.numel(), size), dtype=torch.float32)
    out[:, 0] = amax
    return out


def decode_scales():
    """Tensor scales to decode; half of them are not the inverse of their inverse."""
    survives = {True: [], False: []}
    for scale in [MATRIX.abs().amax() / 2688, torch.tensor(2.0**-4), *(torch.arange(1, 200, dtype=torch.float32) / 997)]:
        survives[bool(1 / (1 / scale) == scale)].append(scale)
    return survives[True][:8] + survives[False][:8]


def scaled_matrices():
    for factor in (1.0, 0.37, 1e3, 1e-6):
        yield factor, MATRIX * factor


def ties(scale):
    """Blocks of 16, zero but for the first element, whose scales lie halfway between two codes of E4M3, or a few units
    in the last place beside it: there the last bit of the tensor scale shows."""
    codes = torch.arange(512) // 4
    value = codes.to(torch.uint8).view(torch.float8_e4m3fn).float()
    value[codes > 0x7E] = 448.0
    after = torch.roll(value, -4)
    after[-4:] = 448.0
    amax = scale * 6.0 * ((value + after) / 2)
    return blocks((amax.view(torch.int32) + torch.arange(512) % 4 - 1).to(torch.int32).view(torch.float32), 16)


def torchao():
    from torchao.prototype.mx_formats import mx_tensor
    from torchao.prototype.mx_formats.config import ScaleCalculationMode as Mode
    from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale
    from torchao.quantization.granularity import PerRow
    from torchao.quantization.quantize_.workflows.int8.int8_tensor import Int8Tensor

    elements = {"E2M1": torch.float4_e2m1fn_x2, "E4M3": torch.float8_e4m3fn, "E5M2": torch.float8_e5m2,
                "E2M3": mx_tensor.DTYPE_FP6_E2M3, "E3M2": mx_tensor.DTYPE_FP6_E3M2}
    rules = {"floor": Mode.FLOOR, "ceil": Mode.CEIL, "even": Mode.EVEN, "round_up": Mode.RCEIL}
    for name, dtype in elements.items():
        for rule, mode in rules.items():
            put_amax_scales(f"{name} {rule}", lambda amax: mx_tensor.to_mx(blocks(amax, 32), dtype, 32, mode)[0])
            scales, codes = mx_tensor.to_mx(MATRIX, dtype, 32, mode)
            put("mx", name, rule, codes=codes, scales=scales)
    for name in ("E2M1", "E2M3", "E3M2"):
        kernel = {"E2M1": mx_tensor.f32_to_f4_unpacked, "E2M3": mx_tensor.f32_to_f6_e2m3_unpacked,
                  "E3M2": mx_tensor.f32_to_f6_e3m2_unpacked}[name]
        for input_set, bits in record.INPUTS.items():
            print("codes", name, input_set, len(bits), record.digest(data(kernel(tensor(bits)))))
    for scale in decode_scales():
        scales, codes = nvfp4_quantize(MATRIX, 16, scale)
        put("nvfp4_decode", bits_of(scale), codes=codes, scales=scales)
        scales, codes = nvfp4_quantize(ties(scale), 16, scale)
        put("nvfp4_ties", bits_of(scale), codes=codes, scales=scales)
    for factor, matrix in scaled_matrices():
        scale = per_tensor_amax_to_scale(matrix.abs().amax())
        scales, codes = nvfp4_quantize(matrix, 16, scale)
        put("nvfp4_own", bits_of(factor), bits_of(scale), codes=codes, scales=scales)
    for bits in record.AMAX[0x3000:0x4000:0x35]:
        print("decode_scale", f"{bits:08X}", bits_of(per_tensor_amax_to_scale(tensor(np.array([bits]))[0])))
    rows = Int8Tensor.from_hp(MATRIX, PerRow())
    put("int8_rows", codes=rows.qdata, scales=rows.scale)


def modelopt():
    import modelopt
    from modelopt.torch.export import quant_utils
    from modelopt.torch.quantization.qtensor import (
        INT8QTensor, MXFP4QTensor, MXFP8QTensor, NVFP4QTensor)

    put_amax_scales("E2M1 round_up", lambda amax: MXFP4QTensor.quantize(blocks(amax, 32), 32)[1].flatten())
    put_amax_scales("E4M3 round_up", lambda amax: MXFP8QTensor.quantize(blocks(amax, 32))[1].flatten())
    quantized, scales = MXFP4QTensor.quantize(MATRIX.clone(), 32)
    put("mx", "E2M1", "round_up", codes=quantized._quantized_data, scales=scales)
    quantized, scales = MXFP8QTensor.quantize(MATRIX.clone())
    put("mx", "E4M3", "round_up", codes=quantized._quantized_data, scales=scales)
    for scale in decode_scales():
        quantized, scales, _ = NVFP4QTensor.quantize(MATRIX.clone(), 16, weights_scaling_factor_2=scale)
        put("nvfp4_decode", bits_of(scale), codes=quantized._quantized_data, scales=scales)
        quantized, scales, _ = NVFP4QTensor.quantize(ties(scale), 16, weights_scaling_factor_2=scale)
        put("nvfp4_ties", bits_of(scale), codes=quantized._quantized_data, scales=scales)
    for factor, matrix in scaled_matrices():
        quantized, scales, scale = NVFP4QTensor.quantize(matrix.clone(), 16)
        put("nvfp4_own", bits_of(factor), bits_of(scale), codes=quantized._quantized_data, scales=scales)
    for bits in record.AMAX[0x3000:0x4000:0x35]:
        scale = NVFP4QTensor.get_weights_scaling_factor_2(tensor(np.array([bits])))
        print("decode_scale", f"{bits:08X}", bits_of(scale))
    for input_set, bits in record.INPUTS.items():
        print("codes", "E2M1", input_set, len(bits), record.digest(data(NVFP4QTensor._cast_fp4(tensor(bits).clone()))))
    amax = MATRIX.abs().amax(dim=1, keepdim=True)
    quantized, scales = INT8QTensor.quantize(MATRIX, scales=amax / 127.0)
    put("int8_rows", codes=quantized._quantized_data, scales=scales)
    scales = MATRIX.view(record.ROWS, -1, 32).abs().amax(dim=-1) / 7.0
    scales[scales == 0] = 1.0  # its quantizers never leave a zero
    packed = quant_utils.pack_int4_in_uint8(MATRIX, scales, 32)  # element (2 i, j) low, (2 i + 1, j) high
    codes = torch.stack([packed & 15, packed >> 4], dim=1).view(record.ROWS, record.COLS)
    put("int4_groups", codes=codes, scales=scales)
    scales = MATRIX.abs().amax(dim=1) / 448.0
    put("fp8_rows", codes=(quant_utils.to_quantized_weight(MATRIX, scales, "fp8_pc_pt")), scales=scales)


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def deep_gemm(sources):
    math = load(sources / "deep_gemm/utils/math.py", "deep_gemm_math")

    def exponent(scales):
        return ((scales.view(torch.int32) >> 23) & 0xFF).to(torch.uint8).flatten()

    casts = {"E4M3": math.per_token_cast_to_fp8, "E2M1": math.per_token_cast_to_fp4}
    for name, cast in casts.items():
        put_amax_scales(f"{name} round_up", lambda amax: exponent(cast(blocks(amax, 32), True, 32)[1]))
        codes, scales = cast(MATRIX, True, 32)
        put("mx", name, "round_up", codes=codes, scales=exponent(scales))
        codes, scales = cast(MATRIX * 2.0**-12, False, 32)  # some tiles below 1e-4
        put("groups", name, codes=codes, scales=scales)
    for input_set, bits in record.INPUTS.items():
        print("codes", "E2M1", input_set, len(bits), record.digest(data(math._quantize_to_fp4_e2m1(tensor(bits)))))


def transformer_engine(sources):
    recipes = sources / "transformer_engine/pytorch/custom_recipes"
    for name in ("transformer_engine", "transformer_engine.pytorch", "transformer_engine.pytorch.custom_recipes"):
        sys.modules[name] = types.ModuleType(name)
    package = sys.modules["transformer_engine.pytorch.custom_recipes"]
    # What the reference imports and does not use for quantizing.
    package.gemm = unittest.mock.MagicMock()
    tensors = types.ModuleType("transformer_engine.pytorch.quantized_tensor")
    tensors.QuantizedTensorStorage = tensors.Quantizer = object
    sys.modules[tensors.__name__] = tensors
    package.reference_utils = load(recipes / "reference_utils.py", package.__name__ + ".reference_utils")
    reference = load(recipes / "reference_nvfp4.py", package.__name__ + ".reference_nvfp4")

    for factor in (1.0, 0.37, 1e3, 1e-6):
        matrix = MATRIX * factor + 0.0  # no negative zeros, of which the kernels make another code
        amax = matrix.abs().amax()
        codes, scales = reference.NVFP4QuantizerRef._quantize_blockwise_reference(
            matrix, amax, 16, 1, pow_2_scales=False, eps=0.0)
        put("nvfp4_amax", bits_of(factor), bits_of(amax), codes=codes, scales=scales)
        codes, scales = reference.NVFP4QuantizerRef._quantize_blockwise_reference(
            matrix, amax, 16, 16, pow_2_scales=False, eps=0.0)
        put("nvfp4_2d_amax", bits_of(factor), bits_of(amax), codes=codes, scales=scales[::16])
        # Four over six: of the rows with random values. Where 4 and 6 are equally good, the last bits of the
        # reference's products decide, unless the factor is 1. That is often so for values with few bits, and so for
        # one of the blocks times 1e-6.
        if factor == 1e-6:
            continue
        for mode, rows in itertools.product(("MAE", "MSE"), (1, 16)):
            step = 1 if factor == 1.0 else 4
            codes, scales = reference.NVFP4QuantizerRef._quantize_blockwise_reference(
                matrix[::step], amax, 16, rows, pow_2_scales=False, nvfp4_use_4over6=True, nvfp4_e4m3_max=256,
                nvfp4_4over6_err_mode=mode, eps=0.0)
            put("nvfp4_4over6", mode, str(rows), bits_of(factor), str(step), bits_of(1536 / amax), codes=codes,
                scales=scales[::rows])


def microxcaling(sources):
    sys.path.insert(0, str(sources))
    from mx.formats import ElemFormat
    from mx.mx_ops import _quantize_mx

    # It gives values, not codes. Zeros lose their sign here: microxcaling keeps it for some and not for others.
    for name, element in {"E2M1": "fp4_e2m1", "E2M3": "fp6_e2m3", "E3M2": "fp6_e3m2", "E4M3": "fp8_e4m3",
                          "E5M2": "fp8_e5m2"}.items():
        values = _quantize_mx(MATRIX.clone(), 8, ElemFormat.from_str(element), axes=[1], block_size=32, round="even")
        print("mx_values", name, record.digest(data(values + 0.0)))


def ggml(sources):
    library = pathlib.Path(tempfile.mkdtemp()) / "ggml_quants.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-std=c11", "-D_GNU_SOURCE", "-ffp-contract=off",
                    f"-I{sources / 'src'}", f"-I{sources / 'include'}", sources / "src/ggml-quants.c", "-o", library, "-lm"],
                   check=True)
    lib = ctypes.CDLL(str(library), mode=1)  # RTLD_LAZY: the rest of ggml is not there

    def quantize(function, bits, block, block_bytes):
        values = np.ascontiguousarray(bits, dtype=np.uint32)
        out = np.zeros((values.size // block, block_bytes), dtype=np.uint8)
        getattr(lib, function)(values.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p),
                               ctypes.c_int64(values.size))
        return out

    def in_order(packed, half):
        """Bytes whose low nibbles are the first `half` elements and whose high nibbles the next ones."""
        groups = packed.reshape(-1, half)
        return np.concatenate([groups & 15, groups >> 4], axis=1)

    def first_elements(amax, block):
        out = np.zeros((len(amax), block), dtype=np.uint32)
        out[:, 0] = amax
        return out

    def put_scales(scheme, amax, scales):
        print("scales", scheme, len(amax), record.digest(scales))

    normal = record.AMAX[0x0180:]  # from 2^-124 on: below, ggml converts a negative float to uint8_t
    put_scales("E2M1 floor", normal, quantize("quantize_row_mxfp4_ref", first_elements(normal, 32), 32, 17)[:, 0])
    beside = np.concatenate([record.AMAX + 1, record.AMAX + 0xFFFF])
    for name, amax in {"nvfp4": record.AMAX, "nvfp4_beside": beside}.items():
        put_scales(name, amax, quantize("quantize_row_nvfp4_ref", first_elements(amax, 64), 64, 36)[:, 0])
    mx = quantize("quantize_row_mxfp4_ref", record.matrix(), 32, 17)
    put("mx", "E2M1", "floor", codes=in_order(mx[:, 1:], 16), scales=mx[:, 0])
    nv = quantize("quantize_row_nvfp4_ref", record.matrix(), 64, 36)
    put("nvfp4", bits_of(1.0), codes=in_order(nv[:, 4:], 8), scales=nv[:, :4])
    q8 = quantize("quantize_row_q8_0_ref", record.matrix(), 32, 34)
    put("int8_groups", codes=q8[:, 2:], scales=q8[:, :2])


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    package = sys.argv[1] if len(sys.argv) > 1 else ""
    if package in ("torchao", "modelopt"):
        version = __import__(package).__version__
        print(f"package {package} {version}\nwith torch {torch.__version__}")
        globals()[package]()
    elif package in ("deep_gemm", "transformer_engine", "microxcaling", "ggml") and len(sys.argv) == 3:
        print(f"package {package}\nwith torch {torch.__version__}")
        globals()[package](pathlib.Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
