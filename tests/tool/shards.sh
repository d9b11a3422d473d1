#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Models in several files: the tensors are the same as in one, layers that are fused share their scale
# across files, and the index is right.
source "$(dirname "$0")/support/session.bash"

say "q/k/v and gate/up in different shards"
python3 - <<'EOF'
from checkpoints import *
tensors = llama(layers=2, hidden=128, intermediate=256)
# The largest magnitude of each group of layers lies in another member.
for layer, member in (0, "self_attn.v"), (1, "self_attn.k"), (0, "mlp.up"), (1, "mlp.gate"):
    name = f"model.layers.{layer}.{member}_proj.weight"
    tensors[name] = with_value(tensors[name], 3, 5, 4.0 + layer)
write("one", tensors, config={"model_type": "llama", "big": 2 ** 63, "small": 1e-05, "text": "\u00e9"})
place = {"q_proj": 1, "k_proj": 2, "v_proj": 3, "gate_proj": 3, "up_proj": 1}
shards = {name: place.get(name.split(".")[-2], 1 + i % 3) for i, name in enumerate(tensors)}
write("three", tensors, shards, config={"model_type": "llama", "big": 2 ** 63, "small": 1e-05, "text": "\u00e9"})
EOF
for scheme in NVFP4A16 W4A16_ASYM FP8_DYNAMIC; do
  quantize --scheme $scheme one one-$scheme
  for threads in 1 2 7; do
    quantize --scheme $scheme --threads $threads three three-$scheme-$threads
    same three-$scheme-1 three-$scheme-$threads
  done
  [ "$(ls three-$scheme-1)" = "$(ls three)" ] || fail "the files are $(ls three-$scheme-1)"
  cmp one-$scheme/config.json three-$scheme-1/config.json
  "$tool" inspect three-$scheme-1 >inspected
  grep -q "^scheme   $scheme$" inspected
done

say "every tensor has the bytes that it has in a model of one file; the index names its shard"
python3 - <<'EOF'
import json
from checkpoints import *
for scheme in "NVFP4A16", "W4A16_ASYM", "FP8_DYNAMIC":
    folder = f"three-{scheme}-1"
    one, three = read(f"one-{scheme}"), read(folder)
    assert one == three
    index = json.load(open(f"{folder}/model.safetensors.index.json"))
    assert index["weight_map"].keys() == three.keys()
    for shard in set(index["weight_map"].values()):
        held = read(f"{folder}/{shard}")
        assert sorted(held) == sorted(name for name, file in index["weight_map"].items() if file == shard)
    assert index["metadata"]["total_size"] == sum(len(data) for _, _, data in three.values())
    config = json.load(open(f"{folder}/config.json"))
    assert (config["big"], config["small"], config["text"]) == (2 ** 63, 1e-05, "\u00e9")
EOF

say "one NVFP4 tensor scale for each group, from the largest magnitude in all shards"
python3 - <<'EOF'
from checkpoints import *
source, out = read("three"), read("three-NVFP4A16-1")
groups = {("self_attn", "q", "k", "v"), ("mlp", "gate", "up"), ("self_attn", "o"), ("mlp", "down")}
scales = set()
for layer in range(2):
    for block, *members in groups:
        names = [f"model.layers.{layer}.{block}.{member}_proj.weight" for member in members]
        found = {numbers(out[name + "_global_scale"])[0] for name in names}
        amax = max(abs(x) for name in names for x in numbers(source[name]))
        assert len(found) == 1, names
        assert abs(found.pop() * amax / 2688 - 1) < 0.01, names
        scales.add(amax)
assert {4.0, 5.0} < scales
EOF

say "a fused layer that is left alone does not count"
quantize --scheme NVFP4A16 --ignore 're:.*v_proj' three out
python3 - <<'EOF'
from checkpoints import *
source, out = read("three"), read("out")
name = "model.layers.0.self_attn.{}_proj.weight"
amax = max(abs(x) for member in "qk" for x in numbers(source[name.format(member)]))
assert amax < 4.0
assert abs(numbers(out[name.format("q") + "_global_scale"])[0] * amax / 2688 - 1) < 0.01
EOF
rm -r out

say "tokenizer, templates and licence are copied; old weights, folders and hidden files are not"
mkdir three/original three/.cache
printf '{"a": 1}' >three/tokenizer.json
printf 'license\r\n' >three/LICENSE
printf '\0\1\2' >three/tokenizer.model
printf x >three/pytorch_model.bin
printf x >three/model.gguf
printf x >three/original/params.json
printf x >three/.gitattributes
: >three/empty.txt
head -c 3000000 /dev/zero >three/large.jinja
chmod 600 three/LICENSE
quantize --scheme MXFP4 three out
for file in tokenizer.json LICENSE tokenizer.model empty.txt large.jinja; do cmp three/$file out/$file; done
for file in original .cache pytorch_model.bin model.gguf .gitattributes; do [ ! -e out/$file ] || fail "$file has been copied"; done

for entry in original pytorch_model.bin model.gguf; do
  grep -q "^qfmt: not copied: '$entry'$" "$folder/log/stderr" || fail "it does not say that $entry is not copied"
done
[ "$(grep -c 'not copied' "$folder/log/stderr")" = 3 ]

say "the output can be read by whoever may read new files"
for file in out/*; do [ "$(stat -c %a "$file")" = 644 ] || fail "$file has mode $(stat -c %a "$file")"; done
[ "$(stat -c %a out)" = 755 ]
