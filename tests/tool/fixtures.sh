#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Checkpoints that the compressed-tensors package has quantized: the tool gives the same bytes, the whole
# file, and the same configuration.
source "$(dirname "$0")/support/session.bash"

count=0
for folder_of_preset in "$fixtures"/compressed_tensors/*/; do
  preset=$(basename "$folder_of_preset")
  case $preset in
    FP8 | NVFP4 | *+*) continue ;;  # calibrated, or mixed: tests/oneshot/model_free.cpp, mixed.sh
  esac
  say "$preset: model.safetensors and config.json equal those of the package"
  mkdir in
  cp "$folder_of_preset/source.safetensors" in/model.safetensors
  python3 - "$folder_of_preset/config.json" <<'EOF'
import json, sys
config = json.load(open(sys.argv[1]))
del config["quantization_config"]
json.dump(config, open("in/config.json", "w"))
EOF
  quantize --scheme "$preset" in out
  cmp "$folder_of_preset/model.safetensors" out/model.safetensors || fail "$preset: model.safetensors differs"
  cmp <(cat "$folder_of_preset/config.json" && echo) out/config.json || fail "$preset: config.json differs"
  "$tool" inspect out >inspected
  grep -q "^scheme   $preset$" inspected || fail "$preset: inspect does not name it"

  # The comparison sees a single bit.
  python3 - <<'EOF'
data = bytearray(open("out/model.safetensors", "rb").read())
data[-1] ^= 1
open("out/model.safetensors", "wb").write(data)
EOF
  ! cmp -s "$folder_of_preset/model.safetensors" out/model.safetensors || fail "$preset: a changed bit is not seen"
  rm -r in out
  count=$((count + 1))
done
[ $count -ge 8 ] || fail "only $count fixtures"
