#!/usr/bin/env python3
"""Writes tests/fixtures/awq: a checkpoint in AutoAWQ's layout, and what the package makes of it.

    pip install -r requirements.txt
    python make_awq_fixture.py

The layers are random. model.safetensors has them as AutoAWQ stores them, expected.safetensors as
AutoAWQConverter of compressed-tensors converts them.
"""

import json
from pathlib import Path

import compressed_tensors
import torch
from compressed_tensors.entrypoints.convert.converters.autoawq import AutoAWQConverter
from safetensors.torch import save_file

FIXTURE = Path(__file__).resolve().parent.parent / "fixtures" / "awq"
GROUP = 64
LAYERS = {"self_attn.q_proj": (16, 128), "mlp.up_proj": (24, 128), "mlp.down_proj": (8, 192)}


def words(rows, cols, generator):
    """32 random bits for each word: eight codes of 4 bits, whatever their order."""
    halves = torch.randint(0, 2**16, (2, rows, cols), generator=generator, dtype=torch.int64)
    bits = halves[0] * 2**16 + halves[1]
    return torch.where(bits >= 2**31, bits - 2**32, bits).to(torch.int32)


def main():
    generator = torch.Generator().manual_seed(1)
    tensors = {"model.embed_tokens.weight": torch.randn(4, 8, generator=generator).half()}
    for name, (outputs, inputs) in LAYERS.items():
        module = f"model.layers.0.{name}"
        groups = inputs // GROUP
        tensors[f"{module}.qweight"] = words(inputs, outputs // 8, generator)
        tensors[f"{module}.qzeros"] = words(groups, outputs // 8, generator)
        scales = torch.rand(groups, outputs, generator=generator) + 0.01
        tensors[f"{module}.scales"] = scales.half()
    tensors["model.layers.0.self_attn.o_proj.weight"] = torch.randn(8, 16, generator=generator).half()
    quantization = {
        "bits": 4,
        "group_size": GROUP,
        "modules_to_not_convert": ["o_proj"],
        "quant_method": "awq",
        "version": "gemm",
        "zero_point": True,
    }
    converter = AutoAWQConverter.from_autoawq_config(quantization)
    expected = {name: tensor.contiguous() for name, tensor in converter.process(dict(tensors)).items()}
    FIXTURE.mkdir(exist_ok=True)
    save_file(tensors, FIXTURE / "model.safetensors", {"format": "pt"})
    save_file(expected, FIXTURE / "expected.safetensors", {"format": "pt"})
    config = {"architectures": ["LlamaForCausalLM"], "dtype": "float16"}
    config["quantization_config"] = quantization
    (FIXTURE / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (FIXTURE / "README.md").write_text(
        "# A checkpoint in AutoAWQ's layout\n\n"
        "Random layers. `expected.safetensors` is what AutoAWQConverter of compressed-tensors makes of\n"
        "`model.safetensors`: converting has to give these bytes.\n\n"
        "Written by `python tests/oracle/make_awq_fixture.py` with\n"
        f"compressed-tensors {compressed_tensors.__version__}, torch {torch.__version__}.\n"
    )


if __name__ == "__main__":
    main()
