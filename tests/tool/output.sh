#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Where the output goes: it is a new directory, or an error and nothing.
source "$(dirname "$0")/support/session.bash"

python3 -c 'from checkpoints import *; write("in", llama())'
quantize --scheme W8A8 in expected

# exists NAME: `out`, which is there, must be refused and stay as it is.
exists() {
  local before
  say "$1"
  before=$(state)
  refuses output_exists out 'expected a new name' -- --scheme W8A8 in
  [ "$before" = "$(state)" ] || fail "out has changed"
  rm -r out
}
state() {
  stat -c '%F %y %s %i %N' out
  if [ -d out ]; then digests out; elif [ -f out ]; then cat out; fi
}
echo precious >out
exists "the output exists as a file"
mkdir out
exists "as an empty directory"
cp -r in out
exists "as a directory with files"
ln -s in out
exists "as a symbolic link to a directory"
[ -e in/config.json ] || fail "the link was followed"
ln -s nowhere out
exists "as a symbolic link to nothing"
[ ! -e nowhere ] || fail "the link was followed"
mkfifo out
exists "as a fifo"

# fails CODE PHRASE OUT
fails() {
  local status=0 before after
  before=$(find . | sort)
  "$tool" quantize --scheme W8A8 in "$3" >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
  after=$(find . | sort)
  [ $status -eq 2 ] || fail "output $3: exit code $status"
  grep -q "^qfmt: $1: .*$2" "$folder/log/stderr" || fail "output $3: $(cat "$folder/log/stderr")"
  [ "$before" = "$after" ] || fail "output $3: it leaves something"
}
say "the parent directory does not exist, is a file, or cannot be written to"
fails io_open 'absent: cannot open the directory' absent/out
fails io_open 'Not a directory' in/config.json/out
mkdir locked
chmod 555 locked
chmod o+rx "$folder" "$folder/work"
if [ "$(id -u)" -eq 0 ]; then
  # Root may write anywhere, so somebody else has to try.
  cp "$tool" qfmt
  tool="setpriv --reuid 65534 --regid 65534 --clear-groups ./qfmt"
fi
status=0
$tool quantize --scheme W8A8 in locked/out >"$folder/log/stdout" 2>"$folder/log/stderr" || status=$?
[ $status -eq 2 ] || fail "read-only parent: exit code $status"
grep -q '^qfmt: io_open: locked/out: .*Permission denied' "$folder/log/stderr" || fail "read-only parent: $(cat "$folder/log/stderr")"
[ -z "$(ls -A locked)" ] || fail "read-only parent: it leaves $(ls -A locked)"
tool=$(realpath "$QFMT_TOOL")
say "names that are no names"
for name in . .. / in/..; do fails invalid_argument 'expected a path that ends in one' $name; done
fails invalid_argument 'expected a path' "$(printf 'n%.0s' {1..256})"

say "a name of 255 bytes, with spaces, with a slash behind it, inside the input, is fine"
for name in "$(printf 'n%.0s' {1..255})" 'two words' slash/ in/inside "./a$(printf '\t')b" -- --scheme; do
  [ "$name" != -- ] || continue
  "$tool" quantize --scheme W8A8 in -- "$name" 2>/dev/null >"$folder/log/stdout"
  same expected "./$name"
  rm -r "./$name"
done

say "a leftover of a run that died is removed, those of others and of live runs are not"
mkdir .qfmt-tmp-out-1-0123456789abcdef .qfmt-tmp-other-1-0123456789abcdef .qfmt-tmp-out-1-fedcba9876543210
touch .qfmt-tmp-out-1-0123456789abcdef{.lock,/model.safetensors} .qfmt-tmp-out-1-fedcba9876543210.lock
exec 9<>.qfmt-tmp-out-1-fedcba9876543210.lock
flock -x 9
quantize --scheme W8A8 in out
same expected out
[ "$(ls -dA .qfmt-tmp-*)" = ".qfmt-tmp-other-1-0123456789abcdef
.qfmt-tmp-out-1-fedcba9876543210
.qfmt-tmp-out-1-fedcba9876543210.lock" ] || fail "the leftovers are $(ls -dA .qfmt-tmp-*)"
exec 9>&-
rm -r out .qfmt-tmp-*

say "of runs at the same time for the same output one wins, and the others say that it exists"
for i in 1 2 3 4; do
  ("$tool" quantize --scheme W8A8 in out >/dev/null 2>"$folder/log/run-$i" && echo won >"$folder/log/run-$i") &
done
wait
[ "$(grep -c won "$folder"/log/run-? | grep -c ':1$')" = 1 ] || fail "not one run has won: $(cat "$folder"/log/run-?)"
[ "$(grep -c 'qfmt: output_exists: .*out: ' "$folder"/log/run-? | grep -c ':1$')" = 3 ] || fail "$(cat "$folder"/log/run-?)"
same expected out
[ -z "$(find . -maxdepth 1 -name '.qfmt-tmp-*')" ] || fail "it leaves $(ls -A)"

say "words of Python's JSON in config.json come through"
python3 -c '
from checkpoints import *
write("python", llama(), config={"time_step_limit": [0.0, float("inf")], "x": float("nan"), "y": "Infinity"})'
quantize --scheme W8A8 python python_out
grep -q '^    Infinity$' python_out/config.json || fail "$(cat python_out/config.json)"
grep -q '^  "x": NaN,$' python_out/config.json || fail "$(cat python_out/config.json)"
grep -q '^  "y": "Infinity"$' python_out/config.json || fail "$(cat python_out/config.json)"
rm -r python_out
