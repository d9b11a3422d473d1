#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Installs what is missing, builds the tests and runs them. The last line is `N passed, N failed`.
#
#   scripts/test.sh [--full] [--exhaustive[=all]]
#
# --full        also the tests labelled `full`, which take minutes; builds the benchmarks too
# --exhaustive  every float for each format, built with -O3; =all: for every rounding and overflow too
#
# QFMT_WERROR=ON makes warnings errors. QFMT_SHARED_DATA names a folder with optional large inputs.
set -euo pipefail

build=build/test optimize=-O1 selection=(-LE full) benchmarks=OFF
for argument in "$@"; do
  case $argument in
    --full) selection=() benchmarks=ON ;;
    --exhaustive | --exhaustive=all)
      build=build/exhaustive optimize=-O3
      export QFMT_EXHAUSTIVE=${argument#--exhaustive}
      QFMT_EXHAUSTIVE=${QFMT_EXHAUSTIVE#=}
      QFMT_EXHAUSTIVE=${QFMT_EXHAUSTIVE:-1}
      ;;
    *) sed -n '5,12s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

echo "Building in $build"
configure $build -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=$optimize \
  -DQFMT_WERROR="${QFMT_WERROR:-OFF}" -DQFMT_BUILD_BENCHMARKS=$benchmarks
cmake --build $build

# The closing line is printed whatever happens, and its exit status is the script's.
ctest --test-dir $build -j2 --output-on-failure --no-tests=error \
  --test-output-size-passed 100000000 "${selection[@]}" || true
python3 scripts/count_tests.py $build/Testing/Temporary/LastTest.log
