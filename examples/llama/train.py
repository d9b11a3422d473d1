#!/usr/bin/env python3
"""Make the bundled example model: a byte-level Llama trained on sampled stories.

The script has two phases.

1. Sample.  A teacher (a Llama checkpoint with Hugging Face tensor names in
   model.safetensors, its config.json, and a llama2.c tokenizer) writes short
   stories.  Those of one seed become the training text, those of another seed
   the held-out text.
2. Train.  A student with one token per byte learns the training text.  Its
   weights are rounded to BF16, measured on the held-out text, and saved.

    python train.py --teacher stories260k --out model --work scratch

Needs PyTorch and NumPy; runs on one CPU thread unless --threads says more.
--work keeps the sampled text, so a second run goes straight to training.

Text format.  Stories hold printable ASCII and single newlines; a blank line
separates them, so the text files are the exact byte streams the model sees.
Byte 0 never occurs in the text: it is only the token that starts a sequence.

Evaluation.  The text is cut into windows of 256 bytes.  Each window is scored
on its own: the model reads [0, byte 0, byte 1, ...] and pays -log2 p for every
byte of the window.  Bits per byte = sum of those bits / number of bytes.
"""

import argparse
import json
import math
import re
import struct
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

START = 0  # the byte that begins every sequence
WINDOW = 256  # bytes per evaluation window and per training sequence
SEPARATOR = "\n\n"  # between stories
PROMPT = "Once upon a time"

STUDENT = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 256,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": START,
    "eos_token_id": START,
    "torch_dtype": "bfloat16",
}


# ---------------------------------------------------------------- the model
# Module names are chosen so that state_dict() has the Hugging Face names.


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def rotate(x, cos, sin):
    """Rotary embedding, half-split convention: (x[i], x[i + d/2]) is a pair."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden, self.head_dim = c["hidden_size"], c["head_dim"]
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.q_proj = nn.Linear(hidden, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(hidden, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, hidden, bias=False)

    def forward(self, x, cos, sin, past):
        """Without `past`, causal attention over x.  With it, x is one token
        and `past` is a (keys, values, position) cache that it extends."""
        batch, length, _ = x.shape
        q, k, v = (
            projection(x).view(batch, length, -1, self.head_dim).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        group = self.heads // self.kv_heads
        if past is None:
            k, v = (t.repeat_interleave(group, dim=1) for t in (k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values, position = past
            keys[:, :, position], values[:, :, position] = k[:, :, 0], v[:, :, 0]
            keys, values = keys[:, :, : position + 1], values[:, :, : position + 1]
            # The query heads that share a key head become the rows of one product.
            q = q.reshape(batch, self.kv_heads, group, self.head_dim)
            scores = q @ keys.transpose(2, 3) / math.sqrt(self.head_dim)
            y = (scores.softmax(dim=-1) @ values).view(batch, self.heads, 1, self.head_dim)
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, -1))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden, inner = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.mlp = MLP(c)

    def forward(self, x, cos, sin, past):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, past)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        assert c["tie_word_embeddings"]
        self.config = c
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.model.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.model.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        exponents = torch.arange(0, c["head_dim"], 2, dtype=torch.float64) / c["head_dim"]
        positions = torch.arange(c["max_position_embeddings"], dtype=torch.float64)
        angles = torch.outer(positions, c["rope_theta"] ** -exponents)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, tokens, cache=None, position=0):
        """Logits for `tokens` [batch, length]; see Attention for the cache."""
        span = slice(position, position + tokens.shape[1])
        x = self.model.embed_tokens(tokens)
        for i, layer in enumerate(self.model.layers):
            past = None if cache is None else (*cache[i], position)
            x = layer(x, self.cos[span], self.sin[span], past)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)

    def new_cache(self, batch):
        c = self.config
        shape = (batch, c["num_key_value_heads"], c["max_position_embeddings"], c["head_dim"])
        return [(torch.zeros(shape), torch.zeros(shape)) for _ in self.model.layers]


# ---------------------------------------------------------------- safetensors


def read_safetensors(path):
    """The F32 tensors of a file."""
    data = Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", name
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def write_safetensors(path, tensors):
    """Write BF16 tensors: sorted by name, contiguous, header padded to 8 bytes."""
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in sorted(tensors.items()):
        assert tensor.dtype == torch.bfloat16, name
        raw = tensor.contiguous().view(torch.int16).numpy().astype("<i2").tobytes()
        offsets = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": offsets}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


# ---------------------------------------------------------------- phase 1: sample


class Tokenizer:
    """Decoder for a llama2.c tokenizer file."""

    BOS, EOS = ENDS = 1, 2

    def __init__(self, path):
        data = Path(path).read_bytes()
        self.pieces, at = [], 4  # skips the int32 length of the longest piece
        while at < len(data):
            _score, length = struct.unpack_from("<fi", data, at)
            piece = data[at + 8 : at + 8 + length]
            fallback = re.fullmatch(rb"<0x([0-9A-F]{2})>", piece)
            self.pieces.append(bytes([int(fallback[1], 16)]) if fallback else piece)
            at += 8 + length

    def decode(self, tokens):
        """Bytes of the tokens that followed BOS (the first loses one space)."""
        return b"".join(self.pieces[t] for t in tokens).removeprefix(b" ")


def load_teacher(folder):
    teacher = Llama(json.loads((folder / "config.json").read_text()))
    teacher.load_state_dict(read_safetensors(folder / "model.safetensors"))
    return teacher.eval(), Tokenizer(folder / "tok512.bin")


@torch.inference_mode()
def sample(teacher, batch, temperature, generator=None, limit=None):
    """Let the teacher write `batch` texts from BOS; temperature 0 is greedy.

    A text ends at the teacher's end mark or at the `limit` (default: its whole
    context).  Returns (tokens, bits, whole) for each: the tokens without BOS
    and end mark, the bits that the sampling distribution gave to them and the
    end mark, and whether there was an end mark.
    """
    limit = limit or teacher.config["max_position_embeddings"]
    cache = teacher.new_cache(batch)
    tokens = torch.full((batch, limit + 1), Tokenizer.BOS)
    bits = torch.zeros(batch, limit + 1)
    ended = torch.zeros(batch, dtype=torch.bool)
    for i in range(limit):
        logits = teacher(tokens[:, i : i + 1], cache, i)[:, 0]
        if temperature == 0:
            chosen = logits.argmax(dim=-1)
        else:
            logp = (logits / temperature).log_softmax(dim=-1)
            chosen = torch.multinomial(logp.exp(), 1, generator=generator)[:, 0]
            bits[:, i + 1] = -logp.gather(1, chosen[:, None])[:, 0] / math.log(2)
        tokens[:, i + 1] = chosen
        ended |= (chosen == Tokenizer.BOS) | (chosen == Tokenizer.EOS)
        if ended.all():
            break
    results = []
    for row, row_bits in zip(tokens[:, 1:].tolist(), bits[:, 1:].tolist()):
        end = next((i for i, t in enumerate(row) if t in Tokenizer.ENDS), limit)
        results.append((row[:end], sum(row_bits[: end + 1]), end < limit))
    return results


def clean(raw):
    """A story as plain text, or None if it is empty or not printable ASCII."""
    text = re.sub(rb"\s*\n\s*", b"\n", raw.strip())
    return text.decode() if re.fullmatch(rb"[\x20-\x7e\n]+", text) else None


def sample_text(teacher, tokenizer, size, seed, args, exclude=frozenset()):
    """At least `size` bytes of stories, and facts about them for the record."""
    generator = torch.Generator().manual_seed(seed)
    stories, length, bits, drawn = [], 0, 0.0, 0
    while length < size:
        for tokens, story_bits, whole in sample(
            teacher, args.sample_batch, args.temperature, generator
        ):
            story = clean(tokenizer.decode(tokens)) if whole else None
            if story and story not in exclude:
                stories.append(story)
                length += len(story) + len(SEPARATOR)
                bits += story_bits
        drawn += args.sample_batch
        print(f"sampled {length} bytes, kept {len(stories)} of {drawn} stories", flush=True)
    facts = {
        "seed": seed,
        "stories_sampled": drawn,
        "stories_kept": len(stories),
        "teacher_bits_per_byte": round(bits / length, 4),
    }
    return stories, facts


def make_corpus(args):
    """Sample train.txt and held_out.txt into --work, unless they are there."""
    facts_file = args.work / "sampling.json"
    if not facts_file.exists():
        began = time.monotonic()
        teacher, tokenizer = load_teacher(args.teacher)
        [(greedy, _, _)] = sample(teacher, 1, temperature=0, limit=256)
        print("the teacher's greedy text:\n" + tokenizer.decode(greedy).decode())
        train, train_facts = sample_text(
            teacher, tokenizer, args.train_bytes, args.seed, args
        )
        held_out, held_out_facts = sample_text(
            teacher, tokenizer, args.held_out_bytes, args.seed + 1, args, frozenset(train)
        )
        (args.work / "train.txt").write_text(SEPARATOR.join(train) + "\n")
        # The last story is cut so that the file is a whole number of windows.
        text = SEPARATOR.join(held_out)[: args.held_out_bytes - 1] + "\n"
        (args.work / "held_out.txt").write_text(text)
        facts = {
            "temperature": args.temperature,
            "sample_batch": args.sample_batch,
            "train": train_facts,
            "held_out": held_out_facts,
            "wall_seconds": round(time.monotonic() - began, 1),
        }
        facts_file.write_text(json.dumps(facts, indent=2) + "\n")
    return (
        (args.work / "train.txt").read_bytes(),
        (args.work / "held_out.txt").read_bytes(),
        json.loads(facts_file.read_text()),
    )


# ---------------------------------------------------------------- phase 2: train


def as_tokens(text):
    return torch.from_numpy(np.frombuffer(text, np.uint8).astype(np.int64))


def with_start(windows):
    """Model inputs for the bytes of `windows`: shifted right behind START."""
    return F.pad(windows[:, :-1], (1, 0), value=START)


def draw(stream, batch, length, generator):
    """A batch of windows from random positions of the stream."""
    starts = torch.randint(len(stream) - length + 1, (batch, 1), generator=generator)
    return stream[starts + torch.arange(length)]


def loss_in_bits(model, windows, reduction="mean"):
    logits = model(with_start(windows))
    nats = F.cross_entropy(logits.flatten(0, 1), windows.flatten(), reduction=reduction)
    return nats / math.log(2)


@torch.inference_mode()
def bits_per_byte(model, text, window=WINDOW, batch=32):
    stream = as_tokens(text)
    whole = len(stream) // window * window
    parts = list(stream[:whole].view(-1, window).split(batch))
    if whole < len(stream):  # a shorter last window
        parts.append(stream[None, whole:])
    total = sum(loss_in_bits(model, part, "sum").item() for part in parts)
    return total / len(stream)


@torch.inference_mode()
def continue_greedily(model, prompt, count):
    tokens = [START, *prompt.encode()]
    for _ in range(count):
        tokens.append(model(torch.tensor([tokens]))[0, -1].argmax().item())
    return bytes(tokens[-count:]).decode("ascii", "backslashreplace")


def rounded_to_bf16(model):
    """A copy of the model whose weights are BF16 values (arithmetic stays F32)."""
    copy = Llama(model.config)
    copy.load_state_dict({k: v.bfloat16().float() for k, v in model.state_dict().items()})
    return copy


def new_student(seed):
    torch.manual_seed(seed)
    student = Llama(STUDENT)
    layers = STUDENT["num_hidden_layers"]
    for name, p in student.named_parameters():
        if p.dim() == 2:
            std = 1 / math.sqrt(STUDENT["hidden_size"] if "embed" in name else p.shape[1])
            if "o_proj" in name or "down_proj" in name:  # the outputs that add up
                std /= math.sqrt(2 * layers)
            nn.init.normal_(p, std=std)
    return student


def learning_rate(step, args):
    """Linear warmup, then a cosine down to zero."""
    if step < args.warmup:
        return args.lr * (step + 1) / args.warmup
    done = (step - args.warmup) / (args.steps - args.warmup)
    return args.lr * 0.5 * (1 + math.cos(math.pi * done))


def save(student, held_out, record, out):
    """Measure the student and write everything that --out holds."""
    rounded = rounded_to_bf16(student)
    measured = {
        "window_bytes": WINDOW,
        "bytes": len(held_out),
        "bits_per_byte_f32": round(bits_per_byte(student, held_out), 5),
        "bits_per_byte_bf16": round(bits_per_byte(rounded, held_out), 5),
        "bits_per_byte_bf16_window_512": round(bits_per_byte(rounded, held_out, 512), 5),
    }
    greedy = {"prompt": PROMPT, "continuation": continue_greedily(rounded, PROMPT, 200)}
    record = {**record, "held_out": measured, "greedy_bf16": greedy}
    weights = {name: w.bfloat16() for name, w in student.state_dict().items()}
    write_safetensors(out / "model.safetensors", weights)
    (out / "config.json").write_text(json.dumps(STUDENT, indent=2) + "\n")
    (out / "held_out.txt").write_bytes(held_out)
    text = json.dumps(record, indent=2) + "\n"
    text = re.sub(r"\[\s+([\d.]+),\s+([\d.]+)\s+\]", r"[\1, \2]", text)  # a pair, a line
    (out / "training.json").write_text(text)
    print(f"step {record['training']['steps_done']}: {measured}", flush=True)


def train(text, held_out, sampling, args):
    began = time.monotonic()
    stream = as_tokens(text)
    generator = torch.Generator().manual_seed(args.seed)
    student = new_student(args.seed)
    matrices = [p for p in student.parameters() if p.dim() == 2]
    vectors = [p for p in student.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": args.weight_decay},
         {"params": vectors, "weight_decay": 0.0}],
        betas=(0.9, 0.95),
    )
    losses, curve, seen = [], [], 0
    point, checkpoint = max(1, args.steps // 50), max(1, args.steps // 10)
    for step in range(args.steps):
        # Every fourth step has windows twice as long, half as many, so that
        # all positions up to max_position_embeddings are trained.
        stretch = 2 if step % 4 == 3 else 1
        windows = draw(stream, args.batch // stretch, WINDOW * stretch, generator)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args)
        loss = loss_in_bits(student, windows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()

        losses.append(loss.item())
        seen += windows.numel()
        done = step + 1
        if done % point == 0:
            curve.append([done, round(sum(losses[-point:]) / point, 4)])
            seconds = time.monotonic() - began
            print(f"step {done}: {curve[-1][1]} bits/byte, {seen / seconds:.0f} bytes/s",
                  flush=True)
        if done % checkpoint == 0 or done == args.steps:
            last = losses[-100:]
            save(student, held_out, {
                "seed": args.seed,
                "teacher": args.teacher_name,
                "parameters": sum(p.numel() for p in student.parameters()),
                "sampling": sampling,
                "training": {
                    "text_bytes": len(text),
                    "steps": args.steps,
                    "steps_done": done,
                    "batch": args.batch,
                    "window_bytes": WINDOW,
                    "bytes_seen": seen,
                    "optimizer": "AdamW",
                    "betas": [0.9, 0.95],
                    "weight_decay": args.weight_decay,
                    "learning_rate": args.lr,
                    "schedule": "linear warmup, cosine to 0",
                    "warmup_steps": args.warmup,
                    "gradient_clip": 1.0,
                    "final_loss_bits_per_byte": round(sum(last) / len(last), 4),
                    "final_loss_mean_of_steps": len(last),
                    "wall_seconds": round(time.monotonic() - began, 1),
                    "threads": args.threads,
                    "torch": torch.__version__,
                    "loss_curve_step_bits_per_byte": curve,
                },
            }, args.out)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--teacher", type=Path, required=True, help="folder of the teacher's files")
    add("--out", type=Path, required=True, help="folder for the model")
    add("--work", type=Path, required=True, help="folder that keeps the sampled text")
    add("--teacher-name", default="karpathy/tinyllamas stories260K (MIT)",
        help="how the record names the teacher")
    add("--seed", type=int, default=1, help="held-out text uses the next seed")
    add("--temperature", type=float, default=0.9)
    add("--sample-batch", type=int, default=128, help="stories written at once")
    add("--train-bytes", type=int, default=6_000_000, help="least training text")
    add("--held-out-bytes", type=int, default=256 * WINDOW)
    add("--steps", type=int, default=8500)
    add("--batch", type=int, default=8, help="training windows per step")
    add("--lr", type=float, default=3e-3, help="peak learning rate")
    add("--warmup", type=int, default=200, help="steps")
    add("--weight-decay", type=float, default=0.1)
    add("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    args.work.mkdir(parents=True, exist_ok=True)
    text, held_out, sampling = make_corpus(args)
    train(text, held_out, sampling, args)


if __name__ == "__main__":
    main()
