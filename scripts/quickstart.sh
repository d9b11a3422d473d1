#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# From a clone to a quantized model: installs what is missing, builds the command-line tool and the
# quick start, quantizes the small llama in examples/llama/model to several formats, reads the files
# back and prints what each costs in accuracy.
#
#   scripts/quickstart.sh [--full]
#
# --full evaluates on all 64 KB of held-out text.
set -euo pipefail

case "${1:-}" in
  "" | --full) ;;
  *) sed -n '5,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

build=build/release
echo "Building in $build"
configure $build -DCMAKE_BUILD_TYPE=Release -DQFMT_CUDA=OFF
cmake --build $build --target quickstart tool_qfmt

"$build/bin/quickstart" --model examples/llama/model --out build/quickstart "$@"
echo "quickstart: ok, results in $PWD/build/quickstart"
