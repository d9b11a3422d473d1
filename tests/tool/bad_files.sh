#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Models whose files are not what they should be: a named error, and nothing written.
source "$(dirname "$0")/support/session.bash"

mkdir "$folder/models"
models=$folder/models
(cd "$models" && python3 - <<'EOF'
import json, os, struct
from checkpoints import *

good = llama(hidden=16, intermediate=32)
data = safetensors(good)
length, = struct.unpack("<Q", data[:8])


def one_file(name, data, file="model.safetensors"):
    os.mkdir(name)
    open(f"{name}/{file}", "wb").write(data)


def with_header(text, data=b""):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(begin, end, dtype="BF16", shape=(2, 2)):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


one_file("empty", b"")
one_file("seven-bytes", b"1234567")
one_file("no-header", struct.pack("<Q", 0))
one_file("cut-in-header", data[:length // 2])
one_file("cut-in-data", data[:-1])
one_file("header-too-long", struct.pack("<Q", 100_000_001) + data[8:])
one_file("header-length-huge", struct.pack("<Q", 2 ** 64 - 1) + data[8:])
one_file("header-array", with_header([1]))
one_file("not-json", with_header(b'{"a.weight": '))
one_file("trailing-text", with_header(b'{}x'))
one_file("overlap", with_header({"a.weight": tensor(0, 8), "b.weight": tensor(4, 12)}, bytes(12)))
one_file("hole", with_header({"a.weight": tensor(0, 8), "b.weight": tensor(16, 24)}, bytes(24)))
one_file("trailing-data", data + b"x")
one_file("unknown-dtype", with_header({"a.weight": tensor(0, 4, "F8_E4M3FN")}, bytes(4)))
one_file("wrong-size", with_header({"a.weight": tensor(0, 8, shape=(2, 3))}, bytes(8)))
one_file("backwards", with_header({"a.weight": tensor(8, 0)}, bytes(8)))
one_file("product-overflow", with_header({"a.weight": tensor(0, 0, shape=(2 ** 40, 2 ** 40))}))
one_file("negative-shape", with_header({"a.weight": tensor(0, 8, shape=(-2, -2))}, bytes(8)))
one_file("twice", with_header(b'{"a.weight":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]},'
                              b'"a.weight":{"dtype":"BF16","shape":[1,1],"data_offsets":[2,4]}}', bytes(4)))
one_file("escapes", with_header({"a\u001b[31m.weight": tensor(0, 8)}, bytes(8)))
one_file("deep", with_header(b'{"a":' + b"[" * 100_000))
one_file("gguf", b"GGUF" + bytes(100))
one_file("lfs-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
one_file("zip", b"PK\3\4" + bytes(100))
one_file("only-bin", b"x", "pytorch_model.bin")
os.mkdir("no-weights")
one_file("fifo", b"", "other")
os.mkfifo("fifo/model.safetensors")
one_file("weights-are-link", b"", "other")
os.symlink("/etc/hostname", "weights-are-link/model.safetensors")

config = {"config-syntax": b"{", "config-nan": b'{"a": Nan}', "config-twice": b'{"a": 1, "a": 2}', "config-array": b"[]",
          "config-quantized": json.dumps({"quantization_config": {"quant_method": "gptq"}}).encode()}
for name, text in config.items():
    one_file(name, data)
    open(f"{name}/config.json", "wb").write(text)
write("tokenizer-is-link", good)
os.symlink("/etc/passwd", "tokenizer-is-link/tokenizer.json")
write("tokenizer-is-fifo", good)
os.mkfifo("tokenizer-is-fifo/tokenizer.json")
write("name-taken", good | {"model.layers.0.mlp.up_proj.weight_scale": noise("BF16", [32, 1], "scale")})

# Two shards, and what can be wrong with their index.
shards = {name: 1 + i % 2 for i, name in enumerate(good)}
INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def sharded(name, change=lambda index: None, text=None):
    write(name, good, shards)
    index = json.load(open(f"{name}/{INDEX}"))
    change(index)
    open(f"{name}/{INDEX}", "w").write(json.dumps(index) if text is None else text)


def everywhere(index, shard):
    index["weight_map"] = {name: shard if file == SECOND else file for name, file in index["weight_map"].items()}


sharded("shard-missing")
os.remove(f"shard-missing/{SECOND}")
sharded("shards-missing")
os.remove(f"shards-missing/{FIRST}")
os.remove(f"shards-missing/{SECOND}")
sharded("shard-truncated")
open(f"shard-truncated/{SECOND}", "r+b").truncate(os.path.getsize(f"shard-truncated/{SECOND}") - 1)
sharded("traversal", lambda index: everywhere(index, "../good/" + SECOND))
sharded("absolute", lambda index: everywhere(index, "/etc/passwd"))
sharded("subfolder", lambda index: everywhere(index, "sub/" + SECOND))
sharded("backslash", lambda index: everywhere(index, "..\\" + SECOND))
sharded("not-safetensors-name", lambda index: everywhere(index, "passwd"))
sharded("shard-is-link")
os.rename(f"shard-is-link/{SECOND}", "second.safetensors")
os.symlink("../second.safetensors", f"shard-is-link/{SECOND}")
sharded("shard-is-fifo")
os.remove(f"shard-is-fifo/{SECOND}")
os.mkfifo(f"shard-is-fifo/{SECOND}")
sharded("index-more", lambda index: index["weight_map"].update({"extra.weight": FIRST}))
sharded("index-less", lambda index: index["weight_map"].pop("lm_head.weight"))
sharded("index-swapped", lambda index: index["weight_map"].update({"lm_head.weight": FIRST if index["weight_map"]["lm_head.weight"] == SECOND else SECOND}))
sharded("index-total", lambda index: index["metadata"].update(total_size=1))
sharded("index-empty", lambda index: index.update(weight_map={}))
sharded("index-absent", lambda index: index.pop("weight_map"))
sharded("index-number", lambda index: index["weight_map"].update({"lm_head.weight": 1}))
sharded("index-syntax", text="{")
sharded("index-and-file")
open("index-and-file/model.safetensors", "wb").write(data)
text = data[8:8 + length].rstrip()
one_file("spaces-before", struct.pack("<Q", len(text) + 2) + b"\n " + text + data[8 + length:])
EOF
)

# bad MODEL CODE PHRASES...: refused by quantize, and by inspect with the same message.
bad() {
  local name=$1 status=0
  shift
  say "$name: $1"
  for scheme in W8A8 NVFP4A16; do refuses "$@" -- --scheme $scheme "$models/$name"; done
  "$tool" inspect "$models/$name" >"$folder/log/stdout" 2>"$folder/log/inspect" </dev/null || status=$?
  [ $status -eq 2 ] || fail "inspect $name: exit code $status"
  cmp -s "$folder/log/inspect" "$folder/log/stderr" || fail "inspect $name: $(cat "$folder/log/inspect")"
}
# bad_job: the same for what only a job minds.
bad_job() {
  say "$1: $2"
  refuses "${@:2}" -- --scheme W8A8 "$models/$1"
}
file=/model.safetensors index=/model.safetensors.index.json

bad empty header_too_small "empty$file" 'got a file of 0 bytes, expected at least 8'
bad seven-bytes header_too_small "seven-bytes$file" 'got a file of 7 bytes'
bad no-header header_empty "no-header$file" 'got a header of 0 bytes'
bad cut-in-header header_truncated "cut-in-header$file" 'got a file of' 'expected a header of'
bad cut-in-data data_truncated "cut-in-data$file" "tensor 'lm_head.weight'" 'got ' 'expected at least' 'incomplete'
bad header-too-long header_too_large "header-too-long$file" 'got a header of 100000001 bytes, expected at most 100000000'
bad header-length-huge header_too_large "header-length-huge$file" 18446744073709551615
bad header-array header_not_object "header-array$file" "expected '{'"
bad not-json json_syntax "not-json$file" 'header byte'
bad trailing-text header_trailing_bytes "trailing-text$file" "got 'x'"
bad overlap data_overlap "overlap$file" "tensor 'b.weight'" "tensor 'a.weight' ends" 'got data from byte 4, expected from 8'
bad hole data_hole "hole$file" "tensor 'b.weight'" 'got data from byte 16, expected from 8'
bad trailing-data data_trailing "trailing-data$file" 'no tensor describes the last 1'
bad unknown-dtype unknown_dtype "unknown-dtype$file" "tensor 'a.weight'" "got dtype 'F8_E4M3FN'" 'did you mean F8_E4M3?'
bad wrong-size size_mismatch "wrong-size$file" "tensor 'a.weight'" 'got 8 bytes' 'expected 12 for BF16 [2, 3]'
bad backwards bad_offsets "backwards$file" "tensor 'a.weight'" '[8, 0]' 'expected begin <= end'
bad product-overflow size_overflow "product-overflow$file" "tensor 'a.weight'" 'got BF16 [1099511627776, 1099511627776]'
bad negative-shape bad_integer "negative-shape$file" "tensor 'a.weight'" 'got -2'
bad twice duplicate_key "twice$file" "tensor 'a.weight'" 'expected it once'
bad escapes tensor_name_invalid "escapes$file" "'a\\x1b[31m.weight'"
bad deep json_too_deep "deep$file" 'more than 8 levels'
bad gguf not_safetensors "gguf$file" 'a GGUF file'
bad lfs-pointer not_safetensors "lfs-pointer$file" 'git lfs pull'
bad zip not_safetensors "zip$file" 'torch.save'
bad only-bin checkpoint_incomplete 'only-bin' "'pytorch_model.bin'" 'expected model.safetensors'
bad no-weights checkpoint_incomplete 'no-weights' 'got no weights'
bad absent io_open 'absent' 'No such file or directory'
bad fifo not_regular_file "fifo$file" 'got a fifo'
bad weights-are-link unsafe_path "weights-are-link$file" 'got a symbolic link'
bad config-syntax json_syntax config-syntax/config.json 'byte 1'
bad config-nan json_syntax config-nan/config.json 'byte 6'
bad config-twice duplicate_key config-twice/config.json "'a'"
bad config-array config_invalid config-array/config.json 'got array, expected an object'
bad tokenizer-is-link unsafe_path tokenizer-is-link/tokenizer.json 'got a symbolic link'
bad tokenizer-is-fifo not_regular_file tokenizer-is-fifo/tokenizer.json 'got a fifo'
bad shard-missing shard_missing shard-missing "'model-00002-of-00002.safetensors'"
bad shards-missing shard_missing "'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'"
bad shard-truncated data_truncated shard-truncated/model-00002-of-00002.safetensors "tensor '" 'expected at least'
bad traversal unsafe_path "traversal$index" "'../good/model-00002-of-00002.safetensors'" "tensor '"
bad absolute unsafe_path "absolute$index" "'/etc/passwd'"
bad subfolder unsafe_path "subfolder$index" "'sub/model-00002-of-00002.safetensors'"
bad backslash unsafe_path "backslash$index" '..\x5cmodel-00002-of-00002.safetensors'
bad not-safetensors-name unsafe_path "not-safetensors-name$index" "'passwd'"
bad shard-is-link unsafe_path shard-is-link/model-00002-of-00002.safetensors 'got a symbolic link'
bad shard-is-fifo not_regular_file shard-is-fifo/model-00002-of-00002.safetensors 'got a fifo'
bad index-more index_inconsistent "index-more$index" "tensor 'extra.weight'" "in shard 'model-00001-of-00002.safetensors'"
bad index-less index_inconsistent "index-less$index" "tensor 'lm_head.weight'" 'not in the index'
bad index-swapped index_inconsistent "index-swapped$index" "tensor 'lm_head.weight'"
bad index-empty index_invalid "index-empty$index" weight_map
bad index-absent index_invalid "index-absent$index" weight_map
bad index-number index_invalid "index-number$index" "tensor 'lm_head.weight'" "got '1'"
bad index-syntax json_syntax "index-syntax$index"
bad index-and-file checkpoint_ambiguous index-and-file 'got both'
bad_job config-quantized config_invalid config-quantized/config.json 'already quantized'
bad_job name-taken checkpoint_ambiguous "name-taken$file" "tensor 'model.layers.0.mlp.up_proj.weight_scale'"

# passes MODEL PHRASES...: quantized as if nothing were wrong, with a warning that has the phrases.
passes() {
  local name=$1 phrase
  shift
  say "$name: a warning"
  for phrase in "$@"; do
    quantize --scheme W8A8 "$models/$name" out
    grep '^qfmt: warning: ' "$folder/log/stderr" >"$folder/log/warning" || fail "$name: no warning"
    grep -q -F -e "$phrase" "$folder/log/warning" || fail "$name: $(cat "$folder/log/warning")"
    "$tool" inspect out >"$folder/log/stdout" 2>"$folder/log/inspect"
    [ ! -s "$folder/log/inspect" ] || fail "$name: the output is not right either: $(cat "$folder/log/inspect")"
    rm -r out
  done
}
passes index-total "index-total$index" 'total_size: got 1, expected 6752'
passes spaces-before "spaces-before$file" '2 bytes of white space'

say "a model that this tool has written is quantized already"
python3 -c 'from checkpoints import *; write("plain", llama(hidden=16, intermediate=32))'
quantize --scheme W8A8 plain quantized
refuses config_invalid quantized/config.json 'already quantized' -- --scheme W8A8 quantized
refuses nothing_to_do quantized/model.safetensors -- --scheme NVFP4A16 --ignore lm_head quantized/model.safetensors
