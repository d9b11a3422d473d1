#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Installs what is missing, builds the tests and runs them. The last line is `N passed, N failed`.
#
#   scripts/test.sh [--full] [--exhaustive[=all]]
#
# --full        also the tests labelled `full`, which take minutes; builds the benchmarks too
# --exhaustive  every float through each format of up to 8 bits, every magnitude through each scale rule;
#               =all: every format, rounding and overflow, compiled with -O2 and with -Ofast, rounding
#               upward and with subnormals flushed to zero: hours. Writes build/qfmt-conformance.json
#
# QFMT_WERROR=ON makes warnings errors. QFMT_SHARED_DATA names a folder with optional large inputs.
set -euo pipefail

build=build/test optimize=-O1 selection=(-LE full) benchmarks=OFF kernels=()
avx2=
[ "$(uname -m)" != x86_64 ] || avx2=-mavx2
for argument in "$@"; do
  case $argument in
    --full) selection=() benchmarks=ON ;;
    --exhaustive | --exhaustive=all)
      build=build/exhaustive optimize=-O2 kernels=(-DQFMT_TEST_KERNEL_FLAGS="-O2 $avx2")
      export QFMT_EXHAUSTIVE=${argument#--exhaustive}
      QFMT_EXHAUSTIVE=${QFMT_EXHAUSTIVE#=}
      QFMT_EXHAUSTIVE=${QFMT_EXHAUSTIVE:-1}
      ;;
    *) sed -n '5,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

echo "Building in $build"
options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="$optimize" -DQFMT_WERROR="${QFMT_WERROR:-OFF}")
configure $build "${options[@]}" -DQFMT_BUILD_BENCHMARKS=$benchmarks "${kernels[@]}"
cmake --build $build

if [ -n "${QFMT_EXHAUSTIVE:-}" ]; then
  export QFMT_CERTIFICATE=$PWD/$build/certificate
  rm -rf "$QFMT_CERTIFICATE"
fi
ctest --test-dir $build -j2 --output-on-failure --no-tests=error \
  --test-output-size-passed 100000000 "${selection[@]}" || true

# streams BUILD MODE: the exhaustive tests once more, by a build and in a mode of the processor.
streams() {
  local test
  for test in formats scaling; do
    QFMT_CERTIFICATE=$PWD/$1/certificate QFMT_EXHAUSTIVE_ENVIRONMENT=$2 "$1/bin/test_$test" \
      --test-case='encode: all 2^32 inputs,scale rules: all 2^31 magnitudes'
  done
}
status=0 certificates=("$build/certificate")
if [ "${QFMT_EXHAUSTIVE:-}" = all ]; then
  streams $build upward || status=1
  [ -z "$avx2" ] || streams $build flush || status=1
  configure build/exhaustive-ofast "${options[@]}" -DQFMT_TEST_KERNEL_FLAGS="-Ofast $avx2"
  cmake --build build/exhaustive-ofast --target test_formats test_scaling
  rm -rf build/exhaustive-ofast/certificate
  streams build/exhaustive-ofast default || status=1
  certificates+=(build/exhaustive-ofast/certificate)
fi
[ -z "${QFMT_EXHAUSTIVE:-}" ] ||
  python3 scripts/certificate.py build/qfmt-conformance.json "${certificates[@]}" || status=1

# The closing line is printed whatever happens, and its exit status is the script's.
python3 scripts/count_tests.py $build/Testing/Temporary/LastTest.log || status=1
exit $status
