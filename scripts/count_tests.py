#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""The closing line of a test run, `N passed, N failed, N skipped`, from the log that ctest leaves.

    count_tests.py LOG
    count_tests.py --self-test

An executable made with doctest counts its test cases; any other test counts once. In a test that
passes, a line `SKIP: reason` takes one from the passed to the skipped. The exit status is 0 if
nothing failed and something passed.
"""

import pathlib
import re
import sys

ENTRY = re.compile(r"^\d+/\d+ Testing: ", re.MULTILINE)
VERDICT = re.compile(r"^Test (Passed|Skipped)\.$", re.MULTILINE)
DOCTEST = re.compile(r"^\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed", re.MULTILINE)
SKIP = re.compile(r"^SKIP: ", re.MULTILINE)


def count_entry(entry):
    """(passed, failed, skipped) of one ctest entry."""
    verdict = VERDICT.search(entry)
    if verdict and verdict[1] == "Skipped":
        return 0, 0, 1
    summary = DOCTEST.search(entry)
    passed, failed = map(int, summary.groups()) if summary else (1 if verdict else 0, 0)
    if not verdict:
        return passed, max(failed, 1), 0  # a crash after the last test case is a failure too
    skipped = min(len(SKIP.findall(entry)), passed)
    return passed - skipped, failed, skipped


def count(log):
    entries = [count_entry(entry) for entry in ENTRY.split(log)[1:]]
    return [sum(column) for column in zip(*entries)] or [0, 0, 0]


def self_test():
    def entry(output, verdict):
        return f"1/9 Testing: name\nOutput:\n{output}\n<end of output>\n{verdict}\n"

    cases = "[doctest] test cases: 7 | {} passed | {} failed | 0 skipped"
    table = [
        ("", [0, 0, 0]),
        (entry("", "Test Passed."), [1, 0, 0]),
        (entry("", "Test Failed."), [0, 1, 0]),
        (entry("", "Test Skipped."), [0, 0, 1]),
        (entry("SKIP: no data", "Test Passed."), [0, 0, 1]),
        (entry(cases.format(7, 0), "Test Passed."), [7, 0, 0]),
        (entry(cases.format(5, 2), "Test Failed."), [5, 2, 0]),
        (entry(cases.format(7, 0), "Test Failed."), [7, 1, 0]),
        (entry("SKIP: a\nSKIP: b\n" + cases.format(7, 0), "Test Passed."), [5, 0, 2]),
        (entry("", "Test Passed.") + entry("", "Test timeout computed to be: 9\nTest Timeout"), [1, 1, 0]),
    ]
    wrong = [(log, expected, count(log)) for log, expected in table if count(log) != expected]
    for log, expected, counted in wrong:
        print(f"count_tests: expected {expected}, counted {counted} in\n{log}")
    return 1 if wrong else 0


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    passed, failed, skipped = count(pathlib.Path(sys.argv[1]).read_text(errors="replace"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
