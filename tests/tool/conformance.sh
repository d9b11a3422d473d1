#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The conformance pack: it is right, it is always the same, and it is complete or absent.
source "$(dirname "$0")/support/session.bash"

say "the pack is written, and its line names its manifest"
"$tool" conformance write pack >"$folder/log/stdout"
grep -q "^pack: 14 files, [0-9]* bytes, manifest $(sha256sum <pack/manifest.json | cut -d' ' -f1)$" "$folder/log/stdout" ||
  fail "$(cat "$folder/log/stdout")"
[ "$(du -sb pack | cut -f1)" -lt 16000000 ] || fail "it has more than 16 MB"

say "its bytes are those that were committed"
# A change that is meant: copy the new manifest over the old one, and say what changed in CHANGELOG.md.
diff <(grep -v '"qfmt"' "$fixtures/conformance/manifest.json") <(grep -v '"qfmt"' pack/manifest.json) ||
  fail "vectors have changed: see the digests above"

say "it is what specifications and descriptions say, in exact arithmetic"
python3 "$tests/oracle/check_conformance.py" pack >"$folder/log/check" || fail "$(cat "$folder/log/check")"
[ "$(grep -c ' comparisons, 0 wrong$' "$folder/log/check")" -eq 14 ] || fail "$(cat "$folder/log/check")"
say "and one wrong code in any file is seen"
python3 "$tests/oracle/check_conformance.py" --self-test pack >"$folder/log/check" || fail "$(cat "$folder/log/check")"
sed -i '1s/,"bits"/, "bits"/' pack/words.jsonl
! python3 "$tests/oracle/check_conformance.py" pack >"$folder/log/check" || fail "a changed file is not seen"
grep -q 'words.jsonl digest' "$folder/log/check" || fail "$(cat "$folder/log/check")"

say "nothing that exists is overwritten, and what is in the way is named"
# wrong CODE ARGUMENTS...
wrong() {
  local code=$1 status=0 before
  shift
  before=$(ls -A)
  "$tool" conformance "$@" >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
  [ $status -eq 2 ] || fail "qfmt conformance $*: exit code $status"
  cat "$folder/log/stdout" "$folder/log/stderr" | grep -q "$code" || fail "qfmt conformance $*: $(cat "$folder/log/stderr")"
  [ "$before" = "$(ls -A)" ] || fail "qfmt conformance $*: it leaves $(ls -A)"
}
wrong 'output_exists: .*pack' write pack
touch file
wrong 'output_exists: .*file' write file
wrong 'io_open' write nowhere/pack
wrong 'DIR is required' write
wrong 'subcommand is required'
