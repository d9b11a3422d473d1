#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Header = test = reference: include/qfmt/<floor>/<name>.hpp has tests/<floor>/<name>.cpp, and
docs/reference/<floor>.md names <name>.hpp. For .cuh the test may be a .cu. A header that only states the
facts of a format is tested by the laws over the lists in formats/all.hpp, and needs neither.

    check_mirror.py               check the repository
    check_mirror.py --self-test   plant headers without a test or an entry and demand that they are found
"""

import pathlib
import re
import sys

import headers

UMBRELLA = "qfmt.hpp"  # holds nothing of its own
FORMAT = re.compile(r"^struct \w+\s*: (Minifloat|Integer|Codebook)<", re.MULTILINE)


def check(root):
    findings = []
    for header in headers.Headers(root):
        if header == UMBRELLA:
            continue
        path = pathlib.PurePosixPath(header)
        if path.parts[0] == "formats" and FORMAT.search((root / "include/qfmt" / path).read_text()):
            continue
        test = root / "tests" / path.with_suffix(".cpp")
        if not test.exists() and not (path.suffix == ".cuh" and test.with_suffix(".cu").exists()):
            findings.append(f"{header}: there is no {test.relative_to(root)}")
        floor = path.parts[0] if len(path.parts) > 1 else "qfmt"
        page = root / "docs" / "reference" / f"{floor}.md"
        named = page.exists() and re.search(rf"(?<!\w){re.escape(path.name)}\b", page.read_text())
        if not named:
            findings.append(f"{header}: {page.relative_to(root)} does not name {path.name}")
    return findings


def self_test():
    whole = {
        "include/qfmt/qfmt.hpp": "",
        "include/qfmt/conformance.hpp": "",
        "include/qfmt/formats/e4m3.hpp": "",
        "include/qfmt/cuda/gemm/tile.cuh": "",
        "tests/conformance.cpp": "",
        "tests/formats/e4m3.cpp": "",
        "tests/cuda/gemm/tile.cu": "",
        "docs/reference/qfmt.md": "`conformance.hpp`",
        "docs/reference/formats.md": "## formats/e4m3.hpp",
        "docs/reference/cuda.md": "gemm/tile.cuh",
    }

    def without(path):
        return {name: text for name, text in whole.items() if name != path}

    return headers.demand("check_mirror", [
        (whole, None),
        (whole | {"include/qfmt/formats/e9m9.hpp": "struct E9M9 : Minifloat<FloatSpec{}> {"}, None),
        (without("tests/formats/e4m3.cpp"), "e4m3.hpp: there is no tests/formats/e4m3.cpp"),
        (without("tests/cuda/gemm/tile.cu"), "tile.cuh: there is no tests/cuda/gemm/tile.cpp"),
        (without("docs/reference/qfmt.md"), "docs/reference/qfmt.md does not name conformance.hpp"),
        (whole | {"docs/reference/formats.md": "ue4m3.hpp"}, "does not name e4m3.hpp"),
    ], check)


if __name__ == "__main__":
    if "--self-test" in sys.argv[1:]:
        sys.exit(self_test())
    sys.exit(headers.report("check_mirror", check(headers.REPOSITORY), "tests/ and docs/reference/"))
