#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Mutation testing: small mistakes are planted in the headers, one at a time, and the tests must
notice each of them. Run by hand; docs/mutation.md has the results.

    mutate.py [--file PATH]... [--sample N [--seed S]] [--results TSV] [--patience SECONDS]
              [--minutes N] [--worktree] [--list]
    mutate.py --report [--results TSV]     what a run left, by file, and the survivors
    mutate.py --self-test                  the tokens, the operators and the verdicts

Mutants are made of the code of formats/, scaling/, packing/, core/bit.hpp and core/random.hpp, but
not of comments, strings, preprocessor lines, static_assert and requires-expressions. A mutant is
compiled (g++ -O0) into one test program after the other, its header's own test first, then those
that have killed most; the first that fails ends its life. Verdicts:

    compile         no program: not counted
    static_assert   killed at compile time: an assertion fails, or a constant has undefined behaviour
    test, timeout   killed by a test that fails, crashes or does not end
    survived        all tests pass

Nothing is mutated in the tree: headers and tests are a copy of HEAD (--worktree: of the files as they
are) in a temporary folder. Mutants come in random order, so that a run that is stopped has judged a
sample; a results file that exists is continued, and its survivors are judged again. CXX names the
compiler.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MUTATED = ("formats", "scaling", "packing", "core/bit.hpp", "core/random.hpp")
TESTS = ("core/bit.cpp", "core/random.cpp", "formats", "scaling", "packing")
FLAGS = ["-std=c++20", "-O0", "-w", "-fmax-errors=1"]
HEADING = ["file", "line", "kind", "verdict", "killer", "mutant"]

# ---------------------------------------------------------------------------------------------------
# The mutants of a text

SKIPPED = re.compile(
    r"""//[^\n]*|/\*.*?\*/            # comments
      |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'
      |^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*  # preprocessor lines
    """, re.VERBOSE | re.MULTILINE | re.DOTALL)

SWAPS = {  # binary operators: in formatted code they stand between white space, template brackets do not
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"],
    "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"], "^": ["|"], "&&": ["||"], "||": ["&&"],
    "+=": ["-="], "-=": ["+="], "*=": ["/="], "|=": ["&="], "&=": ["|="], "<<=": [">>="], ">>=": ["<<="],
}
KINDS = [("relation", "< <= > >= == !="), ("arithmetic", "+ - * / %"), ("shift", "<< >>"),
         ("bit", "& | ^"), ("logic", "&& ||"), ("assignment", "+= -= *= |= &= <<= >>=")]
KIND = {operator: kind for kind, operators in KINDS for operator in operators.split()}
NUMBER = re.compile(r"(?<![\w.'])(?:0[xX][\da-fA-F.]+(?:p[+-]?\d+)?|\d+(?:\.\d*)?(?:e[+-]?\d+)?)[uUlLf]*(?![\w.])")


class Mutant(collections.namedtuple("Mutant", "file start end old new kind")):
    __slots__ = ()

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def line(self, text):
        return text.count("\n", 0, self.start) + 1

    def shown(self, text):
        """The changed line, the change in braces."""
        begin = text.rfind("\n", 0, self.start) + 1
        end = text.find("\n", self.end)
        whole = f"{text[begin:self.start]}{{{self.old} -> {self.new}}}{text[self.end:end]}"
        return " ".join(whole.split())


def blank(text, begin, end):
    return text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]


def closing(text, position):
    """One past the bracket that closes the one at `position`."""
    depth = 0
    for i in range(position, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(text)


def code_of(text):
    """The text with everything blanked that is not mutated; positions stay."""
    for match in SKIPPED.finditer(text):
        text = blank(text, *match.span())
    for word in (r"\bstatic_assert\s*(?=\()", r"\brequires\s*(?=\{)", r"(?:=|&&)\s*requires\s*\([^{]*(?=\{)",
                 r"\brequires\s*(?=\()"):
        for match in list(re.finditer(word, text)):
            text = blank(text, match.start(), closing(text, match.end()))
    return text


def next_float(literal):
    """The binary32 (or binary64) number above a literal."""
    digits = literal.rstrip("fF")
    value = float.fromhex(digits) if digits.lower().startswith("0x") else float(digits)
    if value == 0:
        return "1.0f" if literal[-1] in "fF" else "1.0"
    if literal[-1] in "fF":
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        return struct.unpack("<f", struct.pack("<I", bits + 1))[0].hex() + "f"
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    return struct.unpack("<d", struct.pack("<Q", bits + 1))[0].hex()


def numbers(literal):
    """What a number is replaced by."""
    is_hex = literal.lower().startswith("0x")
    if "." in literal or "p" in literal or (not is_hex and ("e" in literal or literal[-1] in "fF")):
        return [next_float(literal)]
    digits = literal.rstrip("uUlL")
    suffix = literal[len(digits):]
    value = int(digits, 0)
    write = (lambda n: f"0x{n:X}{suffix}") if is_hex else (lambda n: f"{n}{suffix}")
    return [write(value + 1)] + ([write(value - 1)] if value > 0 else [])


def end_of_operand(code, position):
    """Where the last operand of a conditional expression ends."""
    i = position
    while i < len(code):
        if code[i] in "([{":
            i = closing(code, i)
            continue
        if code[i] in ")]},;":
            break
        i += 1
    return i


def mutants_of(file, text):
    code = code_of(text)
    found = []

    def add(start, end, new, kind):
        old = text[start:end]
        if new != old:
            found.append(Mutant(file, start, end, old, new, kind))

    for match in re.finditer(r"(?<=\s)(<<=|>>=|<=>|[<>=!+\-*/%&|^]=|&&|\|\||<<|>>|[<>+\-*/%&|^])(?=\s)", code):
        for new in SWAPS.get(match[1], []):
            add(*match.span(1), new, KIND[match[1]])
    for match in re.finditer(r"\+\+|--", code):
        add(*match.span(), "--" if match[0] == "++" else "++", "assignment")
    for match in re.finditer(r"(?<=[\s(\[,=!~])([!~])(?=[\w(!~])(?!=)", code):
        add(*match.span(1), "", "logic" if match[1] == "!" else "bit")
    for match in re.finditer(r"(?<=[(\[,=?:]\s)-(?=[\w(])|(?<=[(\[{])-(?=[\w(])|(?<=return )-(?=[\w(])", code):
        add(*match.span(), "", "arithmetic")
    for match in NUMBER.finditer(code):
        for new in numbers(match[0]):
            add(*match.span(), new, "constant")
    for match in re.finditer(r"\b(true|false)\b", code):
        add(*match.span(), "false" if match[0] == "true" else "true", "constant")
    for match in re.finditer(r"\bif( constexpr)? (?=\()", code):
        begin, end = match.end(), closing(code, match.end())
        if match[1] or "requires" in text[begin:end]:
            add(begin, end, f"(!{text[begin:end]})", "condition")
        else:
            add(begin, end, "(true)", "condition")
            add(begin, end, "(false)", "condition")
    for match in re.finditer(r"(?<=\s)\?(?=\s)", code):
        colon, depth = match.end(), 0
        while depth or code[colon] != ":" or code[colon + 1] == ":" or code[colon - 1] == ":":
            if code[colon] in "([{":
                colon = closing(code, colon)
                continue
            depth += (code[colon] == "?") - (code[colon] == ":" and ":" not in (code[colon + 1], code[colon - 1]))
            colon += 1
        end = end_of_operand(code, colon + 1)
        first, second = text[match.end():colon].strip(), text[colon + 1:end].strip()
        add(match.start(), end, f"? {second} : {first}", "branches")
    # Statements that are assignments, increments or calls: removed.
    for match in re.finditer(r"(?:(?<=[;{})\n])|\A)[ \t]*((?:\*?\w[\w.\[\]:]*(?: (?:[+\-*/%|&^]|<<|>>)?= |\+\+ = )[^;{}]*"
                             r"|\+\+\w+|\w+\+\+|[\w:]+\([^;{}]*\));)", code):
        add(*match.span(1), ";", "statement")
    unique = {mutant.apply(text): mutant for mutant in reversed(found)}
    return sorted(unique.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.new))


# ---------------------------------------------------------------------------------------------------
# The trial of a mutant


class Program:
    """A test program: its sources, the headers that they include, how long it takes."""

    def __init__(self, sources):
        self.sources = sources
        self.name = sources[0]
        self.headers = set()
        self.seconds = 0.0
        self.kills = collections.Counter()  # by header


class Court:
    """A copy of headers and tests in which mutants are compiled and tested, one at a time."""

    def __init__(self, folder, compiler):
        self.folder = pathlib.Path(folder)
        self.compiler = compiler
        self.programs = []
        self.pch = self.folder / "precompiled.hpp"

    def command(self, *arguments):
        return [self.compiler, *FLAGS, "-I", str(self.folder / "include"), "-I", str(self.folder / "tests"),
                f'-DQFMT_TEST_FIXTURES="{self.folder}/tests/fixtures"', *map(str, arguments)]

    def run(self, command, seconds):
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds,
                                  cwd=self.folder, check=False)
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout + done.stderr

    def prepare(self, sources):
        """Builds what no mutant changes, and sees every program pass."""
        self.pch.write_text("#include <doctest/doctest.h>\n#include <algorithm>\n#include <array>\n#include <cmath>\n"
                            "#include <string>\n#include <vector>\n")
        self.demand(self.run(self.command("-x", "c++-header", self.pch), 300))
        self.demand(self.run(self.command("-c", "tests/support/main.cpp", "-o", "main.o"), 300))
        # A test that does not link alone is built with those sources beside it that hold no tests.
        texts = {source: (self.folder / "tests" / source).read_text() for source in sources}
        companions = [source for source in sources if "TEST_CASE" not in texts[source]]
        for source in sources:
            if source in companions:
                continue
            beside = [other for other in companions if os.path.dirname(other) == os.path.dirname(source)]
            for program in (Program([source]), Program([source, *beside])):
                if self.try_baseline(program):
                    self.programs.append(program)
                    break
            else:
                sys.exit(f"mutate: {source} fails without any mutation")

    def demand(self, outcome):
        if outcome[0] != 0:
            sys.exit(f"mutate: cannot build\n{outcome[1]}")

    def try_baseline(self, program):
        begin = time.monotonic()
        verdict, _ = self.judge_by(program, 600)
        program.seconds = time.monotonic() - begin
        if verdict != "survived":
            return False
        for source in program.sources:
            _, rule = self.run(self.command("-MM", f"tests/{source}"), 60)
            program.headers |= set(re.findall(r"include/qfmt/([\w/.]+\.hpp)", rule))
        return True

    def judge_by(self, program, seconds):
        """The verdict of one program and, if it is no survivor, what it said."""
        sources = [f"tests/{source}" for source in program.sources]
        status, said = self.run(self.command("-include", self.pch.name, *sources, "main.o", "-o", "program"), 600)
        if status != 0:
            refused = re.search(r"static assertion|constant expression|constexpr.{1,3} expansion of", said)
            return "static_assert" if refused else "compile", said
        status, said = self.run([str(self.folder / "program"), "--abort-after=1", "--minimal"], seconds)
        if status is None:
            return "timeout", ""
        return ("survived" if status == 0 else "test"), said

    def concerned(self, file, patience):
        """The programs that include a header, the most promising first, that take so long in all."""
        stem = file.removesuffix(".hpp")

        def promise(program):
            is_own = program.name.startswith((f"{stem}.cpp", f"{stem}/"))
            return (1 + 10 * is_own + 3 * program.kills[file]) / program.seconds

        including = [program for program in self.programs if file in program.headers]
        for program in sorted(including, key=promise, reverse=True):
            if patience > 0:
                yield program
            patience -= program.seconds

    def judge(self, mutant, text, patience=float("inf")):
        """(verdict, killer) of a mutant of a header with this text."""
        header = self.folder / "include/qfmt" / mutant.file
        header.write_text(mutant.apply(text))
        try:
            for program in self.concerned(mutant.file, patience):
                verdict, _ = self.judge_by(program, 10 + 10 * program.seconds)
                if verdict != "survived":
                    program.kills[mutant.file] += verdict != "compile"
                    return verdict, program.name
        finally:
            header.write_text(text)
        return "survived", "-"


# ---------------------------------------------------------------------------------------------------
# Results


def named(mutants, text):
    """(name, mutant): the changed line, numbered where the same is found again in the file."""
    seen = collections.Counter()
    for mutant in mutants:
        shown = mutant.shown(text)
        seen[shown] += 1
        yield (shown if seen[shown] == 1 else f"{shown} #{seen[shown]}"), mutant


def read_results(path):
    """The rows of a results file, as HEADING says."""
    if not path.exists():
        return []
    return [line.split("\t") for line in path.read_text().splitlines()[1:]]


def equivalents():
    """The mutants that docs/mutation.md lists as equivalent: {(file, shown)}."""
    page = ROOT / "docs/mutation.md"
    if not page.exists():
        return set()
    listed, file = set(), ""
    for line in page.read_text().splitlines():
        if heading := re.fullmatch(r"### `(.+\.hpp)`", line):
            file = heading[1]
        for shown in re.findall(r"^    (.*\{.* -> .*\}.*)$", line):
            listed.add((file, shown))
    return listed


def report(results):
    listed = equivalents()
    table = collections.defaultdict(collections.Counter)
    survivors = []
    for file, line, _, verdict, _, shown in results:
        is_equivalent = verdict == "survived" and (file, shown) in listed
        table[file]["equivalent" if is_equivalent else verdict] += 1
        if verdict == "survived" and not is_equivalent:
            survivors.append(f"{file}:{line}: {shown}")
    total = sum(table.values(), collections.Counter())
    print("| file | mutants | no program | static_assert | test | timeout | equivalent | survived | score |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for file, counts in [*sorted(table.items()), ("**all**", total)]:
        killed = counts["static_assert"] + counts["test"] + counts["timeout"]
        judged = killed + counts["survived"]
        score = f"{100 * killed / judged:.1f} %" if judged else "-"
        print(f"| {file} | {sum(counts.values())} | {counts['compile']} | {counts['static_assert']} | {counts['test']}"
              f" | {counts['timeout']} | {counts['equivalent']} | {counts['survived']} | {score} |")
    for survivor in survivors:
        print(survivor)
    return 1 if survivors else 0


# ---------------------------------------------------------------------------------------------------


def copy_tree(folder, worktree):
    if worktree:
        for part in ("include", "tests"):
            shutil.copytree(ROOT / part, pathlib.Path(folder) / part)
        return
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD", "include", "tests"], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)


def below(base, parts, suffix):
    paths = [path for part in parts for path in ([base / part] if (base / part).is_file() else (base / part).rglob(f"*{suffix}"))]
    return sorted(path.relative_to(base).as_posix() for path in paths)


def run(options):
    with tempfile.TemporaryDirectory(prefix="qfmt-mutate-") as folder:
        copy_tree(folder, options.worktree)
        base = pathlib.Path(folder) / "include/qfmt"
        files = options.file or below(base, MUTATED, ".hpp")
        texts = {file: (base / file).read_text() for file in files}
        mutants = [pair for file in files for pair in named(mutants_of(file, texts[file]), texts[file])]
        if options.sample:
            mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
        else:
            random.Random(options.seed).shuffle(mutants)
        if options.list:
            for name, mutant in mutants:
                print(f"{mutant.file}:{mutant.line(texts[mutant.file])}: {mutant.kind}: {name}")
            print(f"{len(mutants)} mutants")
            return 0

        known = {pair[0] + "\t" + pair[1].file: pair for pair in mutants}
        rows = {row[5] + "\t" + row[0]: row for row in read_results(options.results)}
        rows = {key: row for key, row in rows.items() if key in known}
        court = Court(folder, os.environ.get("CXX", "g++"))
        court.prepare(below(pathlib.Path(folder) / "tests", TESTS, ".cpp"))
        for file, _, _, _, killer, _ in rows.values():
            for program in court.programs:
                program.kills[file] += program.name == killer

        def judge(key, patience):
            shown, mutant = known[key]
            text = texts[mutant.file]
            verdict, killer = court.judge(mutant, text, patience)
            rows[key] = [mutant.file, str(mutant.line(text)), mutant.kind, verdict, killer, shown]
            options.results.write_text("".join("\t".join(row) + "\n" for row in [HEADING, *rows.values()]))
            print(f"{len(rows)}: {mutant.file}:{mutant.line(text)}: {verdict}: {shown}", flush=True)

        print(f"{len(mutants)} mutants, {len(court.programs)} test programs", flush=True)
        begin = time.monotonic()
        for key in known:
            if key not in rows and time.monotonic() - begin < 60 * options.minutes:
                judge(key, options.patience)
        # What has survived the most promising tests meets them all.
        for key, row in list(rows.items()):
            if row[3] == "survived" and (row[0], row[5]) not in equivalents():
                judge(key, float("inf"))
    return report(list(rows.values()))


def self_test():
    wrong = []
    table = [  # code, the texts that its mutants have
        ("a < b;", ["a <= b;", "a >= b;"]),
        ("std::vector<int> v; // a < b", []),
        ('f("a + b");', [";"]),
        ("static_assert(1 + 1 == 2);", []),
        ("if (a) return 7;", ["if (true) return 7;", "if (false) return 7;", "if (a) return 8;", "if (a) return 6;"]),
        ("x = c ? a : b;", ["x = c ? b : a;", ";"]),
        ("++n;", ["--n;", ";"]),
        ("return !a && ~b;", ["return a && ~b;", "return !a || ~b;", "return !a && b;"]),
        ("x << 3;", ["x >> 3;", "x << 4;", "x << 2;"]),
        ("return 1.0f;", ["return 0x1.0000020000000p+0f;"]),
        ("return 0x7Fu;", ["return 0x80u;", "return 0x7Eu;"]),
        ("#if A > 1\n", []),
    ]
    for code, expected in table:
        got = [mutant.apply(code) for mutant in mutants_of("f", code)]
        if sorted(got) != sorted(expected):
            wrong.append(f"{code!r}: got {got}, expected {expected}")

    header = "inline int planted(int x) { return x < 10 ? x : 10; }\ninline int unseen() { return 1; }\n"
    test = ('#include <doctest/doctest.h>\n#include <qfmt/planted.hpp>\n'
            'TEST_CASE("planted") { CHECK(planted(11) == 10); CHECK(planted(9) == 9); }\n')
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        for path, text in {"include/qfmt/planted.hpp": header, "tests/planted.cpp": test,
                           "tests/support/main.cpp": (ROOT / "tests/support/main.cpp").read_text()}.items():
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).write_text(text)
        court = Court(folder, os.environ.get("CXX", "g++"))
        court.prepare(["planted.cpp"])
        verdicts = {mutant.shown(header): court.judge(mutant, header)[0] for mutant in mutants_of("planted.hpp", header)}
    expected = {
        "inline int planted(int x) { return x {< -> <=} 10 ? x : 10; }": "survived",  # equivalent
        "inline int planted(int x) { return x {< -> >=} 10 ? x : 10; }": "test",
        "inline int planted(int x) { return x < 10 {? x : 10 -> ? 10 : x}; }": "test",
        "inline int planted(int x) { return x < 10 ? x : {10 -> 11}; }": "test",
        "inline int unseen() { return {1 -> 2}; }": "survived",
        "inline int unseen() { return {1 -> 0}; }": "survived",
    }
    wrong += [f"{shown}: got {verdicts.get(shown)}, expected {verdict}" for shown, verdict in expected.items()
              if verdicts.get(shown) != verdict]
    for line in wrong:
        print(f"mutate: {line}")
    print(f"mutate: self-test, {len(table) + len(expected)} cases, {len(wrong)} failures")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", action="append", help="a header, as formats/convert.hpp; may be repeated")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("build/mutation.tsv"))
    parser.add_argument("--worktree", action="store_true", help="the files as they are, not as committed")
    parser.add_argument("--patience", type=float, default=float("inf"), metavar="SECONDS",
                        help="survivors of so many seconds of tests meet the others at the end")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no new mutants after this time")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.report:
        return report(read_results(options.results))
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
