#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""What including a header costs: user seconds of `-fsyntax-only`, the least of five, against a budget.

    check_include_cost.py [--gate] [-- COMPILER FLAGS...]

A report; with --gate, a header over its budget is a failure. It is not part of the tests, whose
verdict must not depend on how busy the machine is. Of the umbrella's second about half is the
standard library's (<string>, <vector>, <algorithm>, <span>, <variant>, ...) and a quarter
<immintrin.h>, of which compilers allow no part alone; formats and scaling include neither.
"""

import argparse
import os
import subprocess
import sys

import headers

BUDGETS = {
    "core/config.hpp": 0.10,
    "formats/convert.hpp": 0.15,
    "formats/all.hpp": 0.20,
    "scaling/block_format.hpp": 0.20,
    "tensor/view.hpp": 0.30,
    "qfmt.hpp": 1.00,
    "calibration/gptq.hpp": 1.20,
    "io/compressed_tensors.hpp": 1.60,
}


def user_seconds(command, header):
    process = subprocess.Popen(
        [*command, "-std=c++20", "-fsyntax-only", f"-I{headers.REPOSITORY / 'include'}", "-x", "c++", "-"],
        stdin=subprocess.PIPE)
    process.stdin.write(f"#include <qfmt/{header}>\n".encode())
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime if process.returncode == 0 else float("inf")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("command", nargs="*", default=["g++", "-isystem/usr/include/eigen3"])
    options = parser.parse_args()
    over = 0
    for header in filter(lambda name: name in headers.Headers(), BUDGETS):
        seconds = min(user_seconds(options.command, header) for _ in range(5))
        verdict = "ok" if seconds <= BUDGETS[header] else "OVER"
        over += verdict == "OVER"
        print(f"{header:<28} {seconds:6.2f} s of {BUDGETS[header]:.2f} s   {verdict}")
    return 1 if over and options.gate else 0


if __name__ == "__main__":
    sys.exit(main())
