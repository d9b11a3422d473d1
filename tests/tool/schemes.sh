#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The small llama under every scheme that needs no data: what is written, what `inspect` says of it, and
# that the number of threads does not matter.
source "$(dirname "$0")/support/session.bash"

schemes="W2A16 W3A16 W4A16 W5A16 W6A16 W7A16 W8A16 W4A16_ASYM W2A4 W3A4 W4A4 W2A8 W3A8 W4A8 W5A8 W6A8 W7A8 W8A8 INT8
  FP8_DYNAMIC FP8_BLOCK W4AFP8 NVFP4A16 MXFP4A16 MXFP4 MXFP4XFP8 MXFP6A16 MXFP6A8 MXFP8A16 MXFP8
  W4A16_CHANNEL W8A16_CHANNEL NVFP4AFP8"
for scheme in $schemes; do
  say "$scheme: 28 layers, read back by inspect, other files copied"
  quantize --scheme "$scheme" "$llama" "$scheme"
  grep -q "^$scheme: 28 layers, [0-9.]* bits per weight, [0-9]* bytes$" "$folder/log/stdout" || fail "stdout: $(cat "$folder/log/stdout")"
  [ "$(ls "$scheme")" = "$(ls "$llama")" ] || fail "the files are $(ls "$scheme")"
  for file in "$llama"/*; do
    case ${file##*/} in
      config.json | model.safetensors) ;;
      *) cmp "$file" "$scheme/${file##*/}" ;;
    esac
  done
  "$tool" inspect "$scheme" >inspected
  # Presets that differ in name only are read as the first of them.
  grep -q "^scheme   ${scheme/#INT8/W8A8}$" inspected || fail "inspect says $(head -1 inspected)"
  grep -q "^ignore   'lm_head'$" inspected || fail "inspect: $(grep ignore inspected)"
done

say "bits per weight are those of the formats"
bits() { quantize --scheme "$1" "$llama" sized && rm -r sized && sed 's/.* layers, \([0-9.]*\) bits.*/\1/' "$folder/log/stdout"; }
[ "$(bits MXFP4)" = 4.250 ] || fail "MXFP4 takes $(bits MXFP4) bits"
[ "$(bits NVFP4A16)" = 4.501 ] || fail "NVFP4A16 takes $(bits NVFP4A16) bits"
[ "$(bits MXFP6A16)" = 6.250 ] || fail "MXFP6A16 takes $(bits MXFP6A16) bits"
[ "$(bits MXFP8)" = 8.250 ] || fail "MXFP8 takes $(bits MXFP8) bits"

say "what is not quantized keeps its bytes; config.json keeps its keys"
python3 - "$llama" <<'EOF'
import json, sys
from checkpoints import read
before, after = read(sys.argv[1]), read("NVFP4A16")
kept = [name for name in before if name in after]
assert len(kept) == 10, kept
assert all(before[name] == after[name] for name in kept)
assert not any(name.endswith("_proj.weight") for name in after)
old, new = (json.load(open(f"{folder}/config.json")) for folder in (sys.argv[1], "NVFP4A16"))
assert new.pop("quantization_config")["ignore"] == ["lm_head"]
assert old == new
EOF

say "q/k/v and gate/up share one NVFP4 tensor scale, layer by layer"
python3 - <<'EOF'
from checkpoints import read
tensors = read("NVFP4A16")
scale = lambda layer, name: tensors[f"model.layers.{layer}.{name}_proj.weight_global_scale"][2]
for layer in range(4):
    assert len({scale(layer, f"self_attn.{x}") for x in "qkv"}) == 1
    assert len({scale(layer, f"mlp.{x}") for x in ("gate", "up")}) == 1
assert len({scale(layer, "self_attn.q") for layer in range(4)}) > 1
EOF

for scheme in NVFP4A16 W4A16_ASYM FP8_BLOCK; do
  say "$scheme: the same bytes from 1, 2 and 7 threads"
  for threads in 1 2 7; do
    quantize --scheme "$scheme" --threads $threads "$llama" threads
    same "$scheme" threads
    rm -r threads
  done
done

say "one file is a model too, whatever it is called"
cp "$llama/model.safetensors" weights.safetensors
quantize --scheme NVFP4A16 weights.safetensors from_file
[ "$(ls from_file)" = "$(printf 'config.json\nmodel.safetensors')" ] || fail "the files are $(ls from_file)"
cmp from_file/model.safetensors NVFP4A16/model.safetensors
"$tool" inspect from_file >inspected

say "inspect says when a model is not quantized, and groups its tensors"
"$tool" inspect "$llama" >inspected
grep -q '^scheme   none' inspected
grep -q '^model.layers.\*.self_attn.q_proj.weight  *4 BF16  *\[128, 128\]  *131072$' inspected
grep -q '^total  *38  *1640704$' inspected
