#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# NaN and infinity in weights: named with file, tensor, row and column, whatever the scheme and the
# number of threads; in tensors that are not quantized they are none of the tool's business.
source "$(dirname "$0")/support/session.bash"

python3 - <<'EOF'
from checkpoints import *
nan, inf = float("nan"), float("inf")
UP = "model.layers.1.mlp.up_proj.weight"
for dtype in "BF16", "F16", "F32":
    tensors = llama(layers=2, hidden=128, intermediate=256, dtype=dtype)
    for name, number in ("nan", nan), ("inf", inf), ("minus-inf", -inf):
        write(f"{name}-{dtype}", tensors | {UP: with_value(tensors[UP], 200, 127, number)})
tensors = llama(layers=2, hidden=128, intermediate=256)
write("first", tensors | {UP: with_value(with_value(tensors[UP], 255, 0, nan), 17, 3, inf)})
Q = "model.layers.0.self_attn.q_proj.weight"
shards = {name: 2 if name == Q else 1 for name in tensors}
write("second-shard", tensors | {Q: with_value(tensors[Q], 0, 0, nan)}, shards)
EMBEDDING, NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
norm = values("BF16", [128], [nan] * 128)
unselected = {EMBEDDING: with_value(tensors[EMBEDDING], 0, 1, nan), NORM: norm, HEAD: with_value(tensors[HEAD], 2, 2, -inf),
              "model.layers.0.mlp.up_proj.bias": values("BF16", [256], [inf] * 256)}
write("unselected", tensors | unselected)
ends = [3e38, -3e38] + [0.0] * 126
write("wide", tensors | {UP: values("F32", [2, 128], [1.0] * 128 + ends)})
ends = [65504.0, -65504.0] + [0.0] * 126
write("wide-F16", tensors | {UP: values("F16", [2, 128], [1.0] * 128 + ends)})
EOF

up="tensor 'model.layers.1.mlp.up_proj.weight': row 200, column 127"
for scheme in NVFP4A16 W8A8 W4A16_ASYM FP8_BLOCK MXFP4; do
  say "$scheme: NaN and infinity, in every dtype"
  for dtype in BF16 F16 F32; do
    refuses nonfinite_weight "nan-$dtype/model.safetensors: $up: got NaN, expected a finite value" -- --scheme $scheme nan-$dtype
    refuses nonfinite_weight "inf-$dtype/model.safetensors: $up: got +Inf" -- --scheme $scheme inf-$dtype
    refuses nonfinite_weight "minus-inf-$dtype/model.safetensors: $up: got -Inf" -- --scheme $scheme minus-inf-$dtype
  done
  for threads in 1 2 7; do
    refuses nonfinite_weight 'row 17, column 3: got +Inf' -- --scheme $scheme --threads $threads first
  done
  refuses nonfinite_weight 'second-shard/model-00002-of-00002.safetensors' \
    "tensor 'model.layers.0.self_attn.q_proj.weight': row 0, column 0" -- --scheme $scheme second-shard
  refuses nonfinite_weight "nan-BF16/model.safetensors: $up" -- --scheme $scheme nan-BF16/model.safetensors

  say "$scheme: tensors that are not quantized keep theirs"
  quantize --scheme $scheme unselected out
  python3 - <<'EOF'
from checkpoints import read
before, after = read("unselected"), read("out")
for name in "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "model.layers.0.mlp.up_proj.bias":
    assert before[name] == after[name], name
EOF
  rm -r out
  quantize --scheme $scheme --ignore model.layers.1.mlp.up_proj nan-BF16 out
  rm -r out
done

say "the extremes of a type have finite scales in every scheme"
for model in wide wide-F16; do
  for scheme in W4A16_ASYM W8A8 W2A16 FP8_DYNAMIC; do
    quantize --scheme $scheme $model out
    python3 - <<'EOF'
import math
from checkpoints import *
scales = numbers(read("out")["model.layers.1.mlp.up_proj.weight_scale"])
assert all(0 < scale < math.inf for scale in scales), scales
EOF
    rm -r out
  done
done
