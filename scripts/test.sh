#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Installs what is missing, builds the tests and runs them. The last line is `N passed, N failed`.
#
#   scripts/test.sh [--full | --exhaustive | --exhaustive=all]
#
# --full        also the tests labelled `full`, which take minutes; builds the benchmarks too
# --exhaustive  instead: every float through every format, rounding and overflow, and through the
#               host functions of the CUDA headers if they are there, every magnitude through each
#               scale rule. Minutes. =all: also compiled with -Ofast, rounding upward, and with
#               subnormals flushed to zero. Writes build/qfmt-conformance.json
#
# QFMT_WERROR=ON makes warnings errors. QFMT_SHARED_DATA names a folder with optional large inputs.
# QFMT_EXHAUSTIVE_GROUPS=8 makes --exhaustive try 8 of 512 parts of the floats.
set -euo pipefail

selection=(-LE full) benchmarks=OFF exhaustive=
for argument in "$@"; do
  case $argument in
    --full) selection=() benchmarks=ON ;;
    --exhaustive) exhaustive=default ;;
    --exhaustive=all) exhaustive=all ;;
    *) sed -n '5,19s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

options=(-DCMAKE_BUILD_TYPE=Release -DQFMT_WERROR="${QFMT_WERROR:-OFF}")
status=0

# exhaustive FOLDER FLAGS TESTS: builds the kernels with these flags and runs these tests.
exhaustive() {
  local flags=$2
  [ "$(uname -m)" != x86_64 ] || flags+=" -mavx2"
  # Two passes of g++ duplicate branches; it then finds no vector form of most loops.
  ! "${CXX:-c++}" --version | grep -q 'Free Software Foundation' || flags+=" -fno-thread-jumps -fno-tree-pre"
  echo "Building in $1: $flags"
  configure "$1" "${options[@]}" -DCMAKE_CXX_FLAGS_RELEASE=-O2 -DQFMT_BUILD_BENCHMARKS=OFF \
    -DQFMT_TEST_KERNEL_FLAGS="$flags"
  cmake --build "$1" --target test_codecs
  rm -rf "$1/certificate"
  ctest --test-dir "$1" --output-on-failure --no-tests=error --tests-regex "$3" \
    --test-output-size-passed 100000000 || true
}

if [ -n "$exhaustive" ]; then
  builds=(build/exhaustive)
  if [ "$exhaustive" = all ]; then
    builds+=(build/exhaustive-ofast)
    exhaustive build/exhaustive -O2 '^exhaustive[.]'
    exhaustive build/exhaustive-ofast -Ofast '^exhaustive[.]default'
  else
    exhaustive build/exhaustive -O2 '^exhaustive[.](default|cuda)'
  fi
  [ -n "${QFMT_EXHAUSTIVE_GROUPS:-}" ] ||
    python3 scripts/certificate.py build/qfmt-conformance.json "${builds[@]/%//certificate}" || status=1
else
  builds=(build/test)
  echo "Building in build/test"
  configure build/test "${options[@]}" -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DQFMT_BUILD_BENCHMARKS=$benchmarks
  cmake --build build/test
  ctest --test-dir build/test -j2 --output-on-failure --no-tests=error \
    --test-output-size-passed 100000000 "${selection[@]}" || true
fi

# The closing line is printed whatever happens, and its exit status is the script's.
cat "${builds[@]/%//Testing/Temporary/LastTest.log}" >build/tests.log
python3 scripts/count_tests.py build/tests.log || status=1
exit $status
