#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Fuzzes the decoders of bytes with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   scripts/fuzz.sh SECONDS [TARGET...]
#
# Each target (a file in tests/fuzz/; all of them by default) runs for SECONDS, one after the other,
# from its corpus in tests/fuzz/corpus/ and what earlier runs have found. What is found is kept in
# build/fuzz/: corpus/TARGET/, and in TARGET-* the inputs that fail. CXX names the compiler (clang++).
set -euo pipefail

[[ ${1:-} =~ ^[0-9]+$ ]] || { sed -n '5,12s/^# \{0,1\}//p' "$0"; exit 2; }
seconds=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
targets=("$@")
if ((${#targets[@]} == 0)); then
  targets=(tests/fuzz/corpus/*/)
fi

mkdir -p build/fuzz
yaml=()
if [ -e /usr/include/yaml-cpp/parser.h ]; then
  yaml=(-DQFMT_FUZZ_YAML -lyaml-cpp)
fi
"${CXX:-clang++}" -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -I include -I tests tests/fuzz/fuzz.cpp -o build/fuzz/fuzz -lre2 "${yaml[@]}"

failed=0
for target in "${targets[@]}"; do
  name=$(basename "$target")
  if [ "$name" = yaml ] && ((${#yaml[@]} == 0)); then
    echo "== yaml is left out: yaml-cpp was not found"
    continue
  fi
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $name"
  QFMT_FUZZ=$name build/fuzz/fuzz -max_total_time="$seconds" -max_len=4096 -timeout=5 \
    -rss_limit_mb=1024 -malloc_limit_mb=256 -dict=tests/fuzz/dictionary.txt \
    -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 -verbosity=0 \
    "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" || failed=1
done
exit $failed
