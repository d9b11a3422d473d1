#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# What GPTQ and searches are worth on the bundled model: quantizes it by each recipe and prints the
# bits per byte of held_out.txt, a line for each row of the table in README.md.
#
#     quality.sh LLAMA [ROW...]      rows such as W4A16/gptq; all of them unless some are named
#
# The calibration text is made up by the model itself: the text it was trained on is not kept.
# Files go to $WORK, a new temporary directory unless it is set; what is there is used again.

set -euo pipefail

llama=$1
shift
model=$(dirname "$0")/model
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"

rows=("$@")
if [ ${#rows[@]} -eq 0 ]; then
  rows=(BF16)
  for scheme in W4A16 W3A16 MXFP4A16 MXFP4 W8A8 FP8; do rows+=($scheme/rtn $scheme/gptq); done
  for scheme in NVFP4A16 NVFP4; do rows+=($scheme/{rtn,sweep,gptq,gptq_sweep}); done
fi

[ -s "$work/sampled.txt" ] ||
  "$llama" sample "$model" --texts 128 --tokens 511 --temperature 0.9 --seed 1 > "$work/sampled.txt"

bits() { "$llama" evaluate "$1" "$model/held_out.txt" 2> /dev/null | cut -d' ' -f1; }

for row in "${rows[@]}"; do
  if [ "$row" = BF16 ]; then
    echo "BF16 $(bits "$model")"
    continue
  fi
  scheme=${row%/*}
  case ${row#*/} in
    rtn) type=QuantizationModifier observer= ;;
    sweep) type=QuantizationModifier observer=scale_sweep ;;
    gptq) type=GPTQModifier observer= ;;
    gptq_sweep) type=GPTQModifier observer=scale_sweep ;;
    *) echo "unknown row $row" >&2 && exit 2 ;;
  esac
  name=$work/${row/\//_}
  if [ ! -d "$name" ]; then
    echo "{\"quant_stage\": {\"quant_modifiers\": {\"$type\": {\"scheme\": \"$scheme\"," \
      "\"weight_observer\": \"$observer\", \"ignore\": [\"lm_head\"]}}}}" > "$name.json"
    "$llama" oneshot --recipe "$name.json" --data "$work/sampled.txt" --samples 256 --length 256 \
      --batch 8 "$model" "$name" > "$name.report" 2> "$name.log"
  fi
  echo "$row $(bits "$name")"
done
