#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Several schemes in one checkpoint: who gets which, what the configuration says, and what is refused.
source "$(dirname "$0")/support/session.bash"

python3 -c 'from checkpoints import *; write("in", llama(layers=2, hidden=128, intermediate=256))'

say "a scheme with a pattern for some layers, one without for all others"
quantize --scheme FP8_DYNAMIC --scheme 'W4A16=re:.*mlp' in out
python3 - <<'EOF'
import json
from checkpoints import read
tensors = read("out")
for name in tensors:
    if name.endswith(("weight_packed", "weight_shape")):
        assert ".mlp." in name, name
    if name.endswith("_proj.weight"):
        assert ".self_attn." in name and tensors[name][0] == "F8_E4M3", name
config = json.load(open("out/config.json"))["quantization_config"]
groups = config["config_groups"]
assert list(groups) == ["group_0", "group_1"]
assert [group["format"] for group in groups.values()] == ["float-quantized", "pack-quantized"]
assert [group["targets"] for group in groups.values()] == [["Linear"], ["re:.*mlp"]]
assert config["format"] == "mixed-precision" and config["ignore"] == ["lm_head"]
EOF
"$tool" inspect out >inspected
grep -q "^scheme   FP8_DYNAMIC for 'Linear', float-quantized$" inspected || fail "$(head -3 inspected)"
grep -q "^scheme   W4A16 for 're:.\*mlp', pack-quantized$" inspected || fail "$(head -3 inspected)"

say "each layer has the bytes that its scheme alone gives it"
quantize --scheme W4A16 in alone
python3 - <<'EOF'
from checkpoints import read
mixed, alone = read("out"), read("alone")
shared = [name for name in mixed if ".mlp." in name]
assert len(shared) == 18 and all(mixed[name] == alone[name] for name in shared)
EOF
rm -r out alone

say "without a scheme for all others, those stay as they are"
quantize --scheme 'W8A8=re:.*o_proj' --scheme 'W8A8=model.layers.1.mlp.down_proj' in out
grep -q '3 layers' "$folder/log/stdout" || fail "$(cat "$folder/log/stdout")"
grep -q '"group_1"' out/config.json && fail "one scheme is one group"
rm -r out

say "an embedding that is named is a target by its name"
quantize --scheme W8A8 --targets Linear --targets model.embed_tokens in out
python3 -c '
import json
group = json.load(open("out/config.json"))["quantization_config"]["config_groups"]["group_0"]
assert group["targets"] == ["Linear", "model.embed_tokens"], group["targets"]'
rm -r out

say "layers that are served as one have one scheme; a layer has one, too"
refuses config_invalid 'k_proj' 'q_proj' 'served as one matrix: got W4A16 and W8A8' -- --scheme W4A16 --scheme 'W8A8=re:.*q_proj' in
refuses config_invalid "'model.layers.0.self_attn.o_proj': got the schemes of 're:.*o_proj' and 're:.*attn'" \
  -- --scheme 'W8A8=re:.*o_proj' --scheme 'W4A16=re:.*attn' in
refuses nothing_to_do "the target 're:.*absent' matches no layer" -- --scheme W8A8 --scheme 'W4A16=re:.*absent' in
refuses invalid_argument '--scheme: got W8A8 and W4A16 for all layers' -- --scheme W8A8 --scheme W4A16 in
refuses pattern_invalid "'re:('" -- --scheme 'W8A8=re:(' in
refuses unknown_scheme "'W9A9'" -- --scheme W8A8 --scheme 'W9A9=re:.*mlp' in
refuses needs_calibration 'use NVFP4A16' -- --scheme W8A8 --scheme 'NVFP4=re:.*mlp' in

say "only some of the layers that are served as one: a warning"
quantize --scheme W8A8 --ignore 're:.*v_proj' in out
[ "$(grep -c 'qfmt: warning: .*v_proj.* are served as one matrix, and only the first' "$folder/log/stderr")" = 2 ] ||
  fail "$(cat "$folder/log/stderr")"
rm -r out

say "schemes that no configuration has a word for are refused by name"
refuses unsupported 'FP8_E5M2A16: a checkpoint cannot hold it: an 8-bit float of compressed-tensors is E4M3' -- --scheme FP8_E5M2A16 in
refuses unsupported 'a 6-bit float of compressed-tensors is E2M3' -- --scheme MXFP6_E3M2A16 in
refuses unsupported 'MXS1M3A16' -- --scheme MXS1M3A16 in

say "experts in one tensor: refused with the flag that leaves them, which works and is loud"
python3 - <<'EOF'
from checkpoints import *
write("experts", llama() | {"model.layers.0.mlp.experts.gate_up_proj": noise("BF16", [2, 64, 64], "experts")})
EOF
refuses rank_unsupported "'model.layers.0.mlp.experts.gate_up_proj': got the weights of all experts in one tensor" \
  '--ignore model.layers.0.mlp.experts.gate_up_proj' -- --scheme W8A8 experts
quantize --scheme W8A8 --ignore model.layers.0.mlp.experts.gate_up_proj experts out
grep -q "warning: tensor 'model.layers.0.mlp.experts.gate_up_proj' of shape \[2, 64, 64\] is left as it is" "$folder/log/stderr" ||
  fail "$(cat "$folder/log/stderr")"
grep -q '"model.layers.0.mlp.experts.gate_up_proj"' out/config.json || fail "it is not under ignore"
