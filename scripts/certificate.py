#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Puts the results of exhaustive test runs together: qfmt-conformance.json.

    certificate.py OUTPUT FOLDER...    the folders that QFMT_CERTIFICATE named, one for each build
    certificate.py --check FILE        whether it is about the headers as they are now
    certificate.py --self-test         plant differences and demand that they are found

Each function must have been compared for all its inputs, without mismatch, with the same digest in
every build and every mode of the processor; the exit status says so.
"""

import datetime
import hashlib
import json
import pathlib
import re
import sys
import tempfile

import headers

ABOUT = {
    "what": "The codes of the library for all inputs 0, 1, 2, ... as bits of binary32 (encode: 2^32, mx_scale: the 2^31 "
            "magnitudes), each compared with tables of thresholds that were computed from the specifications without the "
            "library; cuda: the host functions of the CUDA headers, compared with the same tables.",
    "digest": "SHA-256, the first 16 digits, over the steps of a function: for each input whose code is not that of the "
              "input before (0 is always one), the input as 4 bytes and the code as 2, lowest byte first.",
    "sources": "The same over the headers that decide codes, without comments and spaces.",
}
INPUTS = {"encode": 1 << 32, "cuda": 1 << 32, "mx_scale": 1 << 31}
RESULTS = ("inputs", "mismatches", "digest")


def merged(parts):
    """What was run, the digests by kind and function, and what is wrong with them."""
    runs, functions, wrong = [], {kind: {} for kind in INPUTS}, []
    for part in parts:
        run = {key: part[key] for key in ("compiler", "flags", "mode")}
        if run not in runs:
            runs.append(run)
        where = f"{run['flags']}, {run['mode']}"
        for result in part["results"]:
            names = {key: value for key, value in result.items() if key not in RESULTS}
            what = " ".join([part["kind"], *names.values()])
            function = functions[part["kind"]].setdefault(what, {"names": names, "digest": result["digest"], "runs": 0})
            function["runs"] += 1
            if result["mismatches"]:
                wrong.append(f"{what}: {result['mismatches']} mismatches under {where}")
            if result["inputs"] != INPUTS[part["kind"]]:
                wrong.append(f"{what}: only {result['inputs']} inputs under {where}")
            if result["digest"] != function["digest"]:
                wrong.append(f"{what}: digest {result['digest']} under {where}, {function['digest']} elsewhere")
    for kind in functions.values():
        most = max((function["runs"] for function in kind.values()), default=0)
        wrong += [f"{what}: only {function['runs']} runs" for what, function in kind.items() if function["runs"] != most]
    if not functions["encode"]:
        wrong.append("no results")
    return runs, functions, wrong


def rows(functions):
    """One row for each function, those that differ in overflow alone together."""
    together = {}
    for function in functions.values():
        names = dict(function["names"])
        overflow = names.pop("overflow", "digest")
        together.setdefault(tuple(names.items()), {**names})[overflow] = function["digest"]
    return list(together.values())


def text_of(certificate):
    """One line for each row of a list."""
    lines = []
    for key, value in certificate.items():
        if isinstance(value, list):
            lines.append(f"  {json.dumps(key)}: [\n" + ",\n".join("    " + json.dumps(row) for row in value) + "\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def sources_of(tree):
    """A digest of the headers that decide codes: not config.hpp, which has the version."""
    names = {name for top in ("formats/all.hpp", "scaling/mx_rule.hpp") for name in tree.closure(top)}
    sha = hashlib.sha256()
    for name in sorted(names - {"core/config.hpp"}):
        sha.update(name.encode() + b"\n" + re.sub(r"//.*|\s+", "", tree.text[name]).encode())
    return sha.hexdigest()[:16]


def version_of(tree):
    defined = dict(re.findall(r"^#define QFMT_VERSION_(\w+) (\d+)", tree.text["core/config.hpp"], re.MULTILINE))
    return ".".join(defined[part] for part in ("MAJOR", "MINOR", "PATCH"))


def write(output, folders):
    parts = [json.loads(path.read_text()) for folder in folders for path in sorted(pathlib.Path(folder).glob("*.json"))]
    runs, functions, wrong = merged(parts)
    for line in wrong:
        print(f"certificate: {line}")
    if wrong:
        return 1
    tree = headers.Headers()
    certificate = {"about": ABOUT["what"], "digests": ABOUT["digest"], "sources": sources_of(tree),
                   "about sources": ABOUT["sources"], "qfmt": version_of(tree), "date": str(datetime.date.today()),
                   "mismatches": 0, "runs": runs, **{kind: rows(of_kind) for kind, of_kind in functions.items()}}
    pathlib.Path(output).write_text(text_of(certificate))
    count = sum(len(of_kind) for of_kind in functions.values())
    print(f"certificate: {output}: {count} functions, {len(runs)} runs, no mismatch")
    return 0


def check(path):
    path = pathlib.Path(path)
    if not path.exists():
        print(f"SKIP: there is no {path.name}: scripts/test.sh --exhaustive=all writes it")
    elif json.loads(path.read_text())["sources"] != sources_of(headers.Headers()):
        print(f"SKIP: the headers have changed since {path.name} was written: scripts/test.sh --exhaustive=all")
    return 0


def self_test():
    def part(mode, **change):
        result = {"format": "E4M3", "rounding": "up", "overflow": "saturate", "inputs": 1 << 32, "mismatches": 0, "digest": "1"}
        return {"kind": "encode", "compiler": "g++", "flags": "-O2", "mode": mode, "results": [{**result, **change}]}

    more = part("upward")
    more["results"].append({**more["results"][0], "overflow": "to special"})
    cases = [([part("default"), part("upward")], None),
             ([part("default"), part("upward", digest="2")], "digest 2 under -O2, upward, 1 elsewhere"),
             ([part("default", mismatches=3)], "3 mismatches"),
             ([part("default", inputs=1 << 26)], "only 67108864 inputs"),
             ([part("default"), more], "encode E4M3 up to special: only 1 runs"),
             ([], "no results")]
    failed = 0
    for parts, expected in cases:
        wrong = merged(parts)[2]
        if not (any(expected in line for line in wrong) if expected else not wrong):
            print(f"certificate: self-test: expected {expected}, got {wrong}")
            failed += 1
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "a.json").write_text(json.dumps(more))
        failed += write(folder + "/out", [folder]) != 0
        written = json.loads(pathlib.Path(folder + "/out").read_text())
        failed += written["encode"] != [{"format": "E4M3", "rounding": "up", "saturate": "1", "to special": "1"}]
    tree = headers.Headers()
    before = sources_of(tree)
    tree.text["core/bit.hpp"] += "\n\n// A comment.\n"
    failed += sources_of(tree) != before
    tree.text["core/bit.hpp"] += "int x;"
    failed += sources_of(tree) == before
    print(f"certificate: self-test: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    sys.exit(check(sys.argv[2]) if sys.argv[1] == "--check" else write(sys.argv[1], sys.argv[2:]))
