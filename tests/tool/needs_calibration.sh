#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Schemes whose input activation scales are found with data: refused before anything is read, with the
# scheme that does without.
source "$(dirname "$0")/support/session.bash"

python3 -c 'from checkpoints import *; write("in", llama())'

say "NVFP4 names NVFP4A16, and that works"
refuses needs_calibration NVFP4 'need calibration data' 'use NVFP4A16' -- --scheme NVFP4 in
quantize --scheme NVFP4A16 in out && rm -r out
say "FP8 names FP8_DYNAMIC, and that works"
refuses needs_calibration FP8 'need calibration data' 'use FP8_DYNAMIC' -- --scheme FP8 in
quantize --scheme FP8_DYNAMIC in out && rm -r out
say "also under the other profile, and whatever the model"
refuses needs_calibration 'use NVFP4A16' -- --scheme nvfp4 --profile Qfmt in
refuses needs_calibration 'use FP8_DYNAMIC' -- --scheme FP8 absent
