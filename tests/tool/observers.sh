#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The searches: other scales in the same tensors, smaller errors, and a configuration that names them.
source "$(dirname "$0")/support/session.bash"

python3 -c 'from checkpoints import *; write("in", llama(hidden=128))'
quantize --scheme NVFP4A16 in plain

say "memoryless_minmax is the default"
quantize --scheme NVFP4A16 --observer memoryless_minmax in named
same plain named

for observer in memoryless_mse nvfp4_expanded_mse four_over_six scale_sweep; do
  for profile in CompressedTensors Qfmt; do
    say "$observer, $profile"
    quantize --scheme NVFP4A16 --observer $observer --profile $profile in $observer-$profile
    python3 - plain $observer-$profile $observer <<'EOF'
import json, sys
from checkpoints import read
plain, searched, observer = sys.argv[1:]
a, b = read(plain), read(searched)
assert [(name, a[name][:2]) for name in a] == [(name, b[name][:2]) for name in b]
assert any(a[name] != b[name] for name in a if name.endswith("weight_scale"))
configs = [json.load(open(f"{out}/config.json"))["quantization_config"] for out in (plain, searched)]
weights = [config["config_groups"]["group_0"]["weights"] for config in configs]
assert "observer" not in weights[0] and weights[1].pop("observer") == observer
assert configs[0] == configs[1]
EOF
  done
done

say "integers and MXFP4 have memoryless_mse"
for scheme in W4A16 W4A16_ASYM W8A8 MXFP4A16; do
  quantize --scheme $scheme --observer memoryless_mse in $scheme
done

say "what a search is not for is refused"
refuses unsupported "observer scale_sweep: got scheme 'W4A16'" NVFP4A16 -- --scheme W4A16 --observer scale_sweep in
refuses unsupported "'FP8_DYNAMIC'" -- --scheme FP8_DYNAMIC --observer memoryless_mse in
refuses unknown_scheme "'W9A16'" -- --scheme W9A16 --observer memoryless_mse in
say "a search that there is not is refused"
! "$tool" quantize --scheme NVFP4A16 --observer best in out 2>"$folder/log/stderr" || fail "accepted"
grep -q 'observer' "$folder/log/stderr" || fail "$(cat "$folder/log/stderr")"
