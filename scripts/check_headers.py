#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Every host header compiles alone, twice in a row, without a warning, and among the macros that other
people's headers leave behind; and it leaves none behind that is not called QFMT_...

    check_headers.py [--cache FILE] [--without PACKAGE] [-- COMPILER FLAGS...]
    check_headers.py --self-test [-- COMPILER FLAGS...]

A header that passed is not compiled again until it or one below it changes. Those that need the headers
of PACKAGE (yaml-cpp, which is optional) are not compiled at all.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import headers

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wold-style-cast", "-Wdouble-promotion", "-Werror"]

# The macros of <complex.h>, <windows.h>, <termios.h> and <sys/sysmacros.h>. A header that uses one of
# these names as they do meets a character that no program may contain.
POISON = """
#define min(a, b) @
#define max(a, b) @
#define major(x) @
#define minor(x) @
#define I @
#define small @
#define near @
#define far @
#define B0 @
#define ERROR @
"""

CONFIG = "core/config.hpp"  # the one header with macros


def program(tree, header):
    """The translation unit for a header. Standard and third-party headers come before the poison:
    they are not ours to judge. Those of other compilers are not there and not missed."""
    foreign = dict.fromkeys(name for below in tree.closure(header) for name in tree.foreign(below))
    lines = [f"#if __has_include(<{name}>)\n#include <{name}>\n#endif" for name in foreign]
    return "\n".join(lines) + POISON + f"#include <qfmt/{header}>\n" * 2


def read(tree, header):
    """What can be seen without a compiler."""
    text = tree.text[header]
    if not re.match(r"// SPDX-FileCopyrightText: .+\n// SPDX-License-Identifier: Apache-2.0\n", text):
        yield f"{header}: does not begin with the two SPDX lines"
    if "#pragma once" not in text:
        yield f"{header}: has no #pragma once"
    if re.search(r"^using namespace", text, re.MULTILINE):
        yield f"{header}: has a using directive"
    for macro in re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", text, re.MULTILINE):
        if not macro.startswith("QFMT_"):
            yield f"{header}: defines the macro {macro}"
        elif header != CONFIG:
            yield f"{header}: defines {macro}; macros belong to {CONFIG}"


def compile_alone(tree, header, command):
    """The compiler's first complaints, or nothing."""
    done = subprocess.run(
        [command[0], "-std=c++20", *WARNINGS, *command[1:], "-fsyntax-only", f"-I{tree.root / 'include'}",
         "-x", "c++", "-"],
        input=program(tree, header), capture_output=True, text=True)
    if done.returncode == 0:
        return []
    lines = done.stderr.splitlines()
    # The poison itself is reported where it was defined; the expansion is what tells.
    telling = [line for line in lines
               if re.search("error:|in expansion of macro", line) and "stray" not in line]
    return ["\n    ".join([f"{header}: does not compile alone", *(telling or lines)[:4]])]


def needs(tree, header, package):
    return any(name.startswith(f"{package}/") for below in tree.closure(header) for name in tree.foreign(below))


def check(root, command, cache=None, without=None):
    tree = headers.Headers(root)
    findings = [finding for header in tree for finding in read(tree, header)]

    version = subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout
    known = json.loads(cache.read_text()) if cache and cache.exists() else {}

    def key(header):
        parts = [version, *command, *WARNINGS, program(tree, header)]
        parts += [tree.text[below] for below in tree.closure(header)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    keys = {header: key(header) for header in tree
            if header.endswith(".hpp") and not (without and needs(tree, header, without))}
    todo = [header for header in keys if known.get(header) != keys[header]]
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        results = dict(zip(todo, pool.map(lambda header: compile_alone(tree, header, command), todo)))
    failed = {header for header, result in results.items() if result}
    for header in sorted(failed, key=lambda name: len(tree.closure(name))):
        below = failed.intersection(tree.closure(header)) - {header}
        findings += [f"{header}: does not compile because of {min(below)}"] if below else results[header]

    if cache:
        cache.write_text(json.dumps({h: k for h, k in keys.items() if not results.get(h)}, indent=1))
        print(f"check_headers: {len(todo)} compiled, {len(keys) - len(todo)} unchanged")
    return findings


def self_test(command):
    top = ("// SPDX-FileCopyrightText: 2026 The qfmt authors\n"
           "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n")

    def one(text, name="core/x.hpp"):
        return {f"include/qfmt/{name}": text}

    return headers.demand("check_headers", [
        (one(top + "#include <algorithm>\ninline int f(int a) { return (std::max)(a, 1); }\n"), None),
        (one(top + "#define QFMT_X 1\n", CONFIG), None),
        (one(top + "#include <algorithm>\ninline int f(int a) { return std::max(a, 1); }\n"), "alone"),
        (one(top + "template <int I> struct A {};\n"), "alone"),
        (one(top + "inline std::size_t f() { return 0; }\n"), "alone"),
        (one(top + "inline int f(long a) { return a; }\n"), "alone"),
        (one(top.replace("#pragma once\n", "") + "struct A {};\n"), "no #pragma once"),
        (one("#pragma once\n"), "SPDX"),
        (one(top + "namespace a {}\nusing namespace a;\n"), "using directive"),
        (one(top + "#define LIMIT 1\n"), "the macro LIMIT"),
        (one(top + "#define QFMT_X 1\n"), "macros belong to"),
    ], lambda root: check(root, command))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--without")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("command", nargs="*", default=["g++"])
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.command)
    findings = check(headers.REPOSITORY, options.command, options.cache, options.without)
    return headers.report("check_headers", findings, "include/")


if __name__ == "__main__":
    sys.exit(main())
