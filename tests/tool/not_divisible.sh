#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Layers that a scheme cannot store: all of them are listed before any work, with the flags that leave
# them out, and those flags work as printed.
source "$(dirname "$0")/support/session.bash"

# flags: the words after the last line's colon, as a shell reads them.
flags() { bash -c "printf '%s\n' $(sed -n 's/^to leave them as they are: //p' "$folder/log/stderr")"; }

# works_with_flags ARGUMENTS...: quantizes with what the last refusal printed.
works_with_flags() {
  local words
  mapfile -t words < <(flags)
  [ ${#words[@]} -ge 2 ] || fail "no flags in $(cat "$folder/log/stderr")"
  quantize "${words[@]}" "$@" out
  rm -r out
}

say "columns that are no multiple of the group: every layer, none that fits"
python3 - <<'EOF'
from checkpoints import *
tensors = llama(layers=2, hidden=128, intermediate=200, o_proj=[128, 40], v_proj=[64, 33])
tensors["model.layers.1.mlp.down_proj.weight"] = noise("BF16", [128, 256], "fits")
write("in", tensors)
EOF
refuses block_not_divisor 'in: W4A16 cannot store these layers' \
  "'model.layers.0.mlp.down_proj': got 128 x 200, expected a multiple of 128 columns" \
  "'model.layers.0.self_attn.o_proj': got 128 x 40" "'model.layers.1.self_attn.o_proj': got 128 x 40" \
  "'model.layers.0.self_attn.v_proj': got 64 x 33" "'model.layers.1.self_attn.v_proj': got 64 x 33" \
  -- --scheme W4A16 in
[ "$(grep -c ": got" "$folder/log/stderr")" = 5 ] || fail "not five layers: $(cat "$folder/log/stderr")"
[ "$(flags | grep -c '^--ignore$')" = 5 ] || fail "not five flags: $(flags)"
works_with_flags --scheme W4A16 in

say "the same for blocks of 16 and 32"
refuses block_not_divisor "'model.layers.0.mlp.down_proj': got 128 x 200, expected a multiple of 16 columns" -- --scheme NVFP4A16 in
works_with_flags --scheme NVFP4A16 in
refuses block_not_divisor 'expected a multiple of 32 columns' -- --scheme MXFP8 in
works_with_flags --scheme MXFP8 in
say "schemes without groups take any shape"
for scheme in W8A8 FP8_DYNAMIC FP8_BLOCK; do quantize --scheme $scheme in out && rm -r out; done
say "layers that are not selected do not matter"
quantize --scheme W4A16 --targets 're:.*q_proj' in out && rm -r out

say "weights in types that are not read, and empty ones, are listed too"
python3 - <<'EOF'
from checkpoints import *
tensors = llama()
tensors["model.layers.0.mlp.up_proj.weight"] = noise("F64", [128, 64], "F64")
tensors["model.layers.0.mlp.down_proj.weight"] = noise("F8_E4M3", [64, 128], "F8")
tensors["model.layers.0.self_attn.k_proj.weight"] = noise("I8", [64, 64], "not a floating-point weight")
write("types", tensors)
write("empty", llama(q_proj=[0, 64], k_proj=[8, 0]))
EOF
refuses unknown_dtype "types: W8A8 cannot store" "'model.layers.0.mlp.up_proj': got F64, expected F32, BF16 or F16" \
  "'model.layers.0.mlp.down_proj': got F8_E4M3" -- --scheme W8A8 types
[ "$(flags | grep -c '^--ignore$')" = 2 ] || fail "not two flags: $(flags)"
works_with_flags --scheme W8A8 types
refuses block_not_divisor "'model.layers.0.self_attn.q_proj': got 0 x 64" "'model.layers.0.self_attn.k_proj': got 8 x 0" -- --scheme W8A8 empty
works_with_flags --scheme W8A8 empty

say "names that a shell would not take as they are come quoted"
python3 - <<'EOF'
from checkpoints import *
names = ["two words", "$(touch pwned)", "it's", "a;touch pwned", "\u00e9", "*"]
write("names", llama() | {f"{name}.weight": noise("BF16", [4, 30], name) for name in names})
EOF
refuses block_not_divisor -- --scheme MXFP4 names
works_with_flags --scheme MXFP4 names
[ ! -e pwned ] || fail "a name was run as a command"
