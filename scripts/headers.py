# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""The tree of headers as the check_*.py scripts see it: who includes whom."""

import pathlib
import re
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


class Headers:
    """The headers below `root`/include/qfmt. A header is named by its path there: "core/bit.hpp"."""

    def __init__(self, root=REPOSITORY):
        self.root = pathlib.Path(root)
        base = self.root / "include" / "qfmt"
        self.text = {
            path.relative_to(base).as_posix(): path.read_text()
            for path in sorted(base.rglob("*"))
            if path.suffix in (".hpp", ".cuh")
        }

    def __iter__(self):
        return iter(self.text)

    def __contains__(self, header):
        return header in self.text

    def quoted(self, header):
        """The includes written with quotes instead of angle brackets."""
        return [name for mark, name in INCLUDE.findall(self.text[header]) if mark == '"']

    def own(self, header):
        """The qfmt headers that `header` includes."""
        return [name[5:] for _, name in INCLUDE.findall(self.text[header]) if name.startswith("qfmt/")]

    def foreign(self, header):
        """Everything else that `header` includes."""
        return [name for _, name in INCLUDE.findall(self.text[header]) if not name.startswith("qfmt/")]

    def closure(self, header):
        """`header` and the qfmt headers below it, each after those that it includes."""
        order = []

        def visit(name, seen):
            if name in seen or name not in self.text:
                return
            seen.add(name)
            for below in self.own(name):
                visit(below, seen)
            order.append(name)

        visit(header, set())
        return order


def planted(files):
    """A temporary tree with the given {path: text}; for self-tests. Use as a context manager."""
    folder = tempfile.TemporaryDirectory()
    for path, text in files.items():
        target = pathlib.Path(folder.name) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def report(check, findings, what):
    """Prints the findings, the first forty of them; the exit status for main."""
    for finding in findings[:40]:
        print(f"{check}: {finding}")
    print(f"{check}: {len(findings)} findings in {what}")
    return 1 if findings else 0


def demand(check, cases, run):
    """A self-test: for each (files, expected) run(root) must find `expected`, or nothing if it is None."""
    failures = 0
    for files, expected in cases:
        with planted(files) as root:
            findings = run(pathlib.Path(root))
        found = any(expected in finding for finding in findings) if expected else not findings
        if not found:
            failures += 1
            print(f"{check}: planted {sorted(files)}, expected {expected!r}, found {findings}")
    print(f"{check}: self-test, {len(cases)} planted trees, {failures} failures")
    return 1 if failures else 0
