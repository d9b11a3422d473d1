#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Adds a format as CONTRIBUTING.md says, to a copy of the headers, and sees what follows from it.

    run.py COMPILER WORK_DIR FLAGS...

The file and the change of formats/all.hpp are those in CONTRIBUTING.md; WORK_DIR is overwritten.
"""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def change(text, hunk):
    """Replaces the context and `-` lines of a hunk, found once in the text, by its `+` lines."""
    old = "\n".join(line[1:] for line in hunk if line[0] in " -")
    new = "\n".join(line[1:] for line in hunk if line[0] in " +")
    if text.count(old) != 1:
        sys.exit(f"run.py: found {text.count(old)} times in formats/all.hpp:\n{old}")
    return text.replace(old, new)


def main(compiler, work, *flags):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(ROOT / "include", work / "include")
    formats = work / "include/qfmt/formats"
    how = (ROOT / "CONTRIBUTING.md").read_text()
    how = how[how.index("**A format.**"):]
    code = re.search(r"^```cpp\n(.*?)^```$", how, re.M | re.S)[1]
    diff = re.search(r"^```diff\n(.*?)^```$", how, re.M | re.S)[1]
    (formats / "e2m2.hpp").write_text(code)
    text = (formats / "all.hpp").read_text()
    for hunk in diff.split("@@\n")[1:]:
        text = change(text, hunk.splitlines())
    (formats / "all.hpp").write_text(text)

    subprocess.run([compiler, "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", *flags,
                    f"-I{work}/include", f"-I{ROOT}/tests", ROOT / "tests/added_format/main.cpp",
                    "-o", work / "program"], check=True)
    sys.exit(subprocess.run([work / "program"]).returncode)


main(sys.argv[1], pathlib.Path(sys.argv[2]), *sys.argv[3:])
