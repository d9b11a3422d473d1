#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# A disk that is really full: a small tmpfs, mounted where only this test sees it.
source "$(dirname "$0")/support/session.bash"

for unshare in "unshare --mount" "unshare --user --map-root-user --mount"; do
  $unshare mount -t tmpfs -o size=64k tmpfs /mnt 2>/dev/null && break
  unshare=""
done
if [ -z "$unshare" ]; then
  echo "SKIP: this user cannot mount a file system"
  exit 0
fi

python3 - <<'EOF'
from checkpoints import *
write("in", llama(layers=2, hidden=256, intermediate=512))
open("in/tokenizer.json", "w").write("x" * 300_000)
EOF
quantize --scheme MXFP4 in expected
mkdir disk

# What follows runs with the disk in place.
cat >on_disk.sh <<'EOF'
source "$1/tool/support/session.bash"
models=$2
for size in 4k 64k 512k 700k; do
  say "a disk of $size"
  mount -t tmpfs -o size=$size tmpfs "$models/disk"
  cd "$models/disk"
  refuses io_no_space 'out' 'No space left on device' -- --scheme MXFP4 "$models/in"
  cd "$models"
  umount "$models/disk"
done
say "a disk without room for another name"
mount -t tmpfs -o nr_inodes=3 tmpfs "$models/disk"
cd "$models/disk"
refuses io_no_space 'No space left on device' -- --scheme MXFP4 "$models/in"
cd "$models"
umount "$models/disk"
say "a disk of 2m"
mount -t tmpfs -o size=2m tmpfs "$models/disk"
quantize --scheme MXFP4 "$models/in" "$models/disk/out"
same "$models/expected" "$models/disk/out"
EOF
$unshare bash on_disk.sh "$tests" "$PWD"
