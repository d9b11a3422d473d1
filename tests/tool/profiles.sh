#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The two profiles: the same tensors and configuration, other numbers, and those are the ones that follow
# from each profile's definition.
source "$(dirname "$0")/support/session.bash"

cat >expected.py <<'EOF'
import struct
from checkpoints import *


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bf16(x):
    bits, = struct.unpack("<I", struct.pack("<f", x))
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def int8_rows(tensor, step):
    """Codes and scales of W8A8; `step` rounds what the profile computes."""
    columns, codes, scales = tensor[1][1], [], []
    everything = numbers(tensor)
    for at in range(0, len(everything), columns):
        row = everything[at:at + columns]
        scale = bf16(step(f32(max(map(abs, row)) / 127.5)))
        scales.append(scale)
        codes += [round(min(max(step(f32(x / scale)), -128), 127)) for x in row]
    return codes, scales
EOF
export PYTHONPATH=$PYTHONPATH:$PWD
python3 -c 'from checkpoints import *; write("in", llama(hidden=128))'

for scheme in W8A8 NVFP4A16; do
  say "$scheme: CompressedTensors is the default"
  quantize --scheme $scheme in $scheme-default
  quantize --scheme $scheme --profile CompressedTensors in $scheme-CompressedTensors
  quantize --scheme $scheme --profile Qfmt in $scheme-Qfmt
  same $scheme-default $scheme-CompressedTensors
  say "$scheme: the profiles differ in numbers, not in tensors and configuration"
  cmp $scheme-Qfmt/config.json $scheme-default/config.json
  ! cmp -s $scheme-Qfmt/model.safetensors $scheme-default/model.safetensors || fail "the profiles give the same bytes"
done
python3 - <<'EOF'
from checkpoints import read
for scheme in "W8A8", "NVFP4A16":
    a, b = read(f"{scheme}-default"), read(f"{scheme}-Qfmt")
    assert [(name, a[name][:2]) for name in a] == [(name, b[name][:2]) for name in b]
EOF

say "W8A8: Qfmt rounds quotients to binary32, CompressedTensors to BF16"
python3 - <<'EOF'
from expected import *
source = read("in")
differ = 0
for name in [name for name in source if "proj" in name]:
    for profile, step in ("default", bf16), ("Qfmt", f32):
        out = read(f"W8A8-{profile}")
        codes, scales = int8_rows(source[name], step)
        assert numbers(out[name + "_scale"]) == scales, (profile, name)
        assert numbers(out[name]) == codes, (profile, name)
    differ += sum(a != b for a, b in zip(codes, numbers(read("W8A8-default")[name])))
assert differ > 100, differ
EOF

say "NVFP4A16: the tensor scale is 2688 / amax, rounded once or, by way of the reciprocal, twice"
python3 - <<'EOF'
from expected import *
source = read("in")
name = "model.layers.0.self_attn.o_proj.weight"
amax = max(map(abs, numbers(source[name])))
assert numbers(read("NVFP4A16-Qfmt")[name + "_global_scale"]) == [f32(2688 / amax)]
assert numbers(read("NVFP4A16-default")[name + "_global_scale"]) == [bf16(bf16(f32(1 / amax)) * 2688)]
EOF

say "a row of zeros: its scale is 1, or the epsilon of the type"
python3 - <<'EOF'
from expected import *
tensors = llama()
tensors["model.layers.0.mlp.up_proj.weight"] = values("BF16", [2, 64], [0.0] * 64 + [1.0] * 64)
write("zeros", tensors)
EOF
quantize --scheme W8A8 --profile Qfmt zeros zeros-Qfmt
quantize --scheme W8A8 zeros zeros-default
python3 - <<'EOF'
from checkpoints import *
name = "model.layers.0.mlp.up_proj.weight"
for profile, scale in ("Qfmt", 1.0), ("default", 2.0 ** -7):
    out = read(f"zeros-{profile}")
    assert numbers(out[name + "_scale"])[0] == scale
    assert set(numbers(out[name])[:64]) == {0}
EOF
