#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Everything that needs a GPU, in one call of at most nine minutes: builds with nvcc alone, measures what
# the device allows, runs the device tests, the examples, the benchmarks and compute-sanitizer, and goes
# on where a part fails. Writes build/gpu_check/report.md, a section for docs/benchmarks.md.
#
#   scripts/gpu_check.sh [--baseline FILE]... [PART]...
#
# PART            build, ceilings, correctness, benchmarks, sanitizer; all of them by default. What was
#                 built by an earlier call is used again; `build` alone needs no GPU.
# --baseline FILE lines measured beside it by other programs, as bench/cuda/timing.hpp prints them:
#                 table, what, shape, microseconds, rate, unit and share, separated by tabs
# OUT=FOLDER      the report, the measurements and the logs are copied there after each part, and when
#                 the call is ended from outside
# QFMT_REVISION   what the report calls the revision, where git is not there to ask
#
# Needed: this working tree; to build, the CUDA toolkit (cuBLASLt for the comparisons) and g++; for the
# device tests doctest's header, in the compiler's path or below .cache/include (mkdir -p .cache/include
# && cp -r /usr/include/doctest .cache/include). A machine that gets a copy of the tree needs .cache/include
# too, which git ignores, or build/gpu_check as an earlier `build` left it.
# Exit status: 0, all that was asked for passed; 1, something failed; 77, there is no GPU.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

limit=530 building=240 out=build/gpu_check
parts=() baselines=()
while [ $# -gt 0 ]; do
  case $1 in
    --baseline) baselines+=("$2"); shift 2 ;;
    build | ceilings | correctness | sanitizer | benchmarks) parts+=("$1"); shift ;;
    *) sed -n '5,25p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(build ceilings correctness benchmarks sanitizer)
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

mkdir -p $out
status=0
fail() { echo "FAILED: $*" | tee -a $out/failures; status=1; }
# present PROGRAM: whether it was built; a part without its program is left out, and fails.
present() { [ -x "$out/$1" ] || { fail "$1: not built"; return 1; }; }

# within SECONDS LOG COMMAND...: at most that long, and no longer than the whole may take. What an
# earlier call has left in LOG stays if there is no time to begin.
within() {
  local most=$1 log=$2 left=$((limit - SECONDS))
  shift 2
  [ $left -lt "$most" ] && most=$left
  [ "$most" -gt 0 ] || { echo "no time was left for $*" >&2; return 124; }
  timeout -k 5 "$most" "$@" >"$log" 2>&1 &
  wait $!
}

# The report: what was run now or before.
report() {
  {
    echo "### $(smi name), $(date -u +%Y-%m-%d)"
    echo
    echo "Driver $(smi driver_version), $("$nvcc" --version 2>/dev/null | grep -o 'V[0-9.]*'), SM clock now" \
      "$(smi clocks.sm) of $(smi clocks.max.sm), memory $(smi clocks.mem), power limit $(smi power.limit)." \
      "Revision ${QFMT_REVISION:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}." \
      "Reproduced by \`scripts/gpu_check.sh\`."
    echo
    echo "| check | result |"
    echo "|---|---|"
    [ ! -e $out/correctness.log ] || echo "| device tests | $(tail -1 $out/correctness.log) |"
    cat $out/*.sanitizer 2>/dev/null
    [ ! -e $out/failures ] || sed 's/^FAILED: \(.*\)/| \1 | **failed** |/' $out/failures
    cat $out/ceilings.tsv $out/quantize.tsv $out/gemm.tsv "${baselines[@]}" /dev/null 2>/dev/null |
      awk -F '\t' 'NF < 6 { next }
        $1 != table { table = $1; print "\n| " table " | shape | µs | rate | | of the ceiling |\n|---|---|---:|---:|---|---:|" }
        { print "| " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " |" }'
  } >$out/report.md
}
save() {
  [ -z "$capability" ] || report
  [ -n "${OUT:-}" ] || return 0
  cp -f $out/report.md $out/*.tsv "$OUT/" 2>/dev/null
  (cd $out && tar -czf "$OUT/logs.tgz" ./*.log ./cases ./failures ./failed_commands 2>/dev/null)
  return 0
}
trap save EXIT
trap 'exit 143' TERM INT

if wanted build; then
  [ -x "$nvcc" ] || { echo "nvcc was not found"; exit 1; }
  rm -f $out/failures $out/failed_commands $out/tests_*.o $out/*.sanitizer
  touch $out/failed_commands
  cuda_lib=$(dirname "$(dirname "$(readlink -f "$nvcc")")")/lib64
  flags="-std=c++20 -O2 -Iinclude -Itests -Ibench -I.cache/include -DQFMT_TEST_EVERY_KERNEL \
    -gencode arch=compute_$arch,code=sm_$arch -Xcompiler=-Wno-unknown-pragmas -diag-suppress 20050"
  blas="-lcublasLt -Xlinker -rpath=$cuda_lib"
  tests=$(find tests/cuda -name '*.cu' -not -path '*/gates/*' | sort)
  if ! echo '#include <doctest/doctest.h>' | g++ -std=c++20 -I.cache/include -x c++ -E - >/dev/null 2>&1; then
    fail "device tests: doctest's header is neither in the compiler's path nor below .cache/include"
    tests=
  fi
  {
    for source in bench/cuda/*.cu; do
      program="$out/bench_$(basename "$source" .cu)"
      without_blas="$nvcc $flags -DQFMT_NO_BLAS $source -o $program"
      [ "$source" != bench/cuda/ceilings.cu ] || without_blas=false
      echo "rm -f $program; $nvcc $flags $source -o $program $blas || $without_blas"
    done
    for source in $tests ${tests:+tests/support/main.cpp}; do
      object=$(echo "$source" | tr / _)
      echo "$nvcc $flags -x cu -c $source -o $out/${object%.*}.o"
    done
    for source in examples/*.cu; do
      program="$out/example_$(basename "$source" .cu)"
      echo "rm -f $program; $nvcc $flags $source -o $program"
    done
  } >$out/commands
  echo "Building $(wc -l <$out/commands) programs and parts for sm_$arch"
  within $building $out/build.log xargs -a $out/commands -P "$(nproc)" -d '\n' -I{} \
    sh -c "{ {}
    } || echo '{}' >>$out/failed_commands" || fail "build: not finished in its time"
  if [ -s $out/failed_commands ]; then
    cat $out/build.log
    fail "build: $(wc -l <$out/failed_commands) of $(wc -l <$out/commands) commands"
  fi
  rm -f $out/device_tests
  if [ -n "$tests" ] && [ -e $out/tests_support_main.o ]; then
    "$nvcc" -o $out/device_tests $out/tests_*.o || fail "linking the device tests"
  fi
  save
fi

if wanted ceilings; then
  if present bench_ceilings; then
    within 60 $out/ceilings.tsv $out/bench_ceilings || fail "ceilings: $(tail -1 $out/ceilings.tsv)"
    cat $out/ceilings.tsv
  fi
  save
fi

# A process for each test case: an illegal access ends its own.
if wanted correctness; then
  if present device_tests; then
    rm -rf $out/cases && mkdir $out/cases
    : >$out/correctness.log
    cases=0 failed=0
    while IFS= read -r name; do
      cases=$((cases + 1))
      within 60 $out/cases/$cases.log $out/device_tests "--test-case=${name//,/?}" ||
        { failed=$((failed + 1)); fail "device test: $name"; tail -12 $out/cases/$cases.log; }
      cat $out/cases/$cases.log >>$out/correctness.log
    done < <($out/device_tests --list-test-cases | grep -v -e '^\[doctest\]' -e '^===')
    echo "$cases test cases, $failed failed" | tee -a $out/correctness.log
    [ $cases -gt 0 ] || fail "device tests: none was listed"
  fi
  for source in examples/*.cu; do
    example=example_$(basename "$source" .cu)
    if present "$example"; then
      within 30 "$out/$example.log" "$out/$example" || fail "$example"
    fi
  done
  save
fi

if wanted benchmarks; then
  for name in quantize gemm; do
    present bench_$name || continue
    within 150 $out/$name.tsv $out/bench_$name ||
      { [ $? -eq 124 ] && echo "bench_$name was stopped; what it had measured is reported"; } ||
      fail "bench_$name: $(tail -1 $out/$name.tsv)"
  done
  save
fi

# Without the tests of all floats and of stochastic rounding, which are the same few instructions many
# times, and without those of errors. The tools run side by side.
sanitize() {
  local tool=$1 result
  if [ -z "$sanitizer" ]; then
    result="not run: not installed"
  elif within 120 "$out/$tool.log" "$sanitizer" --tool "$tool" --report-api-errors no --error-exitcode 9 \
    $out/device_tests --test-case-exclude='*every float*,*cannot be*,*stochastic*'; then
    result=passed
  elif grep -q 'ERROR SUMMARY: [1-9]' "$out/$tool.log"; then
    result="**failed**: $(grep -m1 'ERROR SUMMARY' "$out/$tool.log")"
  elif grep -q -i -E 'not supported|unable to' "$out/$tool.log"; then
    result="not run: $(grep -m1 -i -E 'not supported|unable to' "$out/$tool.log")"
  else
    result="not finished in its time"
  fi
  echo "| compute-sanitizer $tool | $result |" >"$out/$tool.sanitizer"
}
if wanted sanitizer; then
  if present device_tests; then
    sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
    rm -f $out/*.sanitizer
    tools=()
    for tool in memcheck racecheck initcheck synccheck; do
      sanitize $tool &
      tools+=($!)
    done
    wait "${tools[@]}"
    cat $out/*.sanitizer
    ! grep -q 'failed' $out/*.sanitizer || status=1
  fi
  save
fi

[ -z "$capability" ] || echo "$out/report.md was written after $SECONDS s"
exit $status
