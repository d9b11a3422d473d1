#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# What calibration is worth on the bundled model: quantizes it by each recipe and prints the bits per
# byte of held_out.txt, as rows of the table in docs/quality.md: how many more than BF16 needs, and how many more than the same
# scheme rounded to nearest, each with a 95 % interval over the text.
#
#     quality.sh LLAMA [ROW...]      rows such as W4A16/gptq; all of them unless some are named
#
# The calibration text is made up by the model itself: the text it was trained on is not kept.
# Files go to $WORK, a new temporary directory unless it is set; what is there is used again. For a quick
# look, SAMPLES and BYTES take less of the calibration text and of held_out.txt than 256 and all.

set -euo pipefail

llama=$1
shift
model=$(dirname "$0")/model
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"

rows=("$@")
if [ ${#rows[@]} -eq 0 ]; then
  for scheme in W4A16_G32 W4A16 W3A16 MXFP4A16 MXFP4; do
    rows+=($scheme/{rtn,gptq,awq,awq_gptq,rotation,rotation_gptq})
  done
  for scheme in NVFP4A16 NVFP4; do
    rows+=($scheme/{rtn,sweep,gptq,gptq_sweep,awq,awq_gptq_sweep,rotation,rotation_gptq_sweep})
  done
  rows+=(NVFP4/smooth_gptq_sweep)
  for scheme in W8A8 FP8; do rows+=($scheme/{rtn,gptq,smooth,smooth_gptq,rotation_gptq}); done
fi

[ -s "$work/sampled.txt" ] ||
  "$llama" sample "$model" --texts 128 --tokens 511 --temperature 0.9 --seed 1 > "$work/sampled.txt"

# The scheme of a row as a recipe says it: W4A16 in groups of 32 has no published name.
scheme_of() {
  if [ "$1" = W4A16_G32 ]; then
    echo '"config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4,
      "type": "int", "symmetric": true, "strategy": "group", "group_size": 32}}}'
  else
    echo "\"scheme\": \"$1\""
  fi
}

# recipe SCHEME METHOD: transforms, then what quantizes
recipe() {
  local modifiers="" type=QuantizationModifier observer=""
  case _$2 in *_rotation*) modifiers+='"SpinQuantModifier": {}, ' ;; esac
  case _$2 in *_smooth*) modifiers+='"SmoothQuantModifier": {"smoothing_strength": 0.5}, ' ;; esac
  case _$2 in *_awq*) modifiers+='"AWQModifier": {}, ' ;; esac
  case _$2 in *_gptq*) type=GPTQModifier ;; esac
  case _$2 in *_sweep*) observer=', "weight_observer": "scale_sweep"' ;; esac
  echo "{\"quant_stage\": {\"quant_modifiers\": {$modifiers\"$type\":" \
    "{$(scheme_of "$1"), \"ignore\": [\"lm_head\"]$observer}}}}"
}

# measure MODEL NAME [NAME...]: bits per byte, and how many more than those of the other names
measure() {
  local against=() name=$2
  for other in "${@:3}"; do against+=(--against "$work/$other.bits"); done
  "$llama" evaluate "$1" "$model/held_out.txt" --bytes "${BYTES:-65536}" \
    --save "$work/$name.bits" "${against[@]}" 2> /dev/null |
    sed -E 's/ (bits per byte|against).*//' | paste -sd '|' | sed 's/|/ | /g'
}

echo "| scheme | method | bits per byte | more than BF16 | more than nearest |"
echo "|---|---|---:|---:|---:|"
echo "| BF16 | | $(measure "$model" BF16) | | |"
for row in "${rows[@]}"; do
  scheme=${row%/*}
  method=${row#*/}
  for name in "${scheme}_rtn" "${scheme}_$method"; do
    [ -d "$work/$name" ] && continue
    recipe "$scheme" "${name#"${scheme}"_}" > "$work/$name.json"
    "$llama" oneshot --recipe "$work/$name.json" --data "$work/sampled.txt" --samples "${SAMPLES:-256}" \
      --length 256 --batch 8 "$model" "$work/$name" > "$work/$name.report" 2> "$work/$name.log"
  done
  if [ "$method" = rtn ]; then
    echo "| $scheme | rtn | $(measure "$work/${scheme}_rtn" "${scheme}_rtn" BF16) | |"
    continue
  fi
  [ -s "$work/${scheme}_rtn.bits" ] || measure "$work/${scheme}_rtn" "${scheme}_rtn" > "$work/ignored"
  echo "| $scheme | $method |" \
    "$(measure "$work/${scheme}_$method" "${scheme}_$method" BF16 "${scheme}_rtn") |"
done
