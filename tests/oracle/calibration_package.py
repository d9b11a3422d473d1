# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""GPTQ, SmoothQuant and AWQ of llm-compressor, each on plain tensors, without a model."""

import types

import torch
from compressed_tensors.quantization import initialize_module_for_quantization, preset_name_to_scheme
from compressed_tensors.quantization.lifecycle.forward import dequantize, quantize
from llmcompressor.modifiers.gptq import gptq_quantize, helpers
from llmcompressor.modifiers.transform.awq import base as awq_base
from llmcompressor.modifiers.transform.awq.mappings import ResolvedMapping
from llmcompressor.modifiers.transform.smoothquant.base import SmoothQuantModifier
from llmcompressor.observers import Observer

awq_base.tqdm = lambda candidates, **_: Silent(candidates)
PRESETS = ["W4A16", "W4A16_ASYM", "W3A16", "W8A8", "FP8", "FP8_DYNAMIC", "FP8_BLOCK", "NVFP4A16", "MXFP4A16",
           "MXFP8A16"]


class Silent(list):
    """In place of a progress bar."""

    def set_postfix(self, _):
        pass


def weight_arguments(preset, order=None):
    args = preset_name_to_scheme(preset, ["Linear"]).weights.model_copy()
    args.actorder = order
    return args


def factor(hessian, order):
    """The package's U, the order of columns, and which of them are dead."""
    work = hessian.clone().unsqueeze(0)
    weight = torch.zeros(1, 1, hessian.shape[0])
    weight, work, permutation = helpers.apply_activation_ordering(weight, work, order)
    dead = torch.diagonal(work[0]) == 0
    u = helpers.factorize_hessian(weight, work, 0.01, torch.zeros(1, dtype=torch.bool))[0].clone()
    return u, torch.arange(len(u)) if permutation is None else permutation[0], dead


@torch.no_grad()
def gptq(weight, hessian, preset, order, block_size, u=None):
    """The values of the codes that the package stores for a weight, and its loss. With `u`, that factor is taken."""
    args = weight_arguments(preset, order)
    observer = Observer.load_from_registry("memoryless_minmax", base_name="weight", args=args)
    observer(weight)
    found = observer.get_qparams()
    scale, zero_point, global_scale = found["scale"], found["zero_point"], found["global_scale"]
    real = gptq_quantize.factorize_hessian
    if u is not None:
        gptq_quantize.factorize_hessian = lambda *_: u.unsqueeze(0).clone()
    try:
        values, loss, _ = gptq_quantize.quantize_weight(
            weight.float().unsqueeze(0), hessian.clone().unsqueeze(0), scale.unsqueeze(0), zero_point.unsqueeze(0),
            None if global_scale is None else global_scale.reshape(-1)[:1], args, blocksize=block_size)
    finally:
        gptq_quantize.factorize_hessian = real
    # What it stores are the values; a checkpoint has their codes.
    values = values[0].to(weight.dtype)
    codes = quantize(values, scale, zero_point, args, global_scale=global_scale)
    read = dequantize(codes, scale, zero_point, args, global_scale=global_scale).to(weight.dtype)
    return read, values, loss.item()


@torch.no_grad()
def smoothquant_scales(batches, weights, strength, algorithm="smoothquant"):
    layers = [types.SimpleNamespace(weight=w) for w in weights]
    lows = torch.stack([b.min(dim=0)[0] for b in batches]).min(dim=0)[0]
    highs = torch.stack([b.max(dim=0)[0] for b in batches]).max(dim=0)[0]
    modifier = SmoothQuantModifier(smoothing_strength=strength, algorithm=algorithm)
    scales = modifier._calculate_smoothing_scales(layers, highs - lows)
    return torch.maximum(scales, torch.Tensor([1e-5]))


class Parent(torch.nn.Module):
    """A gated pair of layers without an activation function, in binary64."""

    def __init__(self, gate, up):
        super().__init__()
        self.gate = torch.nn.Linear(gate.shape[1], gate.shape[0], bias=False, dtype=gate.dtype)
        self.up = torch.nn.Linear(up.shape[1], up.shape[0], bias=False, dtype=up.dtype)
        self.gate.weight.data.copy_(gate)
        self.up.weight.data.copy_(up)

    def forward(self, x):
        x = x.double()
        return (x @ self.gate.weight.double().T) * (x @ self.up.weight.double().T)


@torch.no_grad()
def awq(inputs, gate, up, preset, duo_scaling):
    """The scales of the best candidate, its ratio, whether it is a duo one, its loss, and all losses."""
    parent = Parent(gate, up)
    layers = [parent.gate, parent.up]
    for layer in layers:
        initialize_module_for_quantization(layer, preset_name_to_scheme(preset, ["Linear"]))
    modifier = awq_base.AWQModifier(duo_scaling=duo_scaling)
    modifier._parent_args_cache = {parent: [{"x": inputs}]}
    modifier._smooth_activation_stats = {
        "smooth": [inputs.abs().float().sum(dim=0), torch.tensor(inputs.shape[0])]}
    mapping = ResolvedMapping("smooth", None, layers, ["gate", "up"], parent, "parent")
    losses = []
    compute = modifier._compute_loss

    def record(*args):
        losses.append(compute(*args))
        return losses[-1]

    object.__setattr__(modifier, "_compute_loss", record)
    outputs = [parent(inputs)]
    scales = modifier._compute_best_scale(mapping, outputs, {layer: layer.weight.clone() for layer in layers})
    best = losses.index(min(losses))
    ratio, duo = modifier._get_grid_search_params()[best]
    return scales.double(), ratio, bool(duo), losses[best], losses
