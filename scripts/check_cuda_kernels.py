#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""What the compiler makes of the device code: registers, spills, shared memory and instructions of
every kernel in tests/cuda/gates/*.cu, compared with the table beside each. No GPU is needed.

    check_cuda_kernels.py NVCC [--cache FILE] [--only NAME] [ARCH ...]    compare; by default sm_80 and sm_90a
    check_cuda_kernels.py NVCC --write [--only NAME] [ARCH ...]           write the tables anew
    check_cuda_kernels.py --self-test                                     planted differences must be found

`spills` is the stack that a thread needs, in bytes: what did not stay in registers. Any is an error,
whatever the table says. `path` is the fewest instructions from the first to an end that stores
something: what a thread runs that meets no special case, loops counted once. `narrow` counts loads
from global and shared memory of fewer than 32 bits: where none was meant, a vector fell apart. A table
is one compiler's: with another release only spills are errors. What was measured is not measured again
until a source or a header below it changes.
"""

import argparse
import concurrent.futures
import hashlib
import heapq
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import headers

GATES = headers.REPOSITORY / "tests/cuda/gates"
COLUMNS = ("registers", "spills", "shared", "instructions", "path", "narrow")
ALL = ["80", "89", "90a", "100a", "103a", "120a", "121a"]
NOP, BRANCH, CALL, EXIT, RETURN, STORE = 0x918, 0x947, 0x944, 0x94D, 0x950, 0x986
LOADS = {0x980, 0x981, 0x984}  # generic, global, shared


def code_of(cubin):
    """The instructions of each kernel in an ELF file, 16 bytes each, as numbers."""
    start, = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    strings = sections[names][4]
    found = {}
    for name, _, _, _, offset, length in sections:
        label = cubin[strings + name:cubin.index(b"\0", strings + name)].decode()
        if label.startswith(".text."):
            found[label[6:]] = [int.from_bytes(cubin[offset + at:offset + at + 16], "little")
                                for at in range(0, length, 16)]
    return found


def target_of(instruction, index, arch):
    """Where a branch leads. Its distance, in bytes, counts from the next instruction."""
    def signed(value, bits):
        return value - (1 << bits) if value >> bits - 1 & 1 else value
    if int(re.match(r"\d+", arch)[0]) < 90:
        distance = signed(instruction >> 32 & (1 << 48) - 1, 48)
    else:  # in words, its low 8 bits apart from the others
        distance = 4 * (signed(instruction >> 34 & (1 << 48) - 1, 48) * 256 + (instruction >> 16 & 255))
    return index + 1 + distance // 16


def shortest_path(code, arch):
    """The fewest instructions from the first to an end on a way that stores something: what a thread
    runs that meets no special case. Loops count once, and subroutines that return not at all."""
    queue, seen = [(0, 0, False)], set()
    while queue:
        length, index, stored = heapq.heappop(queue)
        if (index, stored) in seen or index >= len(code):
            continue
        seen.add((index, stored))
        opcode, always = code[index] & 0xFFF, code[index] >> 12 & 15 == 7
        length, stored = length + 1, stored or opcode == STORE
        if opcode == EXIT and stored:
            return length
        if opcode in (BRANCH, CALL):  # a call may be a jump that the compiler wrote so
            heapq.heappush(queue, (length, target_of(code[index], index, arch), stored))
        if not (always and opcode in (BRANCH, EXIT, RETURN)) or \
                (opcode == BRANCH and code[index] >> 87 & 15 != 7):
            heapq.heappush(queue, (length, index + 1, stored))
    return 0


def is_narrow(instruction):
    """A load of 8 or 16 bits: sizes are numbered u8, s8, u16, s16, 32, 64, 128."""
    return instruction & 0xFFF in LOADS and instruction >> 73 & 7 < 4


def measure(nvcc, source, arch):
    """{kernel: {column: number}} of one source."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = pathlib.Path(folder) / "out.cubin"
        done = subprocess.run(
            [nvcc, "-std=c++20", f"-I{headers.REPOSITORY}/include", "-gencode",
             f"arch=compute_{arch},code=sm_{arch}", "-cubin", "-Xptxas=-v", "-o", cubin, source],
            capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"check_cuda_kernels: {source.name} does not compile for sm_{arch}\n{done.stderr}")
        return parse(done.stderr, arch, code_of(cubin.read_bytes()))


def parse(log, arch, code):
    rows = {}
    for block in log.split("Compiling entry function")[1:]:
        kernel = re.search(r"'(\w+)'", block)[1]
        shared = re.search(r"(\d+) bytes smem", block)
        rows[kernel] = {
            "registers": int(re.search(r"Used (\d+) registers", block)[1]),
            "spills": int(re.search(r"(\d+) bytes stack frame", block)[1]),
            "shared": int(shared[1]) if shared else 0,
            "instructions": sum(word & 0xFFF != NOP for word in code[kernel]),
            "path": shortest_path(code[kernel], arch),
            "narrow": sum(map(is_narrow, code[kernel]))}
    return rows


def measure_all(nvcc, release, sources, archs, cache):
    """{source: {(kernel, arch): {column: number}}}, from the cache where nothing has changed."""
    tree = headers.Headers()
    known = json.loads(cache.read_text()) if cache and cache.exists() else {}

    def key(source, arch):
        text = source.read_text()
        below = dict.fromkeys(name for _, name in headers.INCLUDE.findall(text) if name.startswith("qfmt/"))
        closure = dict.fromkeys(h for name in below for h in tree.closure(name[5:]))
        parts = [release, arch, text, pathlib.Path(__file__).read_text(), *(tree.text[h] for h in closure)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    jobs = {(source, arch): key(source, arch) for arch in archs for source in sources}
    todo = [job for job in jobs if jobs[job] not in known]
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        results = dict(zip(todo, pool.map(lambda job: measure(nvcc, *job), todo)))
    known |= {jobs[job]: result for job, result in results.items()}
    if cache:
        cache.write_text(json.dumps({digest: known[digest] for digest in jobs.values()}))
    rows = {source: {} for source in sources}
    for (source, arch), digest in jobs.items():
        rows[source] |= {(kernel, arch): row for kernel, row in known[digest].items()}
    return rows


def compare(rows, table):
    findings = [f"{kernel}, sm_{arch}: {row['spills']} bytes spilled"
                for (kernel, arch), row in rows.items() if row["spills"]]
    if table is None:
        return findings
    for key, row in rows.items():
        if key not in table:
            findings.append(f"{key[0]}, sm_{key[1]}: not in the table")
            continue
        findings += [f"{key[0]}, sm_{key[1]}: {column} {row[column]}, the table says {table[key][column]}"
                     for column in COLUMNS if row[column] != table[key][column]]
    return findings


def read_table(path):
    """The compiler's release, and the rows."""
    if not path.exists():
        return None, {}
    lines = path.read_text().splitlines()
    rows = {}
    for line in lines[2:]:
        kernel, arch, *numbers = line.split("\t")
        rows[kernel, arch] = dict(zip(COLUMNS, map(int, numbers)))
    return lines[0].removeprefix("# nvcc "), rows


def write_table(path, release, rows):
    lines = [f"# nvcc {release}", "\t".join(("kernel", "arch") + COLUMNS)]
    lines += ["\t".join([kernel, arch] + [str(row[c]) for c in COLUMNS]) for (kernel, arch), row in rows.items()]
    path.write_text("\n".join(lines) + "\n")


def self_test():
    row = {"registers": 32, "spills": 0, "shared": 0, "instructions": 100, "path": 90, "narrow": 0}
    table = {("k", "80"): row}
    expected = [(row, 0), (row | {"registers": 33}, 1), (row | {"spills": 8}, 2), (row | {"instructions": 99}, 1),
                (row | {"path": 91}, 1), (row | {"narrow": 2}, 1)]
    failures = sum(len(compare({("k", "80"): planted}, table)) != count for planted, count in expected)
    failures += len(compare({("new", "80"): row}, table)) != 1
    failures += len(compare({("k", "80"): row | {"spills": 8}}, None)) != 1

    # Leaves at once unless a condition holds; then jumps over two instructions, stores and leaves.
    always, maybe = 7 << 12 | 7 << 87, 0 << 12 | 7 << 87
    other, leave, store = always | 0x210, always | EXIT, always | STORE
    for arch, over_two in (("80", 32 << 32), ("100a", 8 << 16)):
        code = [maybe | EXIT, maybe | BRANCH | over_two, other, other, store, leave]
        failures += shortest_path(code, arch) != 4
        failures += shortest_path([other, leave], arch) != 0
    for size, narrow in enumerate((True,) * 4 + (False,) * 3):
        failures += any(is_narrow(always | load | size << 73) != narrow for load in LOADS)
    failures += is_narrow(store)
    print(f"check_cuda_kernels: self-test, {len(expected) + 14} cases, {failures} failures")
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--only", default="*")
    parser.add_argument("nvcc", nargs="?")
    parser.add_argument("archs", nargs="*")
    options = parser.parse_args()
    if options.self_test:
        return self_test()

    version = subprocess.run([options.nvcc, "--version"], capture_output=True, text=True).stdout
    release = re.search(r"V([\d.]+)", version)[1]
    archs = options.archs or (ALL if options.write else ["80", "90a"])
    sources = sorted(GATES.glob(f"{options.only}.cu"))
    findings, kernels = [], 0
    for source, rows in measure_all(options.nvcc, release, sources, archs, options.cache).items():
        path = source.with_suffix(".tsv")
        if options.write:
            write_table(path, release, rows)
        known, table = read_table(path)
        if known != release:
            print(f"check_cuda_kernels: nvcc {release}, {path.name} is of {known}: only spills are checked")
            table = None
        findings += compare(rows, table)
        kernels += len(rows)
    for finding in findings:
        print("check_cuda_kernels:", finding)
    print(f"check_cuda_kernels: {kernels} kernels, {len(findings)} findings")
    return len(findings)


sys.exit(1 if main() else 0)
