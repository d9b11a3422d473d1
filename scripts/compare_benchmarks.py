#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Two result files of Google Benchmark, side by side: for each benchmark the median of both and their ratio.

    compare_benchmarks.py BEFORE.json AFTER.json [--filter REGEX] [--below RATIO]
    compare_benchmarks.py --self-test

A ratio above 1 means that AFTER is faster. What is compared is a rate where both files have one
(items_per_second, else bytes_per_second), and the CPU time otherwise. Of repeated runs the median is
taken; its spread is the distance between the quartiles, as a share of the median. With --below, the
exit status is 1 if any ratio is less. Results come from

    bench_quantize --benchmark_repetitions=7 --benchmark_out=AFTER.json --benchmark_out_format=json
"""

import argparse
import json
import math
import pathlib
import re
import statistics
import sys

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
RATES = ("items_per_second", "bytes_per_second")


def runs(text):
    """{name: [run]} of the runs themselves, without the aggregates that the library adds."""
    found = {}
    for run in json.loads(text)["benchmarks"]:
        if run.get("run_type", "iteration") == "iteration" and not run.get("error_occurred", False):
            found.setdefault(run.get("run_name", run["name"]), []).append(run)
    return found


def measured(runs_of_one, quantity):
    """Median and spread of a rate, or of the seconds that an iteration takes."""
    values = sorted(run["cpu_time"] * UNITS[run["time_unit"]] if quantity == "seconds" else run[quantity]
                    for run in runs_of_one)
    median = statistics.median(values)
    if len(values) < 4 or median == 0.0:
        return median, 0.0
    quartiles = statistics.quantiles(values, n=4)
    return median, (quartiles[2] - quartiles[0]) / median


def compare(before, after):
    """[(name, quantity, median before, median after, ratio, larger spread)] of what both have."""
    rows = []
    for name in before:
        if name not in after:
            continue
        both = before[name] + after[name]
        quantity = next((rate for rate in RATES if all(rate in run for run in both)), "seconds")
        a, spread_a = measured(before[name], quantity)
        b, spread_b = measured(after[name], quantity)
        better, worse = (a, b) if quantity == "seconds" else (b, a)
        ratio = better / worse if worse else math.nan
        rows.append((name, quantity, a, b, ratio, max(spread_a, spread_b)))
    return rows


def with_prefix(value):
    if value == 0.0:
        return "0"
    power = max(-4, min(3, math.floor(math.log10(abs(value)) / 3)))
    return f"{value / 1000.0 ** power:.3g}{['p', 'n', 'u', 'm', '', 'k', 'M', 'G'][power + 4]}"


def report(rows, missing):
    width = max([len(row[0]) for row in rows] + [9])
    lines = [f"{'benchmark':{width}}  {'before':>8}  {'after':>8}  ratio  spread"]
    for name, quantity, a, b, ratio, spread in rows:
        unit = "s" if quantity == "seconds" else "/s"
        lines.append(f"{name:{width}}  {with_prefix(a) + unit:>8}  {with_prefix(b) + unit:>8}  "
                     f"{ratio:5.2f}  {100 * spread:4.0f} %")
    ratios = [row[4] for row in rows if row[4] > 0]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines.append(f"{len(rows)} benchmarks, geometric mean of the ratios {mean:.3f}")
    lines += [f"in one file only: {name}" for name in missing]
    return "\n".join(lines)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--filter", default="", help="regular expression that names contain")
    parser.add_argument("--below", type=float, default=0.0, help="fail if a ratio is less")
    options = parser.parse_args(arguments)
    before, after = ({name: found for name, found in runs(path.read_text()).items()
                      if re.search(options.filter, name)} for path in (options.before, options.after))
    rows = compare(before, after)
    print(report(rows, sorted(set(before) ^ set(after))))
    if not rows:
        print("compare_benchmarks: the files have no benchmark in common", file=sys.stderr)
        return 1
    return 1 if any(row[4] < options.below for row in rows) else 0


def self_test():
    def file(*benchmarks):
        return runs(json.dumps({"benchmarks": benchmarks}))

    def run(name, cpu_time, unit="ns", **more):
        return {"name": name, "run_name": name, "run_type": "iteration", "cpu_time": cpu_time,
                "time_unit": unit, **more}

    def aggregate(name, cpu_time):
        return {**run(name, cpu_time), "run_type": "aggregate", "aggregate_name": "mean"}

    before = file(run("a", 100), run("a", 300), run("a", 200), aggregate("a", 1),
                  run("rate", 7, items_per_second=2e9, bytes_per_second=9),
                  run("old", 1), run("failed", 1, error_occurred=True), run("unit", 2, "us"),
                  run("half", 3, items_per_second=5), run("bytes", 1, bytes_per_second=10))
    after = file(run("a", 100), run("rate", 7, items_per_second=3e9, bytes_per_second=1),
                 run("new", 1), run("failed", 1), run("unit", 1000), run("half", 6),
                 run("bytes", 1, bytes_per_second=5))
    found = {row[0]: (row[1], row[4]) for row in compare(before, after)}
    expected = {"a": ("seconds", 2.0), "rate": ("items_per_second", 1.5), "unit": ("seconds", 2.0),
                "half": ("seconds", 0.5), "bytes": ("bytes_per_second", 0.5)}
    checks = [
        (set(found) == set(expected), "names in both files, failed runs left out"),
        (all(found[name][0] == quantity and math.isclose(found[name][1], ratio)
             for name, (quantity, ratio) in expected.items()), "ratios"),
        (measured([run("", value) for value in (1, 2, 3, 4, 5)], "seconds")[1] > 0.5, "spread"),
        (with_prefix(2e9) == "2G" and with_prefix(3e-6) == "3u" and with_prefix(0.0) == "0", "prefixes"),
        ("geometric mean of the ratios 1.084" in report(compare(before, after), []), "mean"),
    ]
    failed = [what for held, what in checks if not held]
    for what in failed:
        print(f"compare_benchmarks: self-test: {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else main(sys.argv[1:]))
