#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Quantized checkpoints of the package and of this tool, back as dense ones.
source "$(dirname "$0")/support/session.bash"

# dequantize ARGUMENTS...: must succeed.
dequantize() {
  "$tool" dequantize "$@" >"$folder/log/stdout" 2>"$folder/log/stderr" || fail "dequantize $*: $(cat "$folder/log/stderr")"
}
# refuses_dequantize CODE PHRASE -- ARGUMENTS...: exit code 2, this message, nothing left behind.
refuses_dequantize() {
  local code=$1 phrase=$2 status=0
  shift 3
  "$tool" dequantize "$@" out >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
  [ $status -eq 2 ] || fail "dequantize $*: exit code $status"
  grep -q "^qfmt: $code: .*$phrase" "$folder/log/stderr" || fail "dequantize $*: $(cat "$folder/log/stderr")"
  [ ! -e out ] || fail "dequantize $*: it leaves something"
}

for case in FP8:auto FP8+W4:auto W3A16:auto W4A16_ASYM:auto NVFP4:BF16 MXFP6A16:BF16; do
  say "$case: what the package reads from its own checkpoint"
  preset=${case%:*}
  dequantize --dtype "${case#*:}" "$fixtures/compressed_tensors/$preset" dense
  python3 - "$fixtures/compressed_tensors/$preset/expected.safetensors" <<'EOF'
import sys
from checkpoints import read
expected, dense = read(sys.argv[1]), read("dense")
assert len(expected) >= 3
assert all(dense[name] == tensor for name, tensor in expected.items())
assert not any("scale" in name or "packed" in name for name in dense)
EOF
  grep -q quantization_config dense/config.json && fail "it has a quantization_config"
  rm -r dense
done

say "a model of several schemes, there and back: names, shapes and types are the model's"
quantize --scheme W8A8 --scheme 'NVFP4A16=re:.*mlp' "$llama" quantized
dequantize quantized dense
python3 - "$llama" <<'EOF'
import sys
from checkpoints import read
before, after = read(sys.argv[1]), read("dense")
assert before.keys() == after.keys()
assert all(before[name][:2] == after[name][:2] for name in before)
assert all((before[name] == after[name]) != ("_proj" in name) for name in before)
EOF
[ "$(ls dense)" = "$(ls "$llama")" ] || fail "the files are $(ls dense)"

say "what is not quantized, or exists, is refused"
refuses_dequantize config_invalid 'quantization_config: not found' -- "$llama"
mkdir out && status=0
"$tool" dequantize quantized out >/dev/null 2>"$folder/log/stderr" || status=$?
[ $status -eq 2 ] && grep -q output_exists "$folder/log/stderr" || fail "$(cat "$folder/log/stderr")"
