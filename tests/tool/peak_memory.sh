#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Peak memory is bounded by the largest tensor, not by the model, and not by the number of threads.
source "$(dirname "$0")/support/session.bash"

if is_sanitized; then
  echo "SKIP: the memory of a sanitized program says nothing"
  exit 0
fi

# 24 layers of 2 MiB and one tensor of 8 MiB that is only copied; then 8 tensors of 2 MiB more than that.
python3 - <<'EOF'
from checkpoints import *
one = noise("BF16", [1024, 1024], "weight")
tensors = {f"model.layers.{layer}.mlp.{name}_proj.weight": one for layer in range(12) for name in ("up", "down")}
tensors["model.embed_tokens.weight"] = noise("BF16", [4096, 1024], "embedding")
write("in", tensors)
EOF
cat >peak.py <<'EOF'
"""peak.py PROGRAM ARGUMENTS...: prints the largest resident size of the program, in KiB."""
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
EOF
peak() { env -i "$(command -v python3)" -S -E peak.py "$tool" "$@"; }

# A process needs a few MiB before it has read anything; that of the measuring Python is the floor of
# what is measured.
python3 -c 'from checkpoints import *; write("tiny", llama())'
constant=$(peak quantize --scheme W8A8 tiny out)
rm -r out
largest=$((8 * 1024))
weight=$((2 * 1024))
total=$(($(stat -c %s in/model.safetensors) / 1024))
echo "the model has $total KiB, its largest tensor $largest, its largest weight $weight; a tiny model needs $constant"
for scheme in NVFP4A16 W4A16_ASYM W8A8 FP8_BLOCK; do
  for threads in 1 7; do
    used=$(peak quantize --scheme $scheme --threads $threads in out)
    say "$scheme with $threads threads: $used KiB"
    [ "$used" -le $((6 * largest + 4096)) ] || fail "more than 6 times the largest tensor"
    # Tighter: 6 times the largest weight above a tiny model, and below that copying in pieces.
    [ "$used" -le $((6 * weight + largest + constant)) ] || fail "more than the weights explain"
    [ "$used" -lt "$total" ] || fail "as much as the model"
    rm -r out
  done
done

say "an address space that could not hold the model is enough"
(
  ulimit -v $((total / 2 + 30000))
  "$tool" quantize --scheme NVFP4A16 --threads 1 in out >/dev/null 2>&1
) || fail "it does not work in half of the model's size"
rm -r out

say "not enough memory is exit code 2, a named error and no output"
cat >"$folder/limited" <<EOF
#!/usr/bin/env bash
ulimit -v 12000
exec "$tool" "\$@"
EOF
chmod +x "$folder/limited"
tool=$folder/limited
refuses out_of_memory 'not enough memory' -- --scheme NVFP4A16 --threads 1 in
