# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# What every test of the command-line tool begins with; sourced. QFMT_TOOL names the tool. Leaves the
# current directory in a new empty folder that goes away at the end.

set -euo pipefail
umask 022

tool=$(realpath "$QFMT_TOOL")
tests=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
# shellcheck disable=SC2034 # for the tests
fixtures=$(realpath "${QFMT_TEST_FIXTURES:-$tests/fixtures}")
# shellcheck disable=SC2034
llama=$tests/../examples/llama/model
export PYTHONPATH=$tests/tool/support PYTHONDONTWRITEBYTECODE=1
folder=$(mktemp -d "${TMPDIR:-/tmp}/qfmt-tool-XXXXXX")
trap 'chmod -R u+rwx "$folder"; rm -rf "$folder"' EXIT
mkdir "$folder/work" "$folder/log"
cd "$folder/work"

say() { echo "- $*"; }

# Whether the tool was built with a sanitizer, which has its own ideas of memory and of being traced.
is_sanitized() { grep -qa __asan_init "$tool"; }

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# quantize ARGUMENTS...: must succeed. What the tool prints is in $folder/log.
quantize() {
  local status=0
  "$tool" quantize "$@" >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
  [ $status -eq 0 ] || fail "quantize $*: exit code $status: $(cat "$folder/log/stderr")"
}

# refuses CODE PHRASES... -- ARGUMENTS...: `qfmt quantize ARGUMENTS... out` must fail with exit code 2
# and this error, whose message has all the phrases, and must leave nothing behind.
refuses() {
  local code=$1 phrases=() phrase status=0 before after message
  shift
  while [ "$1" != -- ]; do phrases+=("$1") && shift; done
  shift
  before=$(ls -A)
  timeout 60 "$tool" quantize "$@" out >"$folder/log/stdout" 2>"$folder/log/stderr" </dev/null || status=$?
  after=$(ls -A)
  message=$(grep -v '^\(scan\|quantize\): [0-9]* %$' "$folder/log/stderr" || true)
  [ $status -eq 2 ] || fail "quantize $*: exit code $status instead of 2: $message"
  [[ $message == "qfmt: $code: "* ]] || fail "quantize $*: '$message' instead of $code"
  for phrase in "${phrases[@]}"; do
    [[ $message == *"$phrase"* ]] || fail "quantize $*: '$message' does not say '$phrase'"
  done
  [ ! -s "$folder/log/stdout" ] || fail "quantize $*: it prints $(cat "$folder/log/stdout")"
  [ "$before" = "$after" ] || fail "quantize $*: it leaves $after"
}

# digests FOLDER: the SHA-256 of every file in it, with its name.
digests() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# same FOLDER FOLDER: both must have the same files with the same bytes.
same() { [ "$(digests "$1")" = "$(digests "$2")" ] || fail "$1 and $2 differ: $(diff <(digests "$1") <(digests "$2"))"; }
