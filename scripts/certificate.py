#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Puts the results of exhaustive test runs together: qfmt-conformance.json.

    certificate.py OUTPUT FOLDER...    the folders that QFMT_CERTIFICATE named, one for each build
    certificate.py --self-test         plant differences and demand that they are found

Each stream of codes must have no mismatch, and the same digest in every build and every mode of the
processor; the exit status says so. Streams of fewer inputs than there are make no certificate.
"""

import json
import pathlib
import sys
import tempfile

ABOUT = ("codes of the library for all inputs 0, 1, 2, ... as bits of binary32 (encode: 2^32; mx_scale: the 2^31 "
         "magnitudes), each compared with the oracle. digest: FNV-1a, 64 bits, over the digests of the blocks of 2^20 "
         "inputs in order, 8 bytes each, lowest first; a block's digest is FNV-1a over its codes, one byte each, or two, "
         "lowest first, for codes of more than 8 bits. seconds: of processor time, one for each run")
INPUTS = {"encode": 1 << 32, "mx_scale": 1 << 31}
RESULTS = ("oracle", "inputs", "mismatches", "digest", "seconds")


def merged(parts, version):
    """The certificate, and what is wrong with it."""
    runs, streams, wrong = [], {}, []
    for part in parts:
        run = {key: part[key] for key in ("compiler", "flags", "mode")}
        if run not in runs:
            runs.append(run)
        for result in part["results"]:
            names = {key: value for key, value in result.items() if key not in RESULTS}
            what = " ".join([part["kind"], *names.values()])
            stream = streams.setdefault(what, {"kind": part["kind"], **names, "oracle": result["oracle"],
                                               "inputs": result["inputs"], "mismatches": 0,
                                               "digest": result["digest"], "runs": {}})
            where = f"{run['flags']}, {run['mode']}"
            stream["runs"][where] = result["seconds"]
            stream["mismatches"] += result["mismatches"]
            if result["mismatches"]:
                wrong.append(f"{what}: {result['mismatches']} mismatches under {where}")
            if result["inputs"] != INPUTS[part["kind"]]:
                wrong.append(f"{what}: only {result['inputs']} inputs under {where}")
            if result["inputs"] == stream["inputs"] and result["digest"] != stream["digest"]:
                wrong.append(f"{what}: digest {result['digest']} under {where}, {stream['digest']} elsewhere")
    for what, stream in streams.items():
        if len(stream["runs"]) != max(len(other["runs"]) for other in streams.values() if other["kind"] == stream["kind"]):
            wrong.append(f"{what}: only {len(stream['runs'])} runs")
    if not streams:
        wrong.append("no results")
    kinds = {}
    for stream in streams.values():
        seconds = stream.pop("runs")
        kinds.setdefault(stream.pop("kind"), []).append({**stream, "seconds": list(seconds.values())})
    return {"about": ABOUT, "qfmt": version, "runs": runs, **kinds}, wrong


def text_of(certificate):
    """One line for each stream."""
    lines = []
    for key, value in certificate.items():
        if isinstance(value, list):
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def version_of(root):
    config = (root / "include/qfmt/core/config.hpp").read_text().splitlines()
    parts = [line.split()[-1] for name in ("MAJOR", "MINOR", "PATCH") for line in config
             if line.startswith(f"#define QFMT_VERSION_{name} ")]
    return ".".join(parts)


def run(output, folders):
    parts = [json.loads(path.read_text()) for folder in folders for path in sorted(pathlib.Path(folder).glob("*.json"))]
    certificate, wrong = merged(parts, version_of(pathlib.Path(__file__).resolve().parent.parent))
    for line in wrong:
        print(f"certificate: {line}")
    if not wrong:
        pathlib.Path(output).write_text(text_of(certificate))
        print(f"certificate: {output}: {sum(len(certificate.get(kind, [])) for kind in INPUTS)} streams, {len(certificate['runs'])} runs, no mismatch")
    return 1 if wrong else 0


def self_test():
    def part(mode, **change):
        result = {"format": "E4M3", "rounding": "up", "oracle": "o", "inputs": 1 << 32, "mismatches": 0,
                  "digest": "1", "seconds": 1.0}
        return {"kind": "encode", "compiler": "g++", "flags": "-O2", "mode": mode, "results": [{**result, **change}]}

    more = part("upward")
    more["results"].append({**more["results"][0], "format": "E5M2"})
    cases = [([part("default"), part("upward")], None),
             ([part("default"), part("upward", digest="2")], "digest 2 under -O2, upward, 1 elsewhere"),
             ([part("default", mismatches=3)], "3 mismatches"),
             ([part("default", inputs=1 << 26)], "only 67108864 inputs"),
             ([part("default"), more], "E5M2 up: only 1 runs"),
             ([], "no results")]
    failed = 0
    for parts, expected in cases:
        certificate, wrong = merged(parts, "1.2.3")
        json.loads(text_of(certificate))
        found = any(expected in line for line in wrong) if expected else not wrong
        if not found:
            print(f"certificate: self-test: expected {expected}, got {wrong}")
        failed += not found
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "a.json").write_text(json.dumps(part("default")))
        failed += run(folder + "/out", [folder]) != 0 or json.loads(pathlib.Path(folder + "/out").read_text())["encode"][0]["digest"] != "1"
    print(f"certificate: self-test: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else run(sys.argv[1], sys.argv[2:]))
