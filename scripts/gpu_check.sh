#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Everything that needs a GPU, in one call of at most nine minutes: builds with nvcc alone, measures what
# the device allows, runs the device tests, the examples and compute-sanitizer, then the benchmarks.
# Writes build/gpu_check/report.md, a section for docs/benchmarks.md.
#
#   scripts/gpu_check.sh [--baseline FILE]... [PART]...
#
# PART            build, ceilings, correctness, sanitizer, benchmarks; all of them by default. What was
#                 built by an earlier call is used again; `build` alone needs no GPU.
# --baseline FILE lines measured beside it by other programs, as bench/cuda/timing.hpp prints them:
#                 table, what, shape, microseconds, rate, unit and share, separated by tabs
#
# Needed: the CUDA toolkit with cuBLASLt, g++, and doctest's header, in the compiler's path or below
# .cache/include (mkdir -p .cache/include && cp -r /usr/include/doctest .cache/include).
# Exit status: 0, all that was asked for passed; 1, something failed; 77, there is no GPU.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

limit=530 building=240 out=build/gpu_check
parts=() baselines=()
while [ $# -gt 0 ]; do
  case $1 in
    --baseline) baselines+=("$2"); shift 2 ;;
    build | ceilings | correctness | sanitizer | benchmarks) parts+=("$1"); shift ;;
    *) sed -n '5,20p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(build ceilings correctness sanitizer benchmarks)
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }

smi() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -1; }
capability=$(smi compute_cap)
if [ -z "$capability" ] && [ "${parts[*]}" != build ]; then
  echo "SKIP: no GPU (nvidia-smi finds none); nothing was run. scripts/gpu_check.sh build needs none."
  exit 77
fi
[ -n "$capability" ] || limit=3600 building=3600  # nobody waits for a device
case ${capability:-9.0} in
  8.*) arch=${capability/./} ;;
  *) arch=${capability:-9.0} arch=${arch/./}a ;;
esac
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[ -x "$nvcc" ] || { echo "nvcc was not found"; exit 1; }

mkdir -p $out
status=0
fail() { echo "FAILED: $*" | tee -a $out/failures; status=1; }

# within SECONDS LOG COMMAND...: at most that long, and no longer than the whole may take.
within() {
  local most=$1 log=$2 left=$((limit - SECONDS))
  shift 2
  [ $left -lt "$most" ] && most=$left
  [ "$most" -gt 0 ] || { echo "no time was left" >"$log"; return 124; }
  timeout "$most" "$@" >"$log" 2>&1
}

if wanted build; then
  rm -f $out/failures
  flags="-std=c++20 -O2 -Iinclude -Itests -Ibench -I.cache/include -DQFMT_TEST_EVERY_KERNEL \
    -gencode arch=compute_$arch,code=sm_$arch -Xcompiler=-Wno-unknown-pragmas -diag-suppress 20050"
  tests=$(find tests/cuda -name '*.cu' -not -path '*/gates/*' | sort)
  {
    for source in $tests tests/support/main.cpp; do
      object=$(echo "$source" | tr / _)
      echo "$nvcc $flags -x cu -c $source -o $out/${object%.*}.o"
    done
    for source in bench/cuda/*.cu; do
      echo "$nvcc $flags $source -o $out/bench_$(basename "$source" .cu) -lcublasLt"
    done
    for source in examples/*.cu; do
      echo "$nvcc $flags $source -o $out/example_$(basename "$source" .cu)"
    done
  } >$out/commands
  echo "Building $(wc -l <$out/commands) programs and parts for sm_$arch"
  within $building $out/build.log xargs -P "$(nproc)" -d '\n' -I{} sh -c '{} || exit 255' <$out/commands ||
    { cat $out/build.log; fail "build"; exit 1; }
  "$nvcc" -o $out/device_tests $out/tests_*.o || { fail "linking the device tests"; exit 1; }
fi

if wanted ceilings; then
  within 60 $out/ceilings.tsv $out/bench_ceilings || fail "ceilings: $(tail -1 $out/ceilings.tsv)"
  cat $out/ceilings.tsv
fi

if wanted correctness; then
  within 120 $out/correctness.log $out/device_tests || fail "device tests"
  tail -30 $out/correctness.log
  for source in examples/*.cu; do
    example=example_$(basename "$source" .cu)
    within 30 "$out/$example.log" "$out/$example" || fail "$example"
  done
fi

# Without the test of all floats, which is the same few instructions 2^32 times.
if wanted sanitizer; then
  rm -f $out/sanitizer.txt
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
  for tool in memcheck racecheck initcheck synccheck; do
    if [ -z "$sanitizer" ]; then
      echo "| compute-sanitizer $tool | not run: not installed |" >>$out/sanitizer.txt
    elif within 60 $out/$tool.log "$sanitizer" --tool $tool --error-exitcode 9 $out/device_tests \
      --test-case-exclude='*every float*,*cannot be*'; then
      echo "| compute-sanitizer $tool | passed |" >>$out/sanitizer.txt
    elif grep -q -i -E 'not supported|unable to|no time was left' $out/$tool.log; then
      echo "| compute-sanitizer $tool | not run: $(grep -m1 -i -E 'not supported|unable to|no time' $out/$tool.log) |" \
        >>$out/sanitizer.txt
    elif grep -q 'ERROR SUMMARY: [1-9]' $out/$tool.log; then
      echo "| compute-sanitizer $tool | failed |" >>$out/sanitizer.txt
      fail "$tool: $(grep -m1 'ERROR SUMMARY' $out/$tool.log)"
    else
      echo "| compute-sanitizer $tool | not finished in its time |" >>$out/sanitizer.txt
    fi
  done
  cat $out/sanitizer.txt
fi

if wanted benchmarks; then
  for name in quantize gemm; do
    within 150 $out/$name.tsv $out/bench_$name ||
      { [ $? -eq 124 ] && echo "bench_$name was stopped; what it had measured is reported"; } ||
      fail "bench_$name: $(tail -1 $out/$name.tsv)"
  done
fi

[ "${parts[*]}" != build ] || exit $status

# The report: what was run now or before.
{
  echo "### $(smi name), $(date -u +%Y-%m-%d)"
  echo
  echo "Driver $(smi driver_version), $("$nvcc" --version | grep -o 'V[0-9.]*'), SM clock now $(smi clocks.sm) of" \
    "$(smi clocks.max.sm), memory $(smi clocks.mem), power limit $(smi power.limit)." \
    "Revision $(git rev-parse --short HEAD 2>/dev/null || echo unknown). Reproduced by \`scripts/gpu_check.sh\`."
  echo
  echo "| check | result |"
  echo "|---|---|"
  if [ -e $out/correctness.log ]; then
    echo "| device tests | $(grep -a 'test cases' $out/correctness.log | tail -1 | tr '|' ',' | tr -s ' ') |"
  fi
  cat $out/sanitizer.txt 2>/dev/null
  [ ! -e $out/failures ] || sed 's/^FAILED: \(.*\)/| \1 | **failed** |/' $out/failures
  cat $out/ceilings.tsv $out/quantize.tsv $out/gemm.tsv "${baselines[@]}" /dev/null 2>/dev/null |
    awk -F '\t' 'NF < 6 { next }
      $1 != table { table = $1; print "\n| " table " | shape | µs | rate | | of the ceiling |\n|---|---|---:|---:|---|---:|" }
      { print "| " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " |" }'
} >$out/report.md
echo "$out/report.md was written after $SECONDS s"
exit $status
