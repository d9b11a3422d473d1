#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Builds and runs tests/consumer/main.cpp against qfmt as a stranger would.
#
#   run.sh find_package|fetch_content|pkg_config BUILD_DIR WORK_DIR
#
# BUILD_DIR is a configured build of qfmt, from which it is installed; WORK_DIR is overwritten.
set -euo pipefail

way=$1 build=$2 work=$3/$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
rm -rf "$work"
mkdir -p "$work"

list_files() { (cd "$1" && find . -type f | sort); }

install_qfmt() {  # every header, and nothing else
  cmake --install "$build" --prefix "$work/prefix" --component qfmt >/dev/null
  diff <(list_files "$root/include") <(list_files "$work/prefix/include")
}

build_project() {
  cmake -S "$here/$way" -B "$work/build" "$@"
  cmake --build "$work/build"
  program=$work/build/consumer
}

case $way in
  find_package)
    install_qfmt
    build_project -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  fetch_content)
    build_project -DFETCHCONTENT_SOURCE_DIR_QFMT="$root"
    ;;
  pkg_config)
    command -v pkg-config >/dev/null || { echo "SKIP: pkg-config is not installed"; exit 77; }
    install_qfmt
    program=$work/consumer
    flags=$(PKG_CONFIG_PATH=$work/prefix/share/pkgconfig pkg-config --cflags qfmt)
    # shellcheck disable=SC2086  # the flags are words
    "${CXX:-c++}" -std=c++20 $flags "$here/main.cpp" -o "$program"
    ;;
esac

printed=$("$program")
echo "$way: decode(encode<E2M1>(2.9)) = $printed"
[ "$printed" = 3.0 ]
