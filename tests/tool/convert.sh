#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# A checkpoint in AutoAWQ's layout: what it is said to be, converted, and dense from either.
source "$(dirname "$0")/support/session.bash"

run() {
  "$tool" "$@" >"$folder/log/stdout" 2>"$folder/log/stderr" || fail "$*: $(cat "$folder/log/stderr")"
}

say "inspect names the layout"
run inspect "$fixtures/awq"
grep -q '^scheme   awq, 4 bits, groups of 64, asymmetric$' "$folder/log/stdout" || fail "$(cat "$folder/log/stdout")"

say "convert writes what the package writes"
run convert "$fixtures/awq" out
python3 - "$fixtures/awq/expected.safetensors" <<'PYTHON'
import sys
from checkpoints import read
assert read(sys.argv[1]) == read("out")
PYTHON
run inspect out
grep -q '^format   pack-quantized$' "$folder/log/stdout" || fail "$(cat "$folder/log/stdout")"

say "the same numbers from either"
run dequantize "$fixtures/awq" a
run dequantize out b
cmp a/model.safetensors b/model.safetensors || fail "they differ"

say "other layouts are refused by name"
mkdir other && cp "$fixtures/awq/model.safetensors" other/
sed 's/"gemm"/"gemv"/' "$fixtures/awq/config.json" >other/config.json
for command in convert dequantize; do
  status=0
  "$tool" $command other nothing >/dev/null 2>"$folder/log/stderr" || status=$?
  [ $status -eq 2 ] && grep -q '^qfmt: unsupported: .*version' "$folder/log/stderr" && [ ! -e nothing ] ||
    fail "$command: $(cat "$folder/log/stderr")"
done
