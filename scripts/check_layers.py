#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Each header belongs to a floor and includes only what that floor may (ARCHITECTURE.md).

    check_layers.py               check include/
    check_layers.py --self-test   plant one violation of each kind and demand that it is found
"""

import dataclasses
import re
import sys

import headers

STREAMS = {"iostream", "istream", "ostream", "sstream", "fstream", "iomanip", "syncstream"}
THREADS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "latch",
           "barrier", "stop_token"}
CONTAINERS = {"vector", "string", "deque", "list", "forward_list", "map", "set", "unordered_map",
              "unordered_set", "memory"}
INTRINSICS = r"\w*intrin\.h|cpuid\.h"
CUDA_TOOLKIT = r"cuda\w*(\.h|/.+)|cub/.+|cooperative_groups(\.h|/.+)|mma\.h|vector_types\.h|nv/target"

CORE = {"cstdint", "cstddef", "concepts", "type_traits"}
FORMATS = CORE | {"limits"}
OBSERVERS = FORMATS | {"span", "array", "algorithm"}
ANY = None  # every standard header


@dataclasses.dataclass
class Floor:
    """What the headers of a floor may include."""

    own: str                                     # other floors of qfmt, by name
    std: set = ANY                               # standard headers
    never: set = dataclasses.field(default_factory=set)    # standard headers taken out of `std`
    third_party: str = r"(?!)"                   # other headers, as a pattern
    exceptions: dict = dataclasses.field(default_factory=dict)  # file -> more that it may include


FLOORS = {
    "core": Floor("", CORE, exceptions={
        "core/config.hpp": {"cuda/std/cstdint", "cuda/std/cstddef", "cuda/std/concepts",
                            "cuda/std/type_traits"}}),
    "formats": Floor("core", FORMATS),
    "scaling": Floor("core formats", FORMATS),
    "observers": Floor("core formats scaling", OBSERVERS, exceptions={
        "observers/histogram.hpp": {"vector"},
        "observers/moving_average.hpp": {"vector"},
        "observers/imatrix.hpp": {"vector"}}),
    "packing": Floor("core formats", FORMATS),
    "tensor": Floor("core formats scaling observers packing tensor/x86", never=STREAMS | THREADS,
                    exceptions={"tensor/isa.hpp": {"cpuid.h"}}),
    "tensor/x86": Floor("core formats scaling observers packing tensor", never=STREAMS | THREADS,
                        third_party=INTRINSICS),
    "gemm": Floor("core formats scaling observers packing tensor tensor/x86 gemm/x86", never=STREAMS | THREADS,
                  exceptions={"gemm/large_pages.hpp": {"sys/mman.h"}}),
    "gemm/x86": Floor("core formats scaling observers packing tensor tensor/x86 gemm", never=STREAMS | THREADS,
                      third_party=INTRINSICS),
    "calibration": Floor("core formats scaling observers packing tensor gemm calibration/x86"),
    "calibration/x86": Floor("core", never=STREAMS | THREADS, third_party=INTRINSICS),
    "io": Floor("core formats scaling observers packing tensor calibration",
                third_party=r"nlohmann/.+|(dirent|fcntl|unistd|sys/\w+)\.h",
                exceptions={"io/yaml.hpp": {"yaml-cpp/eventhandler.h", "yaml-cpp/exceptions.h", "yaml-cpp/parser.h"}}),
    "oneshot": Floor("core formats scaling observers packing tensor gemm calibration io",
                     third_party=r"nlohmann/.+|re2/.+"),
    "exec": Floor("core"),
    # The headers beside the floors.
    "conformance.hpp": Floor("core formats", never=STREAMS | THREADS),
    "conformance_block_inputs.hpp": Floor("core formats scaling conformance.hpp", never=STREAMS | THREADS),
    "conformance_blocks.hpp": Floor("core formats scaling observers conformance.hpp conformance_block_inputs.hpp",
                                    never=STREAMS | THREADS),
    "qfmt.hpp": Floor("core formats scaling observers packing tensor gemm conformance.hpp", set()),
}

HOST_ORDER = ["core", "formats", "scaling", "observers", "packing", "tensor", "gemm"]
for height, name in enumerate(HOST_ORDER):
    below = HOST_ORDER[: height + 1]
    mirrored = [f"cuda/{floor}" for floor in below] + ["cuda/ptx"]
    FLOORS[f"cuda/{name}"] = Floor(" ".join(below + mirrored), never=STREAMS | THREADS,
                                   third_party=CUDA_TOOLKIT)
FLOORS["cuda/ptx"] = Floor("core formats", FORMATS, third_party=CUDA_TOOLKIT)
FLOORS["cuda"] = Floor(FLOORS["cuda/gemm"].own + " cuda/gemm", never=STREAMS | THREADS,
                       third_party=CUDA_TOOLKIT)

# What a header may not even reach through others.
NOT_REACHED = {
    "qfmt.hpp": ("the umbrella", STREAMS | THREADS, r"nlohmann/|re2/|cuda"),
    "tensor/view.hpp": ("a view, container-free,", CONTAINERS, r"(?!)"),
    "tensor/scheme.hpp": ("a scheme, container-free,", CONTAINERS, r"(?!)"),
    "oneshot/": ("oneshot", set(), r"yaml-cpp/"),
    "cuda/": ("CUDA code", set(), r"nlohmann/"),
}


def floor_of(header):
    """The longest name in FLOORS that is the header or a folder above it; None if there is none."""
    parts = header.split("/")
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in FLOORS:
            return name
    return None


def is_standard(name):
    return re.fullmatch(r"[a-z_0-9]+", name) is not None


def check(root):
    tree = headers.Headers(root)
    findings = []
    for header in tree:
        name = floor_of(header)
        if name is None:
            findings.append(f"{header}: belongs to no floor")
            continue
        floor = FLOORS[name]
        extra = floor.exceptions.get(header, set())
        mine = set(floor.own.split()) | {name}

        for other in tree.quoted(header):
            findings.append(f'{header}: "{other}" is included with quotes')
        for other in tree.own(header):
            if other not in tree:
                findings.append(f"{header}: <qfmt/{other}> does not exist")
            elif floor_of(other) not in mine:
                findings.append(f"{header}: {name} may not include {floor_of(other)} (<qfmt/{other}>)")
            elif header in tree.closure(other):
                findings.append(f"{header}: includes itself through <qfmt/{other}>")
        for other in tree.foreign(header):
            if other in extra:
                continue
            if is_standard(other):
                allowed = (floor.std is ANY or other in floor.std) and other not in floor.never
                allowed = allowed and other != "iostream"
            else:
                allowed = re.fullmatch(floor.third_party, other)
            if not allowed:
                findings.append(f"{header}: {name} may not include <{other}>")

        for prefix, (who, standard, pattern) in NOT_REACHED.items():
            if header != prefix and not (prefix.endswith("/") and header.startswith(prefix)):
                continue
            for below in tree.closure(header):
                for other in tree.foreign(below):
                    if floor_of(below) == "core" and other in FLOORS["core"].exceptions["core/config.hpp"]:
                        continue
                    if other in standard or re.match(pattern, other):
                        findings.append(f"{header}: {who} may not reach <{other}> (through {below})")

    umbrella = re.sub(r"//.*|^\s*#.*", "", tree.text.get("qfmt.hpp", ""), flags=re.MULTILINE)
    if umbrella.strip():
        findings.append("qfmt.hpp: the umbrella holds includes only")
    return findings


def self_test():
    def tree(**files):
        """{core__bit: "<cstdint> <qfmt/x.hpp>"}: a file per key, an include per word."""
        return {
            "include/qfmt/" + key.replace("__", "/") + (".cuh" if key.startswith("cuda") else ".hpp"):
            "".join(f"#include {word}\n" for word in text.split())
            for key, text in files.items()
        }

    return headers.demand("check_layers", [
        (tree(core__bit="<cstdint>", formats__e="<limits> <qfmt/core/bit.hpp>",
              qfmt="<qfmt/formats/e.hpp>", cuda__ptx__cvt="<cuda_fp8.h> <qfmt/core/bit.hpp>",
              cuda__formats__e="<qfmt/formats/e.hpp> <qfmt/cuda/ptx/cvt.cuh>",
              observers__histogram="<vector>", gemm__x86__avx2="<immintrin.h>",
              io__ct="<nlohmann/json.hpp>",
              exec__thread_pool="<thread>"), None),
        (tree(core__bit="<vector>"), "core may not include <vector>"),
        (tree(core__bit="<variant>"), "core may not include <variant>"),
        (tree(core__bit="<cuda/std/cstdint>"), "core may not include <cuda/std/cstdint>"),
        (tree(core__bit="<qfmt/formats/e.hpp>", formats__e=""), "core may not include formats"),
        (tree(core__bit="<qfmt/core/gone.hpp>"), "does not exist"),
        (tree(core__bit='"config.hpp"'), "with quotes"),
        (tree(core__a="<qfmt/core/b.hpp>", core__b="<qfmt/core/a.hpp>"), "includes itself"),
        (tree(formats__e="<cmath>"), "formats may not include <cmath>"),
        (tree(formats__e="<cuda_fp8.h>"), "formats may not include <cuda_fp8.h>"),
        (tree(scaling__s="<array>"), "scaling may not include <array>"),
        (tree(scaling__s="<qfmt/observers/o.hpp>", observers__o=""), "scaling may not include observers"),
        (tree(observers__absmax="<vector>"), "observers may not include <vector>"),
        (tree(observers__o="<qfmt/packing/p.hpp>", packing__p=""), "observers may not include packing"),
        (tree(packing__p="<qfmt/scaling/s.hpp>", scaling__s=""), "packing may not include scaling"),
        (tree(tensor__t="<qfmt/gemm/g.hpp>", gemm__g=""), "tensor may not include gemm"),
        (tree(tensor__view="<qfmt/tensor/own.hpp>", tensor__own="<vector>"), "may not reach <vector>"),
        (tree(tensor__scheme="<string>"), "may not reach <string>"),
        (tree(gemm__g="<immintrin.h>"), "gemm may not include <immintrin.h>"),
        (tree(gemm__g="<sys/mman.h>"), "gemm may not include <sys/mman.h>"),
        (tree(gemm__large_pages="<sys/mman.h>"), None),
        (tree(gemm__g="<qfmt/io/i.hpp>", io__i=""), "gemm may not include io"),
        (tree(calibration__c="<qfmt/io/i.hpp>", io__i=""), "calibration may not include io"),
        (tree(calibration__c="<nlohmann/json.hpp>"), "calibration may not include <nlohmann/json.hpp>"),
        (tree(io__i="<qfmt/gemm/g.hpp>", gemm__g=""), "io may not include gemm"),
        (tree(calibration__c="<Eigen/Core>"), "calibration may not include <Eigen/Core>"),
        (tree(io__yaml="<yaml-cpp/parser.h>"), None),
        (tree(io__json="<yaml-cpp/parser.h>"), "io may not include <yaml-cpp/parser.h>"),
        (tree(oneshot__o="<qfmt/io/yaml.hpp>", io__yaml="<yaml-cpp/parser.h>"), "may not reach <yaml-cpp/parser.h>"),
        (tree(oneshot__o="<qfmt/cuda/gemm/g.cuh>", cuda__gemm__g=""), "oneshot may not include cuda/gemm"),
        (tree(tensor__t="<qfmt/cuda/ptx/cvt.cuh>", cuda__ptx__cvt=""), "tensor may not include cuda/ptx"),
        (tree(exec__pool="<qfmt/formats/e.hpp>", formats__e=""), "exec may not include formats"),
        (tree(io__i="<iostream>"), "io may not include <iostream>"),
        (tree(cuda__formats__f="<qfmt/cuda/gemm/g.cuh>", cuda__gemm__g=""), "may not include cuda/gemm"),
        (tree(cuda__formats__f="<qfmt/tensor/t.hpp>", tensor__t=""), "cuda/formats may not include tensor"),
        (tree(cuda__gemm__g="<qfmt/calibration/c.hpp>", calibration__c=""), "may not include calibration"),
        (tree(cuda__ptx__cvt="<qfmt/scaling/e.hpp>", scaling__e=""), "cuda/ptx may not include scaling"),
        (tree(qfmt="<qfmt/exec/pool.hpp>", exec__pool="<thread>"), "may not reach <thread>"),
        (tree(qfmt="<qfmt/tensor/t.hpp>", tensor__t="<sstream>"), "may not reach <sstream>"),
        (tree(attic__a=""), "belongs to no floor"),
        ({"include/qfmt/qfmt.hpp": "#pragma once\nint x;\n"}, "includes only"),
    ], check)


if __name__ == "__main__":
    if "--self-test" in sys.argv[1:]:
        sys.exit(self_test())
    sys.exit(headers.report("check_layers", check(headers.REPOSITORY), f"{len(FLOORS)} floors"))
