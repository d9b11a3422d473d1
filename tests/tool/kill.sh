#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# A run that is killed (SIGKILL) at any moment leaves the complete output or none, and the next run
# removes what it has left. 150 times; 1,000 times with QFMT_FULL=1.
source "$(dirname "$0")/support/session.bash"

times=150
[ -z "${QFMT_FULL:-}" ] || times=1000

# Two shards and a tokenizer, so that there are several files to be torn between.
python3 - <<'EOF'
from checkpoints import *
tensors = llama(layers=3, hidden=128, intermediate=384)
write("in", tensors, {name: 1 + i % 2 for i, name in enumerate(tensors)})
open("in/tokenizer.json", "w").write("x" * 100_000)
EOF
quantize --scheme NVFP4A16 --threads 2 in expected

say "killed $times times, at moments spread over a run and a little more"
cat >kill.py <<'EOF'
import hashlib, os, pathlib, random, shutil, subprocess, sys, time

tool, times = sys.argv[1], int(sys.argv[2])
command = [tool, "quantize", "--scheme", "NVFP4A16", "--threads", "2", "in", "out"]
out = pathlib.Path("out")


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in pathlib.Path(folder).iterdir()}


def start():
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def leftovers():
    return sorted(p.name for p in pathlib.Path(".").glob(".qfmt-tmp-*"))


def whole_run():
    """The run after one that was killed: complete, and with nothing left of the others."""
    if out.exists():
        shutil.rmtree(out)
    began = time.monotonic()
    assert start().wait() == 0
    took = time.monotonic() - began
    assert digests(out) == expected, "a run after one that was killed gives other bytes"
    assert leftovers() == [], f"the next run leaves {leftovers()}"
    shutil.rmtree(out)
    return took


def holds(count):
    """Whether the last killed run had written into this many files or more."""
    return max((len(list(p.iterdir())) for p in pathlib.Path(".").glob(".qfmt-tmp-*") if p.is_dir()), default=-1) >= count


expected = digests("expected")
duration = sorted(whole_run() for _ in range(5))[2]
chance = random.Random(1)
before, begun, complete, most = 0, 0, 0, 0
for i in range(times):
    run = start()
    time.sleep(chance.uniform(0, 1.1 * duration))
    run.kill()
    status = run.wait()
    if out.exists():
        assert digests(out) == expected, f"kill {i}: the output is torn: {digests(out)}"
        complete += 1
        shutil.rmtree(out)
    else:
        assert status == -9, f"kill {i}: exit code {status} and no output"
        begun += holds(1)
        before += not holds(1)
    most = max(most, len(leftovers()))
    # A run that is killed before it has removed leftovers adds its own none.
    assert len(leftovers()) <= 4, f"kill {i}: leftovers pile up: {leftovers()}"
    if i % 25 == 24:
        duration = (3 * duration + whole_run()) / 4  # the machine may have become slower or faster
whole_run()
print(f"{before} before any file, {begun} with files half written, {complete} complete; at most {most} leftovers at a time")
assert begun >= times / 10 and complete < times, "the moments do not cover a run"
EOF
python3 kill.py "$tool" "$times"
