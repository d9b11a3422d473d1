#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Every system call of a run, one after the other: refused by the system (no space, a device error, an
# interruption), or the last thing before the process is killed. The output is complete or absent.
source "$(dirname "$0")/support/session.bash"

if ! strace -o /dev/null true 2>/dev/null; then
  echo "SKIP: strace is not installed or may not trace"
  exit 0
fi
if is_sanitized; then export ASAN_OPTIONS=detect_leaks=0; fi  # leaks cannot be looked for while traced
python3 - <<'EOF'
from checkpoints import *
tensors = {f"model.layers.0.self_attn.{x}_proj.weight": noise("BF16", [2, 32], x) for x in "qk"}
tensors["model.norm.weight"] = noise("BF16", [32], "norm")
write("in", tensors, {name: 1 + i % 2 for i, name in enumerate(tensors)})
open("in/tokenizer.json", "w").write("{}")
EOF
arguments=(quantize --scheme NVFP4A16 --threads 1 in out)
quantize "${arguments[@]:1}"
mv out expected
calls=openat,getdents64,pread64,pwrite64,fallocate,fsync,mkdirat,renameat2,unlinkat,flock

cat >inject.py <<'EOF'
"""Runs the tool under strace with one fault after the other; kinds of faults are its arguments."""
import hashlib, pathlib, re, shutil, subprocess, sys

tool, arguments, calls = sys.argv[1], sys.argv[2].split(), sys.argv[3].split(",")
out = pathlib.Path("out")


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in pathlib.Path(folder).iterdir()}


def run(*inject):
    done = subprocess.run(["strace", "-f", "-o", "trace", *inject, tool, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr


def leftovers():
    return {p.name for p in pathlib.Path(".").glob(".qfmt-tmp-*")}


expected = digests("expected")
assert run("-e", "trace=" + ",".join(calls))[0] == 0
shutil.rmtree(out)
trace = open("trace").read()
counts = {call: len(re.findall(rf"\b{call}\(", trace)) for call in calls}
assert all(counts.values()), counts
# The lock of an output that is complete stays; the next run removes it.
HARMLESS = {"unlinkat"}
BY_LOADER = {"openat", "pread64"}
NEEDS_SPACE = {"pwrite64", "fallocate", "mkdirat"}
INTERRUPTED = {"pread64", "pwrite64", "fallocate", "fsync"}
READS = {"pread64", "getdents64", "flock"}
faults = 0
for call, count in counts.items():
    for k in range(1, count + 1):
        where = f"{call} number {k}"
        for error in ("EIO", "ENOSPC") if call in NEEDS_SPACE else ("EIO",):
            before = leftovers()
            code, message = run("-e", f"inject={call}:error={error}:when={k}")
            if call in BY_LOADER and "error while loading shared libraries" in message:
                break  # a call of the program loader, not of the tool
            faults += 1
            if out.exists():
                assert digests(out) == expected, f"{where}: {error}: the output is torn"
                # An error after the renaming is reported: the output might not survive a power failure.
                assert code == 0 or call == "fsync", f"{where}: {error}: exit code {code}"
                shutil.rmtree(out)
            else:
                assert code == 2, f"{where}: {error}: exit code {code}: {message}"
                assert re.search(r"^qfmt: io_\w+: [^:]+: ", message, re.MULTILINE), f"{where}: {error}: {message}"
                wanted = "io_no_space" if error == "ENOSPC" else "io_"
                assert f"qfmt: {wanted}" in message, f"{where}: {error}: {message}"
            if call not in HARMLESS:
                assert leftovers() <= before, f"{where}: {error}: it leaves {leftovers()}"
        else:
            if call in INTERRUPTED:
                code, message = run("-e", f"inject={call}:error=EINTR:when={k}")
                faults += 1
                assert code == 0, f"{where}: an interruption: exit code {code}: {message}"
                assert digests(out) == expected, f"{where}: an interruption: the output is torn"
                shutil.rmtree(out)
            if call not in READS:
                run("-e", f"inject={call}:signal=KILL:when={k}")
                faults += 1
                if out.exists():
                    assert digests(out) == expected, f"{where}: killed: the output is torn"
                    shutil.rmtree(out)
        if k % 5 == 0 or k == count:
            assert run("-e", "trace=none")[0] == 0 and digests(out) == expected, f"{where}: the next run fails"
            assert not leftovers(), f"{where}: the next run leaves {leftovers()}"
            shutil.rmtree(out)
print(f"{sum(counts.values())} calls, {faults} faults:", ", ".join(f"{n} {call}" for call, n in counts.items()))
EOF
say "faults in $calls"
python3 inject.py "$tool" "${arguments[*]}" "$calls"

say "data is written, then synchronized, then renamed, and then the directory is synchronized"
strace -f -o trace -e trace=pwrite64,fsync,renameat2 "$tool" "${arguments[@]}" >/dev/null 2>&1
python3 - <<'EOF'
import re
calls = re.findall(r"\b(pwrite64|fsync|renameat2)\(", open("trace").read())
rename = calls.index("renameat2")
assert calls.count("renameat2") == 1
assert calls[rename + 1:] == ["fsync"], calls[rename:]
assert calls[rename - 1] == "fsync", calls[:rename]
files = 5  # two shards, the index, the configuration, the tokenizer; and the directory itself
assert calls[:rename].count("fsync") == files + 1, calls
assert "pwrite64" not in calls[rename:] and calls[rename - 2] == "fsync"
EOF
