#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# No room for the output: io_no_space, and nothing left behind. Here a limit on the size of files stands
# in for a full disk, since it needs no privileges; disk_full_mount.sh has a disk.
source "$(dirname "$0")/support/session.bash"

python3 - <<'EOF'
from checkpoints import *
tensors = llama(layers=2, hidden=256, intermediate=512)
write("in", tensors)
write("shards", tensors, {name: 1 + i * 3 // len(tensors) for i, name in enumerate(tensors)})
for folder in "in", "shards":
    open(f"{folder}/tokenizer.json", "w").write("x" * 500_000)
EOF
quantize --scheme MXFP4 in expected
quantize --scheme MXFP4 shards expected-shards

# limited BLOCKS: from now on files have at most so many KiB.
full_tool=$tool
limited() {
  printf '#!/usr/bin/env bash\nulimit -f %s\nexec "%s" "$@"\n' "$1" "$full_tool" >"$folder/limited"
  chmod +x "$folder/limited"
  tool=$folder/limited
}

say "the weights do not fit: refused before any of them is written"
for kib in 1 64 256; do
  limited $kib
  refuses io_no_space 'out/model.safetensors: cannot ' -- --scheme MXFP4 in
done
say "a shard, the index, the configuration, a copied file"
limited 150
refuses io_no_space 'out/model-0000' -- --scheme MXFP4 shards
python3 - <<'EOF'
import os, json
from checkpoints import *
tensors = llama(hidden=32, intermediate=32)
write("small", tensors, config={"model_type": "llama", "long": "x" * 200_000})
write("copied", tensors)
open("copied/tokenizer.json", "w").write("x" * 200_000)
many = {f"model.layers.{i}.a.up_proj.weight": noise("BF16", [1, 32], i) for i in range(1500)}
write("index", many, {name: 1 + i % 2 for i, name in enumerate(many)})
EOF
limited 128
refuses io_no_space 'out/config.json: cannot write' -- --scheme MXFP4 small
refuses io_no_space 'out/tokenizer.json: cannot ' -- --scheme MXFP4 copied
refuses io_no_space 'out/model-0000' -- --scheme MXFP4 index
limited 200
refuses io_no_space 'out/model.safetensors.index.json: cannot write' -- --scheme MXFP4 index

say "with enough room it works, and gives the same"
limited 1024
quantize --scheme MXFP4 in out && same expected out && rm -r out
quantize --scheme MXFP4 shards out && same expected-shards out && rm -r out
