# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Checkpoints to try the tool on, made and read with the standard library alone.

A tensor is (dtype, shape, bytes); the tensors of a file are a dict from their names.
"""

import json
import math
import pathlib
import random
import struct

BYTES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "U8": 1, "I8": 1, "I32": 4, "I64": 8}
# For the last byte of a value: a sign and an exponent that keep it near 1.
EXPONENTS = {"F64": 0x3C, "F32": 0x3C, "BF16": 0x3C, "F16": 0x38, "F8_E4M3": 0x30}


def noise(dtype, shape, seed):
    """A tensor of finite values from a seed."""
    data = bytearray(random.Random(seed).randbytes(math.prod(shape) * BYTES[dtype]))
    if dtype not in EXPONENTS:
        return dtype, list(shape), bytes(data)
    near_one = bytes(b & 0x80 | EXPONENTS[dtype] | b & 3 for b in range(256))
    data[BYTES[dtype] - 1::BYTES[dtype]] = data[BYTES[dtype] - 1::BYTES[dtype]].translate(near_one)
    return dtype, list(shape), bytes(data)


def values(dtype, shape, numbers):
    """A tensor of given numbers; those for BF16 must be exact in it."""
    if dtype == "BF16":
        return dtype, list(shape), b"".join(struct.pack("<f", x)[2:] for x in numbers)
    return dtype, list(shape), struct.pack(f"<{len(numbers)}{'e' if dtype == 'F16' else 'f'}", *numbers)


def numbers(tensor):
    """What the elements of a tensor are."""
    dtype, _, data = tensor
    if dtype == "BF16":
        data = b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2))
    code = {"F32": "f", "BF16": "f", "F16": "e", "U8": "B", "I8": "b", "I64": "q", "F8_E4M3": "B"}[dtype]
    return list(struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data))


def with_value(tensor, row, column, number):
    """The tensor with one element replaced."""
    dtype, shape, data = tensor
    element = values(dtype, [1], [number])[2]
    at = (row * shape[1] + column) * len(element)
    return dtype, shape, data[:at] + element + data[at + len(element):]


def llama(layers=1, hidden=64, intermediate=128, dtype="BF16", **changes):
    """The tensors of a small Llama. `changes` replaces projections: q_proj=[rows, columns]."""
    shapes = {"q_proj": [hidden, hidden], "k_proj": [hidden // 2, hidden], "v_proj": [hidden // 2, hidden],
              "o_proj": [hidden, hidden], "gate_proj": [intermediate, hidden],
              "up_proj": [intermediate, hidden], "down_proj": [hidden, intermediate]} | changes
    tensors = {"model.embed_tokens.weight": noise(dtype, [32, hidden], "embedding")}
    for layer in range(layers):
        for name, shape in shapes.items():
            block = "self_attn" if name[0] in "qkvo" else "mlp"
            name = f"model.layers.{layer}.{block}.{name}.weight"
            tensors[name] = noise(dtype, shape, name)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{norm}.weight"] = noise(dtype, [hidden], norm)
    tensors["model.norm.weight"] = noise(dtype, [hidden], "norm")
    tensors["lm_head.weight"] = noise(dtype, [32, hidden], "head")
    return tensors


def safetensors(tensors, metadata=None):
    """The bytes of a file, its tensors in the order of the dict."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())


def read(path):
    """The tensors of a file, or of all shards of a directory."""
    path = pathlib.Path(path)
    if path.is_dir():
        return {name: tensor for file in sorted(path.glob("*.safetensors")) for name, tensor in read(file).items()}
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    data = data[8 + length:]
    return {name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()}


def write(folder, tensors, shards=None, config=None):
    """A model directory; `shards` gives for each tensor the number of its shard, from 1."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"} if config is None else config))
    if shards is None:
        (folder / "model.safetensors").write_bytes(safetensors(tensors))
        return folder
    count = max(shards.values())
    names = {k: f"model-{k:05}-of-{count:05}.safetensors" for k in range(1, count + 1)}
    for k, name in names.items():
        part = {tensor: tensors[tensor] for tensor in tensors if shards[tensor] == k}
        (folder / name).write_bytes(safetensors(part, {"format": "pt"}))
    index = {"metadata": {"total_size": sum(len(data) for _, _, data in tensors.values())},
             "weight_map": {tensor: names[shards[tensor]] for tensor in tensors}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder
