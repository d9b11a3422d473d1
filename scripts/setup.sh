# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The first steps of quickstart.sh and test.sh; sourced, not run. Leaves the current directory at the
# repository's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export CMAKE_GENERATOR=Ninja

# Installs the Debian packages that are missing, after saying which.
install_packages() {
  if ! command -v dpkg-query apt-get >/dev/null; then
    echo "This is not a Debian system. Needed, under Debian's names: $*"
    return
  fi
  local package missing=()
  for package in "$@"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null |
      grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  echo "Installing with apt-get: ${missing[*]}"
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure FOLDER OPTIONS...: quiet unless it fails.
configure() {
  local build=$1 log=$1/configure.log
  shift
  mkdir -p "$build"
  local ccache=()
  ! command -v ccache >/dev/null || ccache=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache)
  cmake -S . -B "$build" "${ccache[@]}" "$@" >"$log" 2>&1 || { cat "$log"; return 1; }
}

install_packages cmake ninja-build g++ python3 doctest-dev libbenchmark-dev libeigen3-dev \
  nlohmann-json3-dev libcli11-dev libre2-dev libyaml-cpp-dev

gcc=$(g++ -dumpversion)
[ "${gcc%%.*}" -ge 12 ] || [ -n "${CXX:-}" ] || {
  echo "g++ is version $gcc; qfmt needs 12 or newer. Set CXX to another compiler."
  exit 1
}
