#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""A program that must not compile, for the reason it gives.

    expect_compile_error.py SOURCE -- COMPILER FLAGS...
    expect_compile_error.py --self-test -- COMPILER FLAGS...

SOURCE begins with one or more comment lines `// expect-error: REGEX`. The compiler must reject it,
and each expression must match somewhere in what the compiler says.
"""

import os
import pathlib
import re
import subprocess
import sys

import headers


def check(source, command):
    expected = re.findall(r"^// expect-error: (.+)$", source.read_text(), re.MULTILINE)
    if not expected:
        return [f"{source.name}: says no `// expect-error:`"]
    done = subprocess.run([*command, "-fsyntax-only", str(source)], capture_output=True, text=True,
                          env=os.environ | {"LC_ALL": "C"})  # plain quotes, no translations
    if done.returncode == 0:
        return [f"{source.name}: compiles"]
    return [f"{source.name}: rejected, but not because of /{regex}/\n{done.stderr}"
            for regex in expected if not re.search(regex, done.stderr)]


def self_test(command):
    def run(root):
        return check(next(root.iterdir()), command)

    reason = "// expect-error: static assertion failed: too small\n"
    return headers.demand("expect_compile_error", [
        ({"a.cpp": reason + 'static_assert(false, "too small");\n'}, None),
        ({"a.cpp": reason + 'static_assert(true, "too small");\n'}, "compiles"),
        ({"a.cpp": reason + 'static_assert(false, "too large");\n'}, "not because of"),
        ({"a.cpp": 'static_assert(false, "too small");\n'}, "says no"),
    ], run)


if __name__ == "__main__":
    split = sys.argv.index("--")
    what, compiler = sys.argv[1:split], sys.argv[split + 1:]
    if what == ["--self-test"]:
        sys.exit(self_test(compiler))
    found = check(pathlib.Path(what[0]), compiler)
    print("\n".join(found) or "rejected, as it should be")
    sys.exit(1 if found else 0)
