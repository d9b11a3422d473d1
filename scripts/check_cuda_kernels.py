#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""What the compiler makes of the device code: registers, spills, shared memory and instructions of
every kernel in tests/cuda/gates/, compared with tests/cuda/gates/table.tsv. No GPU is needed.

    check_cuda_kernels.py NVCC [ARCH ...]             compare; by default sm_80 and sm_90a
    check_cuda_kernels.py NVCC --write [ARCH ...]     write the table anew
    check_cuda_kernels.py --self-test                 planted differences must be found

A spill is an error whatever the table says. The table is one compiler's: with another release the
counts are printed and only spills are errors.
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GATES = ROOT / "tests/cuda/gates"
TABLE = GATES / "table.tsv"
COLUMNS = ("registers", "spills", "shared", "instructions")
ALL = ["80", "89", "90a", "100a", "103a", "120a", "121a"]
NOP = 0x918


def instructions(cubin):
    """Instructions of each kernel in an ELF file, without the padding: 16 bytes each, the opcode in the
    low 12 bits."""
    start, = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    strings = sections[names][4]
    found = {}
    for name, _, _, _, offset, length in sections:
        label = cubin[strings + name:cubin.index(b"\0", strings + name)].decode()
        if label.startswith(".text."):
            code = [struct.unpack_from("<Q", cubin, offset + at)[0] & 0xFFF for at in range(0, length, 16)]
            found[label[6:]] = sum(opcode != NOP for opcode in code)
    return found


def measure(nvcc, arch):
    """{(kernel, arch): {column: number}} of all gates."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(GATES.glob("*.cu")):
            cubin = pathlib.Path(folder) / "out.cubin"
            done = subprocess.run(
                [nvcc, "-std=c++20", f"-I{ROOT}/include", "-gencode", f"arch=compute_{arch},code=sm_{arch}",
                 "-cubin", "-Xptxas=-v", "-o", cubin, source], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"check_cuda_kernels: {source.name} does not compile for sm_{arch}\n{done.stderr}")
            rows |= parse(done.stderr, arch, instructions(cubin.read_bytes()))
    return rows


def parse(log, arch, counts):
    rows = {}
    for block in log.split("Compiling entry function")[1:]:
        kernel = re.search(r"'(\w+)'", block)[1]
        shared = re.search(r"(\d+) bytes smem", block)
        rows[kernel, arch] = {
            "registers": int(re.search(r"Used (\d+) registers", block)[1]),
            "spills": sum(map(int, re.findall(r"(\d+) bytes spill (?:stores|loads)", block))),
            "shared": int(shared[1]) if shared else 0,
            "instructions": counts[kernel]}
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


def read_table():
    """The compiler's release, and the rows."""
    lines = TABLE.read_text().splitlines()
    rows = {}
    for line in lines[2:]:
        kernel, arch, *numbers = line.split("\t")
        rows[kernel, arch] = dict(zip(COLUMNS, map(int, numbers)))
    return lines[0].removeprefix("# nvcc "), rows


def write_table(release, rows):
    lines = [f"# nvcc {release}", "\t".join(("kernel", "arch") + COLUMNS)]
    lines += ["\t".join([kernel, arch] + [str(row[c]) for c in COLUMNS]) for (kernel, arch), row in rows.items()]
    TABLE.write_text("\n".join(lines) + "\n")


def self_test():
    row = {"registers": 32, "spills": 0, "shared": 0, "instructions": 100}
    table = {("k", "80"): row}
    expected = [(row, 0), (row | {"registers": 33}, 1), (row | {"spills": 8}, 2), (row | {"instructions": 99}, 1)]
    failures = sum(len(compare({("k", "80"): planted}, table)) != count for planted, count in expected)
    failures += len(compare({("new", "80"): row}, table)) != 1
    failures += len(compare({("k", "80"): row | {"spills": 8}}, None)) != 1
    print(f"check_cuda_kernels: self-test, {len(expected) + 2} cases, {failures} failures")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    writing = "--write" in arguments
    nvcc, *archs = [a for a in arguments if a != "--write"]
    release = re.search(r"V([\d.]+)", subprocess.run([nvcc, "--version"], capture_output=True, text=True).stdout)[1]
    rows = {}
    for arch in archs or (ALL if writing else ["80", "90a"]):
        rows |= measure(nvcc, arch)
    if writing:
        write_table(release, rows)
    known, table = read_table()
    if known != release:
        print(f"check_cuda_kernels: nvcc {release}, the table is of {known}: only spills are checked")
        table = None
    findings = compare(rows, table)
    for finding in findings:
        print("check_cuda_kernels:", finding)
    print(f"check_cuda_kernels: {len(rows)} kernels, {len(findings)} findings")
    return len(findings)


sys.exit(1 if main(sys.argv[1:]) else 0)
