#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Which layers are quantized, and what the command line refuses.
source "$(dirname "$0")/support/session.bash"

python3 -c 'from checkpoints import *; write("in", llama(layers=2))'

# quantizes NAMES -- ARGUMENTS...: exactly these modules are quantized (below model.layers), and all other
# linear ones are listed in the configuration.
quantizes() {
  local names=$1
  shift 2
  quantize --scheme W8A8 "$@" in out
  python3 - "$names" <<'EOF'
import json, sys
from checkpoints import read
before, after = read("in"), read("out")
quantized = {name.removesuffix(".weight_scale") for name in after if name.endswith(".weight_scale")}
expected = {"model.layers." + name if name != "lm_head" else name for name in sys.argv[1].split()}
assert quantized == expected, quantized
for name, tensor in before.items():
    assert (after[name] == tensor) == (name.removesuffix(".weight") not in quantized), name
linear = {name.removesuffix(".weight") for name in before if "proj" in name} | {"lm_head"}
assert json.load(open("out/config.json"))["quantization_config"]["ignore"] == sorted(linear - quantized)
EOF
  rm -r out
}
all() { for layer in 0 1; do for name in "$@"; do echo "$layer.$name"; done; done | xargs; }
attention=(self_attn.{q,k,v,o}_proj)
mlp=(mlp.{gate,up,down}_proj)

say "by default every linear layer, not the head, the embedding and the norms"
quantizes "$(all "${attention[@]}" "${mlp[@]}")" --
say "an exact target means one layer"
quantizes "0.mlp.up_proj" -- --targets model.layers.0.mlp.up_proj
say "targets add up; a pattern matches from the start and need not reach the end"
quantizes "$(all mlp.up_proj) 1.mlp.down_proj" -- --targets 're:.*up_proj' --targets 're:model\.layers\.1\.mlp\.down'
say "the head is quantized when it is named"
quantizes "lm_head" -- --targets lm_head
quantizes "$(all "${attention[@]}" "${mlp[@]}") lm_head" -- --targets Linear --targets lm_head
say "ignore takes away, from targets as well, and wins"
quantizes "$(all "${attention[@]}")" -- --ignore 're:.*mlp'
quantizes "$(all mlp.gate_proj)" -- --targets 're:.*mlp' --ignore 're:.*(up|down)_proj$'
quantizes "1.mlp.up_proj 1.mlp.gate_proj" -- --ignore 're:model\.layers\.0' --ignore 're:.*self_attn' --ignore model.layers.1.mlp.down_proj
say "ignoring what is not there is no error"
quantizes "$(all "${attention[@]}" "${mlp[@]}")" -- --ignore model.layers.7.mlp.up_proj
say "an option takes one word: the arguments after it stay arguments"
"$tool" quantize in out --scheme W8A8 --ignore model.layers.0.mlp.up_proj 2>/dev/null >"$folder/log/stdout"
rm -r out

say "a target that matches nothing is an error, not silence"
refuses nothing_to_do "'re:up_proj'" 'matches no layer' -- --scheme W8A8 --targets 're:up_proj' in
refuses nothing_to_do "'up_proj'" -- --scheme W8A8 --targets Linear --targets up_proj in
say "so is a job with nothing to do"
refuses nothing_to_do 'in: no layer is selected' -- --scheme W8A8 --ignore 're:' in
say "an invalid pattern is named"
refuses pattern_invalid "'re:('" -- --scheme W8A8 --ignore 're:(' in
refuses pattern_invalid 'empty' -- --scheme W8A8 --targets '' in

say "a scheme's letters may be in either case; an unknown scheme lists those that are known"
quantize --scheme nvfp4a16 in out
grep -q nvfp4-pack-quantized out/config.json
rm -r out
refuses unknown_scheme "'W9A9'" W2A16 W4A16_ASYM FP8_BLOCK NVFP4A16 MXFP8 -- --scheme W9A9 in
refuses unknown_scheme "'NVFP4A1'" -- --scheme NVFP4A1 in

say "a wrong command line is exit code 2 and says what is wrong"
# wrong PHRASE -- ARGUMENTS...
wrong() {
  local phrase=$1 status=0
  shift 2
  "$tool" "$@" >"$folder/log/stdout" 2>&1 || status=$?
  [ $status -eq 2 ] || fail "qfmt $*: exit code $status"
  grep -q -e "$phrase" "$folder/log/stdout" || fail "qfmt $*: $(cat "$folder/log/stdout")"
  [ "$(ls -A)" = in ] || fail "qfmt $*: it leaves $(ls -A)"
}
wrong 'subcommand is required' --
wrong 'subcommand is required' -- frobnicate
wrong '--frobnicate' -- quantize --frobnicate --scheme W8A8 in out
wrong '--scheme is required' -- quantize in out
wrong 'OUT is required' -- quantize --scheme W8A8 in
wrong 'IN is required' -- inspect
wrong '--scheme' -- quantize --scheme W8A8 --scheme W4A16 in out
wrong '--profile' -- quantize --scheme W8A8 --profile Other in out
wrong '--threads' -- quantize --scheme W8A8 --threads 0 in out
wrong '--threads' -- quantize --scheme W8A8 --threads many in out
wrong 'third' -- quantize --scheme W8A8 in out third

say "--help is exit code 0 and names every option"
"$tool" --help >"$folder/log/stdout"
grep -q quantize "$folder/log/stdout"
"$tool" quantize --help >"$folder/log/stdout"
for option in --scheme --profile --targets --ignore --threads IN OUT; do grep -q -e "$option" "$folder/log/stdout" || fail "$option is not in --help"; done
