#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# A program of two objects that use the same templates, one compiled for any x86-64 and one for this
# processor, quantizes the same bytes and multiplies to the same bits on every instruction set,
# whichever of the two the linker takes definitions from.
#
#   run.sh CXX INCLUDE_DIR WORK_DIR
set -euo pipefail

cxx=$1 include=$2 work=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ "$(uname -m)" = x86_64 ] || { echo "SKIP: not an x86-64"; exit 77; }
mkdir -p "$work"

compile() {  # NAME FLAGS...
  local name=$1
  shift
  "$cxx" -std=c++20 -I"$include" "$@" -DPART="$name" -c "$here/part.cpp" -o "$work/$name.o"
}
compile plain -O1 -march=x86-64
compile tuned -O2 -march=native
"$cxx" -std=c++20 -I"$include" -c "$here/main.cpp" -o "$work/main.o"

for order in "plain tuned" "tuned plain"; do
  read -r first second <<<"$order"
  "$cxx" "$work/main.o" "$work/$first.o" "$work/$second.o" -o "$work/program"
  for isa in portable avx2 avx512_vnni avx512_bf16; do
    sum=$(QFMT_ISA=$isa "$work/program") || { echo "$order, $isa: the two objects differ"; exit 1; }
    echo "$isa $sum"
  done >"$work/$first-first"
done
diff "$work/plain-first" "$work/tuned-first"
cat "$work/plain-first"
