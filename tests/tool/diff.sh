#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# qfmt diff: where the bytes of two profiles differ, counted as `qfmt quantize` writes them, and why.
source "$(dirname "$0")/support/session.bash"

# differs STATUS ARGUMENTS...: the exit code of qfmt diff; what it prints is in $folder/log.
differs() {
  local expected=$1 status=0
  shift
  "$tool" diff "$@" >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
  [ $status -eq "$expected" ] ||
    fail "diff $*: exit code $status instead of $expected: $(cat "$folder/log/stdout" "$folder/log/stderr")"
}
# says PHRASES...: the output has each of them.
says() {
  local phrase
  for phrase in "$@"; do
    grep -qF -- "$phrase" "$folder/log/stdout" || fail "'$phrase' is not in: $(cat "$folder/log/stdout")"
  done
}

python3 - <<'EOF'
from checkpoints import *
write("in", llama(hidden=128))
up = [0.0] * 32 + [6.5] + [0.25] * 31
write("small", {"zeros.weight": values("F32", [1, 32], [0.0, -0.0] * 16),
                "up.weight": values("F32", [2, 32], up),
                "bias": values("F32", [4], [1.0] * 4), "ids.weight": noise("I32", [4, 4], "ids")})
write("bad", {"w.weight": with_value(noise("BF16", [4, 32], "w"), 2, 7, float("nan"))})
EOF
cat >count.py <<'EOF'
"""Scales and codes that differ between two quantized checkpoints, against what qfmt diff prints."""
import re, sys
from checkpoints import *


def elements(tensor, bits):
    data = int.from_bytes(tensor[2], "little")
    return [data >> i & (1 << bits) - 1 for i in range(0, 8 * len(tensor[2]), bits)]


scheme = sys.argv[1]
source = read("in")
a, b = (read(f"{scheme}-{profile}") for profile in ("Qfmt", "CompressedTensors"))
printed, name = {}, None
for line in open("printed"):
    if match := re.match(r"'(\S+)' ", line):
        name = match[1]
        printed[name] = [0, 0]
    elif match := re.match(r"  (\d+) of \d+ (scales|codes) differ", line):
        printed[name][match[2] == "codes"] = int(match[1])
total = 0
for name in [name for name in source if "proj" in name]:
    codes = name if name in a else name + "_packed"
    counts = []
    for key, bits in ((name + "_scale", 8 * BYTES[a[name + "_scale"][0]]),
                      (codes, len(a[codes][2]) * 8 // math.prod(source[name][1]))):
        counts.append(sum(x != y for x, y in zip(elements(a[key], bits), elements(b[key], bits))))
    assert printed.get(name, [0, 0]) == counts, (name, counts, printed.get(name))
    total += sum(counts)
print(total)
EOF

say "a profile is equal to itself, and to one that differs in nothing"
differs 0 Qfmt Qfmt in
says 'NVFP4A16, Qfmt and Qfmt: 0 of 9 tensors differ'
differs 0 Qfmt CudaSatfinite in --scheme W8A8

say "scales and codes that differ are as many as in two quantized checkpoints"
total=0
for scheme in W8A8 W4A16 FP8_DYNAMIC FP8_BLOCK NVFP4A16 MXFP4A16 MXFP8A16; do
  for profile in Qfmt CompressedTensors; do
    quantize --scheme $scheme --profile $profile in $scheme-$profile
  done
  "$tool" diff Qfmt CompressedTensors in --scheme $scheme >printed || [ $? -eq 1 ] || fail "diff --scheme $scheme"
  count=$(python3 count.py $scheme) || fail "$scheme: $(cat printed)"
  total=$((total + count))
done
[ $total -gt 1000 ] || fail "only $total differences"

say "the step is named: the scale"
differs 1 OcpMx TransformerEngine small --scheme MXFP4A16
says "'up.weight' F32 [2, 32]" '1 of 2 scales differ' '1 of 2 tensors differ' \
  'the first: tile at row 1, column 0, largest magnitude 6.5 (0x40D00000)' \
  'OcpMx              scale 1 (0x7F)' 'TransformerEngine  scale 2 (0x80)' \
  'by the scale; the first: row 1, column 0, value 6.5' \
  'scale 1 (0x7F), quotient 6.5 (0x40D00000), code 6 (0x7)' \
  'scale 2 (0x80), quotient 3.25 (0x40500000), code 3 (0x5)'
say "the encoding"
differs 1 ModelOpt ModelOptMx small --scheme MXFP4A16 --tensor zeros.weight
says '0 of 1 scales differ' '32 of 32 codes differ' 'code 0 (0x0)' 'code -0 (0x8)' \
  '32 by encoding; the first: row 0, column 0, value 0 (0x00000000)' '1 of 1 tensors differ'
say "the quotient"
differs 1 Qfmt CompressedTensors in --scheme W8A8
says 'by the quotient; the first: row '
say "the tensor's scale"
differs 1 Qfmt Ggml small --tensor up.weight
says "the tensor's scale differs" 'Qfmt  413.538452 (0x43CEC4EC), to decode 0.00241815485' 'Ggml  1 (0x3F800000), to decode 1'

say "bad input is exit code 2 and says what is wrong"
# wrong PHRASE ARGUMENTS...
wrong() {
  local phrase=$1
  shift
  differs 2 "$@"
  cat "$folder/log/stdout" "$folder/log/stderr" | grep -q -e "$phrase" ||
    fail "diff $*: $(cat "$folder/log/stdout" "$folder/log/stderr")"
}
wrong "nothing_to_do: small: got no tensor 'no'" Qfmt Ggml small --tensor no
wrong "unsupported: small: tensor 'bias': got F32 \[4\]" Qfmt Ggml small --tensor bias
wrong "unsupported: small: tensor 'ids.weight': got I32" Qfmt Ggml small --tensor ids.weight
wrong "nonfinite_weight: bad: tensor 'w.weight': row 2, column 7: got NaN" Qfmt Ggml bad
wrong 'io_open' Qfmt Ggml nothing
wrong 'Other' Qfmt Other in
wrong '--scheme' Qfmt Ggml in --scheme W9A9
wrong 'IN is required' Qfmt Ggml
