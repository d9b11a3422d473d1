#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""Checks a conformance pack (`qfmt conformance write DIR`) against what formats, rules, profiles and
layouts are said to be, in exact rational arithmetic. Shares nothing with the C++ code: facts are typed
from the specifications, profiles from their descriptions.

    check_conformance.py DIR
    check_conformance.py --self-test DIR    spoil one code in each file and demand that it is found

Only Python's standard library.
"""

import bisect
import collections
import decimal
import functools
import hashlib
import json
import math
import pathlib
import struct
import sys
from fractions import Fraction

# ---------------------------------------------------------------------------------------------------
# Formats: OCP OFP8 1.0, OCP MX 1.0, IEEE 754-2019, arXiv 2206.02915 (FNUZ), arXiv 2305.14314 (NF4).

# name: exponent bits, mantissa bits, bias, what is not a number, whether there is a sign
FLOATS = {
    "E2M1": (2, 1, 1, "none", True), "E2M3": (2, 3, 1, "none", True), "E3M2": (3, 2, 3, "none", True),
    "E3M4": (3, 4, 3, "ieee", True), "E4M3": (4, 3, 7, "nan", True), "E4M3B11FNUZ": (4, 3, 11, "fnuz", True),
    "E4M3FNUZ": (4, 3, 8, "fnuz", True), "E4M3IEEE": (4, 3, 7, "ieee", True), "E5M2": (5, 2, 15, "ieee", True),
    "E5M2FNUZ": (5, 2, 16, "fnuz", True), "UE4M3": (4, 3, 7, "nan", False), "UE5M3": (5, 3, 15, "nan", False),
    "FP16": (5, 10, 15, "ieee", True), "BF16": (8, 7, 127, "ieee", True),
}
INTEGERS = {f"INT{n}": (n, True, 0) for n in range(2, 9)} | {f"UINT{n}": (n, False, 0) for n in range(2, 9)}
INTEGERS["MXINT8"] = (8, True, 6)
NF4 = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
       -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
       0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
       0.7229568362236023, 1.0)
S1M3 = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 0.0, -1.0, -1.25, -1.5, -2.0, -3.0, -4.0, -6.0, 0.0)
CODEBOOKS = {"NF4": (NF4, range(16)), "S1M3": (S1M3, range(15))}
MODES = ("nearest_even", "nearest_away", "toward_zero", "up", "down", "to_odd")

# Magnitudes are counted in units that make every binary64, and half of the smallest, an integer.
UNIT = 1075


@functools.lru_cache(None)
def power(e):
    return Fraction(2) ** e


def scaled(x):
    """|x| of a finite number, in units."""
    n, d = x.as_integer_ratio()
    return (abs(n) << UNIT) // d


class Format:
    """Magnitudes by code, and what codes mean beside them."""

    def __init__(self, name):
        self.name = name
        self.kind = ("float" if name in FLOATS else "integer" if name in INTEGERS
                     else "power" if name == "E8M0" else "codebook")
        self.negative_zero = self.signed = False
        if self.kind == "float":
            e, m, bias, specials, self.signed = FLOATS[name]
            self.mantissa, self.bits, self.specials = m, e + m + self.signed, specials
            magnitude_mask = (1 << e + m) - 1
            self.sign = 1 << e + m if self.signed else 0
            self.largest = {"none": magnitude_mask, "fnuz": magnitude_mask, "nan": magnitude_mask - 1,
                            "ieee": ((1 << e) - 1 << m) - 1}[specials]
            self.nan = {"none": self.largest, "fnuz": self.sign, "nan": magnitude_mask, "ieee": magnitude_mask}[specials]
            self.overflow = {"none": self.largest, "fnuz": self.nan, "nan": self.nan, "ieee": self.largest + 1}[specials]
            self.negative_zero = self.signed and specials != "fnuz"

            def magnitude(code):
                field, fraction = code >> m, Fraction(code & (1 << m) - 1, 1 << m)
                return fraction * power(1 - bias) if field == 0 else (1 + fraction) * power(field - bias)
        elif self.kind == "power":
            self.bits, self.mantissa, self.sign, self.largest, self.nan, self.overflow = 8, 0, 0, 254, 255, 255

            def magnitude(code):
                return power(code - 127)
        elif self.kind == "integer":
            self.bits, self.signed, point = INTEGERS[name]
            self.mantissa = self.bits - 1 - self.signed
            self.largest = (1 << self.bits - self.signed) - 1
            self.nan = self.largest

            def magnitude(code):
                return Fraction(code, 1 << point)
        else:
            self.bits, (table, self.codes) = 4, CODEBOOKS[name]
            self.table = [Fraction(v) for v in table]
            self.nan = max(self.codes, key=lambda c: self.table[c])
            return
        # One further than the largest: where rounding begins to overflow.
        self.values = [magnitude(c) for c in range(self.largest + 2 + (self.kind == "integer"))]
        self.steps = [scaled(v) for v in self.values]
        self.max = self.values[self.largest]
        self.emax = floor_log2(self.max)

    def decode(self, code):
        """A Fraction, "nan", "inf" or "-inf"; the sign of zero is told by zero_is_negative."""
        if self.kind == "codebook":
            return self.table[code]
        if self.kind == "integer":
            return self.values[code] if code <= self.largest else self.values[1] * (code - (1 << self.bits))
        if self.kind == "float" and self.specials == "fnuz" and code == self.nan:
            return "nan"
        negative, low = self.sign and code & self.sign, code & ~self.sign
        if low <= self.largest:
            return -self.values[low] if negative else self.values[low]
        if self.kind == "float" and self.specials == "ieee" and low == self.overflow:
            return "-inf" if negative else "inf"
        return "nan"

    def zero_is_negative(self, code):
        return self.negative_zero and code == self.sign

    def with_sign(self, code, negative):
        if not negative:
            return code
        if self.kind == "integer":
            return -code & (1 << self.bits) - 1 if self.signed else code
        return code if code == 0 and not self.negative_zero else code | self.sign

    def encode(self, x, mode="nearest_even", overflow="saturate", draw=None):
        """The code of a Python float; `draw` is (word, bits) for stochastic rounding."""
        if math.isnan(x):
            return self.nan
        negative = math.copysign(1.0, x) < 0
        if self.kind == "codebook":
            return self.nearest_entry(x)
        if self.kind != "integer" and not self.signed:
            negative = False  # the magnitude
        last = self.largest
        if self.kind == "integer" and negative:
            last = 0 if not self.signed else self.largest if self.name == "MXINT8" else self.largest + 1
        special = overflow == "to_special" and self.kind != "integer"
        if math.isinf(x):
            return self.overflow | (self.sign if negative else 0) if special else self.with_sign(last, negative)
        if mode == "up":
            mode = "toward_zero" if negative else "away"
        elif mode == "down":
            mode = "away" if negative else "toward_zero"
        at = scaled(x)
        code = max(bisect.bisect_right(self.steps, at) - 1, 0)
        if code > last:
            code = last + 1
        elif self.steps[code] < at and code + 1 < len(self.steps):
            low, high = self.steps[code], self.steps[code + 1]
            twice = 2 * at - low - high
            if draw is not None:
                word, bits = draw
                fraction = ((at - low) << bits) // (high - low)
                grows = fraction + (word & (1 << bits) - 1) >> bits
            else:
                grows = {"nearest_even": twice > 0 or (twice == 0 and code % 2 == 1), "nearest_away": twice >= 0,
                         "nearest_down": twice > 0, "toward_zero": False, "away": True, "to_odd": code % 2 == 0}[mode]
            code += grows
        elif self.steps[code] < at:
            code += 1
        if code > last:
            if special and mode not in ("toward_zero", "to_odd"):
                return self.overflow | (self.sign if negative else 0)
            code = last
        return self.with_sign(code, negative)

    def nearest_entry(self, x):
        if math.isinf(x):
            return (max if x > 0 else min)(self.codes, key=lambda c: self.table[c])
        x = Fraction(x)
        return min(self.codes, key=lambda c: (abs(x - self.table[c]), self.table[c]))


def floor_log2(x):
    """Of a positive Fraction."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if power(e) <= x else e - 1


@functools.lru_cache(None)
def of(name):
    return Format(name)


# ---------------------------------------------------------------------------------------------------
# Bits and arithmetic. Numbers of a type are Python floats that are exact in it.

def f32(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def f64(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def is_f32(bits, x):
    """Whether the pattern is this number, zeros by sign."""
    y = f32(bits)
    return y == x and math.copysign(1, y) == math.copysign(1, x)


TYPES = {"F32": (24, -126, 127), "BF16": (8, -126, 127), "F16": (11, -14, 15)}


def rounded(exact, kind="F32", negative=False):
    """A Fraction in a binary type, to nearest even, overflow to infinity. `negative` is the sign of a zero."""
    digits, emin, emax = TYPES[kind]
    if exact == 0:
        return -0.0 if negative else 0.0
    sign, exact = (-1.0, -exact) if exact < 0 else (1.0, exact)
    exponent = max(floor_log2(exact), emin) - digits + 1
    n, d = exact.numerator, exact.denominator
    if exponent >= 0:
        d <<= exponent
    else:
        n <<= -exponent
    q, r = divmod(n, d)
    if 2 * r > d or (2 * r == d and q % 2 == 1):
        q += 1
    value = math.ldexp(q, exponent)
    return sign * (math.inf if value >= 2.0 ** (emax + 1) else value)


def to_type(x, kind):
    return x if kind == "F32" or not math.isfinite(x) else rounded(Fraction(x), kind, math.copysign(1, x) < 0)


def sign_of(a, b):
    return math.copysign(1, a) * math.copysign(1, b) < 0


def div(a, b):
    if not math.isfinite(a) or not math.isfinite(b) or b == 0:
        if math.isnan(a) or math.isnan(b) or (a == 0 and b == 0) or (math.isinf(a) and math.isinf(b)):
            return math.nan
        return math.copysign(0.0 if math.isinf(b) else math.inf, -1 if sign_of(a, b) else 1)
    return rounded(Fraction(a) / Fraction(b), "F32", sign_of(a, b))


def mul(a, b):
    if not math.isfinite(a) or not math.isfinite(b):
        return a * b
    return rounded(Fraction(a) * Fraction(b), "F32", sign_of(a, b))


FLT_MAX = f32(0x7F7FFFFF)

# ---------------------------------------------------------------------------------------------------
# Scale rules and profiles.


def mx_scale(name, rule, amax):
    """The E8M0 code for a largest magnitude."""
    if math.isnan(amax):
        return 255
    if math.isinf(amax):
        return 254
    if amax == 0:
        return 0
    x, f = Fraction(amax), of(name)
    largest, emax = (Fraction(6), 2) if name == "S1M3" else (f.max, f.emax)
    e = floor_log2(x)
    m = x / power(e)
    k = e - emax
    if rule == "ceil" and m > 1:
        k += 1
    elif rule == "round_up" and power(k) * largest < x:
        k += 1
    elif rule == "even" and m >= 2 - Fraction(1, 2 << f.mantissa):
        k += 1
    elif rule == "at_three_quarters" and m >= Fraction(7, 4):
        k += 1
    return min(max(k + 127, 0), 254)


def half_range(name):
    if name == "S1M3":
        return 6.0
    f = of(name)
    return float(f.max) + (float(f.values[1]) / 2 if f.kind == "integer" and name != "MXINT8" else 0)


class Scale:
    """NVFP4's tensor scale in both directions: one is given, the other is its inverse in binary32."""

    def __init__(self, encode=None, decode=None):
        self.encode = div(1.0, decode) if encode is None else encode
        self.decode = div(1.0, encode) if decode is None else decode


class Qfmt:
    """What the library does by default. The others say what they do otherwise (docs/profiles.md)."""
    multiplies = False
    rounds_quotients = False  # to the type of the tensor, for single-level scales
    overflow = "saturate"

    def mode(self, name):
        return "nearest_even"

    def encode(self, name, x):
        return of(name).encode(x, self.mode(name), self.overflow)

    def prepare(self, scale):
        return scale

    def prepare_two_level(self, block, tensor):
        return div(block, tensor.encode)

    def tensor_scale(self, amax, kind):
        if amax == 0:
            return Scale(1.0)
        return Scale(2.0 ** 96 if amax < math.ldexp(2688, -96) else div(2688.0, amax))

    def block_scale(self, amax, tensor, kind):
        return of("UE4M3").encode(mul(tensor.encode, div(amax, 6.0))) or 1

    def mx_scale(self, name, rule, amax, kind):
        return mx_scale(name, rule, amax)


class Reciprocal:
    multiplies = True

    def prepare(self, scale):
        return div(1.0, scale)

    def prepare_two_level(self, block, tensor):
        return div(1.0, div(block, tensor.encode))


class RoundUp:
    def mx_scale(self, name, rule, amax, kind):
        return mx_scale(name, "round_up", amax)


class TiesToZero:
    """E2M1: ties to the smaller magnitude, no negative zero."""

    def encode(self, name, x):
        if name != "E2M1":
            return super().encode(name, x)
        if not math.isfinite(x):
            return self.not_finite(x)
        code = of(name).encode(x, "nearest_down")
        return 0 if code & 7 == 0 else code


class CompressedTensors(Qfmt):
    rounds_quotients = True

    def encode(self, name, x):
        return super().encode(name, 0.0 if x == 0 and name != "E2M3" else x)

    def tensor_scale(self, amax, kind):
        smallest = 2.0 ** -14 if kind == "F16" else 2.0 ** -126
        scale = to_type(mul(to_type(div(1.0, max(amax, smallest)), kind), 2688.0), kind)
        return Scale(scale if math.isfinite(scale) else 1.0)

    def block_scale(self, amax, tensor, kind):
        return of("UE4M3").encode(mul(tensor.encode, to_type(div(amax, 6.0), kind))) or 0x20

    def mx_scale(self, name, rule, amax, kind):
        # amax is rounded to one mantissa bit; for the package's FP6, E2M3, to three.
        digits = 3 if name == "E2M3" else 1
        if kind != "F16":
            return mx_scale(name, "even" if digits > 1 else "at_three_quarters", amax)
        field = of("FP16").encode(amax) + (1 << 9 - digits) >> 10
        emax = 2 if name == "S1M3" else of(name).emax
        return field - 15 + 127 - emax if field else 127


class CudaNoSat(Qfmt):
    overflow = "to_special"


class Torch(Qfmt):
    saturates = ("E4M3",)

    def encode(self, name, x):
        special = name in ("E4M3", "E5M2", "E4M3FNUZ", "E5M2FNUZ") and name not in self.saturates
        return of(name).encode(x, "nearest_even", "to_special" if special else "saturate")


class Torch212(Torch):
    saturates = ()


class OcpMx(Qfmt):
    def mx_scale(self, name, rule, amax, kind):
        return mx_scale(name, "floor", amax)


class TransformerEngine(RoundUp, Reciprocal, Qfmt):
    def prepare_two_level(self, block, tensor):
        return min(div(1.0, mul(block, tensor.decode)), FLT_MAX)

    def tensor_scale(self, amax, kind):
        return Scale(1.0 if amax == 0 else min(div(2688.0, amax), FLT_MAX) or 1.0)

    def block_scale(self, amax, tensor, kind):
        return of("UE4M3").encode(mul(amax, mul(tensor.encode, div(1.0, 6.0))))


class ModelOpt(RoundUp, Torch):
    def encode(self, name, x):
        return super().encode(name, 0.0 if name == "E2M1" and x == 0 else x)

    def prepare_two_level(self, block, tensor):
        return mul(block, tensor.decode)

    def tensor_scale(self, amax, kind):
        scale = Scale(decode=1.0 if amax == 0 else div(amax, 2688.0))
        return scale if math.isfinite(scale.encode) else Scale(2.0 ** 127)

    def block_scale(self, amax, tensor, kind):
        return of("UE4M3").encode(div(amax, mul(6.0, tensor.decode)) or 1.0) or 1


class ModelOptMx(ModelOpt):
    def encode(self, name, x):
        if name != "E2M1":
            return super().encode(name, x)
        return 8 if x == 0 else of(name).encode(x, "nearest_down")


class TorchAO(Reciprocal, Torch):
    saturates = ("E4M3", "E5M2")

    def prepare(self, scale):
        return div(1.0, max(scale, 2.0 ** -126))

    def prepare_two_level(self, block, tensor):
        return div(tensor.encode, block)

    tensor_scale = ModelOpt.tensor_scale

    def block_scale(self, amax, tensor, kind):
        return max(of("UE4M3").encode(div(div(amax, 6.0), tensor.decode)), 8)


class Ggml(TiesToZero, OcpMx):
    def not_finite(self, x):
        return 0

    def tensor_scale(self, amax, kind):
        return Scale(1.0)

    def block_scale(self, amax, tensor, kind):
        scale = div(amax, 6.0)
        if scale == 0:
            return 0
        if scale >= 248:
            return 0x7E
        if scale == f32(0x3A7FFFFF):  # just below 2^-10: adding a half gives 1
            return 1
        code = of("UE4M3").encode(scale, "nearest_away")
        return min(code, 7) if scale < 2.0 ** -6 else code


class GgmlInteger(Reciprocal, Ggml):
    def mode(self, name):
        return "nearest_away" if of(name).kind == "integer" else "nearest_even"


class DeepGemm(TiesToZero, Reciprocal, Torch):
    def not_finite(self, x):
        return 0 if math.isnan(x) else 7 | (8 if x < 0 else 0)

    def mx_scale(self, name, rule, amax, kind):
        return mx_scale(name, "round_up", max(amax, f32(0x38D1B717)))


PROFILES = {"Qfmt": Qfmt, "CudaSatfinite": Qfmt, "CudaNoSat": CudaNoSat, "MlDtypes": CudaNoSat,
            "Torch2_12": Torch212, "Torch2_13": Torch, "OcpMx": OcpMx, "CompressedTensors": CompressedTensors,
            "TransformerEngine": TransformerEngine, "ModelOpt": ModelOpt, "ModelOptMx": ModelOptMx,
            "TorchAO": TorchAO, "Ggml": Ggml, "GgmlInteger": GgmlInteger, "DeepGemm": DeepGemm}
BLOCKS = {"NVFP4": ("E2M1", 16, "two_level"), "NVFP4_16x16": ("E2M1", 256, "two_level"), "MXFP4": ("E2M1", 32, "even"),
          "MXFP6_E2M3": ("E2M3", 32, "round_up"), "MXFP6_E3M2": ("E3M2", 32, "round_up"),
          "MXFP8_E4M3": ("E4M3", 32, "round_up"), "MXFP8_E5M2": ("E5M2", 32, "round_up"),
          "MXINT8": ("MXINT8", 32, "round_up"), "MXS1M3": ("S1M3", 32, "floor")}
RULES = ("floor", "ceil", "round_up", "even", "at_three_quarters")

# ---------------------------------------------------------------------------------------------------
# The files. A check takes the lines of one and gives what is wrong, and how many values it compared.


class Findings:
    def __init__(self):
        self.wrong, self.compared = [], 0

    def demand(self, holds, *what):
        self.compared += 1
        if not holds:
            self.wrong.append(" ".join(map(str, what)))

    def same(self, got, expected, *what):
        got, expected = list(got), list(expected)
        self.demand(len(got) == len(expected), *what, "lengths", len(got), len(expected))
        for i, (g, e) in enumerate(zip(got, expected)):
            self.demand(g == e, *what, f"[{i}]: got", g, "expected", e)


def patterns(text):
    return [int(word, 16) for word in text.split()]


def every(find, lines, key, expected):
    """Whether each of some cases has a line."""
    find.same(sorted({key(line) for line in lines}), sorted(expected), "the cases")


ALL = [*FLOATS, "E8M0", *INTEGERS, *CODEBOOKS]


def modes_of(name):
    kind = of(name).kind
    return {"codebook": ("nearest",), "power": ("nearest_away", "toward_zero", "up")}.get(kind, MODES)


def overflows_of(name):
    return ("saturate", "to_special") if of(name).kind in ("float", "power") else ("saturate",)


def check_decode(lines, find):
    every(find, lines, lambda line: line["format"], ALL)
    for line in lines:
        f = of(line["format"])
        find.same([line["bits"]], [f.bits], f.name)
        values = patterns(line["value"])
        find.same([len(values)], [1 << f.bits], f.name, "codes")
        for code, bits in enumerate(values):
            value = f.decode(code)
            if value == "nan":
                holds = bits & 0x7FFFFFFF > 0x7F800000
            elif value in ("inf", "-inf"):
                holds = bits == (0x7F800000 if value == "inf" else 0xFF800000)
            else:
                holds = is_f32(bits, float(value) if value else (-0.0 if f.zero_is_negative(code) else 0.0))
            find.demand(holds, f.name, hex(code), "got", hex(bits), "expected", value)


def required_inputs(f):
    """Bits of the binary32 at and beside every value and every midpoint, and the special ones."""
    if f.kind == "codebook":
        values = sorted(f.table[c] for c in f.codes)
    else:
        values = f.values if f.signed else f.values[:f.largest + 2]
    points = values + [(a + b) / 2 for a, b in zip(values, values[1:])]
    needed = {0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF}
    for x in points:
        at = struct.unpack("<I", struct.pack("<f", float(abs(x))))[0] if abs(x) < 2 ** 128 else 0x7F800000
        needed |= {max(at - 1, 0), at, at + 1}
    return {bits | sign for bits in needed for sign in (0, 1 << 31)}


def check_encode(lines, find):
    every(find, lines, lambda line: (line["format"], line["rounding"], line["overflow"]),
          [(n, m, o) for n in ALL for m in modes_of(n) for o in overflows_of(n)])
    needed = {name: required_inputs(of(name)) for name in ALL if of(name).bits <= 8}
    for line in lines:
        f, mode = of(line["format"]), line["rounding"]
        inputs = patterns(line["x"])
        missing = needed.get(f.name, set()) - set(inputs)
        find.demand(not missing, f.name, mode, len(missing), "inputs are missing, as", *map(hex, sorted(missing)[:3]))
        find.demand(len(inputs) >= 40, f.name, "has few inputs:", len(inputs))
        expected = [f.encode(f32(x), mode, line["overflow"]) for x in inputs]
        find.same(patterns(line["code"]), expected, f.name, mode, line["overflow"])


def check_encode_double(lines, find):
    for line in lines:
        f, mode, overflow = of(line["format"]), line["rounding"], line["overflow"]
        inputs = [f64(x) for x in patterns(line["x"])]
        find.same(patterns(line["code"]), [f.encode(x, mode, overflow) for x in inputs], f.name, mode)
        twice = [f.encode(rounded(Fraction(x), "F32", x < 0), mode, overflow) for x in inputs]
        find.same(patterns(line["wrong"]), twice, f.name, mode, "wrong")
        find.demand(all(a != b for a, b in zip(patterns(line["code"]), twice)), f.name, mode, "has an input that is no trap")
        if f.kind == "float" and f.bits <= 8 and overflow == "saturate":
            find.demand(len(inputs) >= f.largest, f.name, mode, "has few traps:", len(inputs))
    every(find, lines, lambda line: line["format"], ALL)


def philox(key, counter, stream):
    """Philox4x32-10, by its paper."""
    c = [counter & 0xFFFFFFFF, counter >> 32, stream & 0xFFFFFFFF, stream >> 32]
    k = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c


# The vectors that its authors publish (Random123, kat_vectors).
assert philox(0, 0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox(~0 & 2 ** 64 - 1, ~0 & 2 ** 64 - 1, ~0 & 2 ** 64 - 1) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def check_random(lines, find):
    find.demand(len(lines) >= 3, "few lines")
    for line in lines:
        expected = philox(*(int(line[key], 16) for key in ("key", "counter", "stream")))
        find.same(patterns(line["words"]), expected, line["key"])


def check_stochastic(lines, find):
    every(find, lines, lambda line: (line["format"], line["random_bits"]),
          [(n, k) for n in ALL for k in (8, 16, 32) if of(n).kind in ("float", "integer") and of(n).bits <= 8])
    for line in lines:
        f, bits = of(line["format"]), line["random_bits"]
        key, stream = int(line["key"], 16), int(line["stream"], 16)
        inputs, words = patterns(line["x"]), patterns(line["random"])
        find.same(words, [philox(key, i // 4, stream)[i % 4] for i in range(len(inputs))], f.name, "random")
        expected = [f.encode(f32(x), draw=(word, bits)) for x, word in zip(inputs, words)]
        find.same(patterns(line["code"]), expected, f.name, bits)


def check_mx_scale(lines, find):
    elements = [element for element, _, rule in BLOCKS.values() if rule != "two_level"]
    every(find, lines, lambda line: (line["element"], line["rule"]),
          [(e, r) for e in elements for r in RULES if (e, r) != ("S1M3", "even")])
    for line in lines:
        expected = [mx_scale(line["element"], line["rule"], f32(x)) for x in patterns(line["amax"])]
        find.same(patterns(line["scale"]), expected, line["element"], line["rule"])


def demand_tensor_scale(find, line, tensor, *what):
    for key, expected in ("encode_scale", tensor.encode), ("decode_scale", tensor.decode):
        got = f32(int(line[key], 16))
        find.demand(got == expected, *what, key, "got", got, "expected", expected)


def check_blocks(lines, find):
    rows = {b: rule for b, (_, _, rule) in BLOCKS.items() if b != "NVFP4_16x16"}
    cases = [(b, p, "F32", rule) for b, rule in rows.items() for p in PROFILES]
    cases += [("NVFP4_16x16", p, "F32", "two_level") for p in ("Qfmt", "TransformerEngine")]
    cases += [(b, "CompressedTensors", t, rule) for b, rule in rows.items() for t in ("BF16", "F16")]
    cases += [(b, "Qfmt", "F32", r) for b, (e, _, rule) in BLOCKS.items() for r in RULES
              if rule != "two_level" and (e, r) != ("S1M3", "even")]
    every(find, lines, lambda line: (line["block"], line["profile"], line["type"], line.get("rule", "two_level")), set(cases))
    for line in lines:
        element, size, _ = BLOCKS[line["block"]]
        profile, kind = PROFILES[line["profile"]](), line["type"]
        what = line["block"], line["profile"], kind, line.get("rule", ""), line["amax"]
        x = [f32(bits) for bits in patterns(line["x"])]
        amax = max(map(abs, x))
        find.same([len(x)], [size], *what)
        find.demand(all(to_type(v, kind) == v for v in x), *what, "a value is not exact in its type")
        find.demand(f32(int(line["amax"], 16)) == amax, *what, "amax")
        if "rule" not in line:
            tensor_amax = f32(int(line["tensor_amax"], 16))
            find.demand(tensor_amax >= amax, *what, "tensor_amax")
            tensor = profile.tensor_scale(tensor_amax, kind)
            demand_tensor_scale(find, line, tensor, *what)
            scale = profile.block_scale(amax, tensor, kind)
            prepared = profile.prepare_two_level(float(of("UE4M3").decode(scale)), tensor)
        else:
            scale = profile.mx_scale(element, line["rule"], amax, kind)
            prepared = profile.prepare(math.ldexp(1.0, scale - 127))
        find.demand(int(line["scale"], 16) == scale, *what, "scale: got", line["scale"], "expected", hex(scale))

        @functools.lru_cache(None)
        def code_of(value, sign):
            quotient = mul(value, prepared) if profile.multiplies else div(value, prepared)
            if profile.rounds_quotients and "rule" in line:
                quotient = to_type(quotient, kind)
            return profile.encode(element, quotient)

        find.same(patterns(line["code"]), [code_of(v, math.copysign(1, v)) for v in x], *what)


class Trials:
    """The errors that a block of NVFP4 has with one scale or another."""

    def __init__(self, profile, values, importance):
        self.profile, self.values, self.importance = profile, values, importance

    def errors(self, prepared, scale):
        """Magnitudes of what is read back less what it was."""
        @functools.lru_cache(None)
        def error(x):
            quotient = mul(x, prepared) if self.profile.multiplies else div(x, prepared)
            read_back = mul(float(of("E2M1").decode(self.profile.encode("E2M1", quotient))), scale)
            return abs(rounded(Fraction(read_back) - Fraction(x)))

        return [error(x) for x in self.values]

    def terms(self, errors, power):
        """Each to a power, times its importance."""
        raised = [power(e) for e in errors]
        return [mul(r, w) for r, w in zip(raised, self.importance)] if self.importance else raised


def total(terms):
    """In binary32, one after the other."""
    return functools.reduce(lambda a, b: rounded(Fraction(a) + Fraction(b)), terms, 0.0)


@functools.lru_cache(None)
def to_2_4(x):
    """x to the power of the binary32 number nearest to 2.4, in binary32."""
    if x == 0:
        return 0.0
    with decimal.localcontext() as context:
        context.prec = 40
        return rounded(Fraction(decimal.Decimal(x) ** decimal.Decimal(f32(0x4019999A))))


def first_least(candidates, loss):
    """The first candidate with the smallest loss."""
    return min(candidates, key=loss)


def found_scale(name, profile, values, importance, tensor):
    """The code of the scale that a search chooses."""
    amax = max(map(abs, values))
    trials = Trials(profile, values, importance)

    def scale_for(reach):
        return profile.block_scale(reach, tensor, "F32")

    def loss_of_code(code, power=lambda e: mul(e, e)):
        block = float(of("UE4M3").decode(code))
        errors = trials.errors(profile.prepare_two_level(block, tensor), div(block, tensor.encode))
        return total(trials.terms(errors, power))

    if name.startswith("four_over_six"):
        power = (lambda e: e) if name.endswith("magnitudes") else (lambda e: mul(e, e))
        return first_least([scale_for(amax), scale_for(mul(amax, 1.5))], lambda code: loss_of_code(code, power))
    if name == "scale_sweep":
        lowest = 1 if importance else max(scale_for(mul(amax, div(6.0, 14.0))) - 1, 1)
        highest = min(scale_for(mul(amax, 2.0)) + 1, 0x7E)
        return first_least([scale_for(amax), *range(lowest, highest + 1)], functools.lru_cache(None)(loss_of_code))
    steps, grid, expand = {"mse": (20, 100, 1.0), "expanded_mse": (111, 200, 1.8)}[name]

    def loss_of_reach(reach):
        scale = div(reach, 6.0)
        terms = trials.terms(trials.errors(profile.prepare(scale), scale), to_2_4)
        return total([total(pair) for pair in zip(terms[:8], terms[8:])])

    widest = mul(amax, rounded(Fraction(expand)))
    reaches = [mul(widest, rounded(Fraction(1.0 - i / grid))) for i in range(steps)]
    return scale_for(first_least(reaches, loss_of_reach))


SEARCHES = (("four_over_six_squares", "Qfmt"), ("four_over_six_magnitudes", "Qfmt"), ("scale_sweep", "Qfmt"),
            ("mse", "Qfmt"), ("mse", "CompressedTensors"), ("expanded_mse", "CompressedTensors"))


def check_nvfp4_search(lines, find):
    every(find, lines, lambda line: (line["search"], line["profile"], bool(line["importance"])),
          [(*search, weighted) for search in SEARCHES for weighted in (False, True)])
    moved = collections.Counter()
    for line in lines:
        name, profile = line["search"], PROFILES[line["profile"]]()
        values, importance = ([f32(bits) for bits in patterns(line[key])] for key in ("x", "importance"))
        tensor_amax = f32(int(line["tensor_amax"], 16))
        what = name, line["profile"], "importance" if importance else "", line["x"][:8], line["tensor_amax"]
        room = {"mse": 1.0, "expanded_mse": rounded(Fraction(1.8))}.get(name, 1.75)
        tensor = profile.tensor_scale(mul(tensor_amax, room), "F32")
        demand_tensor_scale(find, line, tensor, *what)
        scale = found_scale(name, profile, values, importance, tensor)
        find.demand(int(line["scale"], 16) == scale, *what, "scale: got", line["scale"], "expected", hex(scale))
        prepared = profile.prepare_two_level(float(of("UE4M3").decode(scale)), tensor)
        find.same(patterns(line["code"]), [profile.encode("E2M1", div(x, prepared)) for x in values], *what)
        moved[name] += scale != profile.block_scale(max(map(abs, values)), tensor, "F32")
    for name, _ in SEARCHES:
        find.demand(moved[name] > 5, name, "changes few scales:", moved[name])


def bits_of(codes, width):
    return sum(code << i * width for i, code in enumerate(codes))


def check_packed(lines, find):
    every(find, lines, lambda line: line["bits"], [2, 3, 4, 5, 6, 7, 8, 16] if any(
        line["bits"] == 8 for line in lines) else [])
    for line in lines:
        codes = patterns(line["code"])
        size = -(-len(codes) * line["bits"] // 8)
        find.same(patterns(line["bytes"]), bits_of(codes, line["bits"]).to_bytes(size, "little"), line["format"], len(codes))


def check_nibbles(lines, find):
    every(find, lines, lambda line: (line["order"], line["block"]),
          [("low_first", 2), ("high_first", 2), ("split_halves", 16), ("split_halves", 32)])
    for line in lines:
        order, block, count = line["order"], line["block"], line["elements"]
        if order == "split_halves":
            half = block // 2
            places = [(b * half + j, h) for b in range(count // block + 1) for h in (0, 1) for j in range(half)]
        else:
            places = [(i // 2, i % 2 ^ (order == "high_first")) for i in range(count)]
        find.same(zip(line["byte"], line["high"]), places[:count], order, block, count)


def check_words(lines, find):
    every(find, lines, lambda line: (line["order"], line["format"]), [(o, n) for o in ("dense", "whole") for n in INTEGERS])
    for line in lines:
        bits, signed, _ = INTEGERS[line["format"]]
        codes = [code ^ (1 << bits - 1 if signed else 0) for code in patterns(line["code"])]
        if line["order"] == "dense":
            stream = bits_of(codes, bits)
            expected = [stream >> 32 * i & 0xFFFFFFFF for i in range(-(-len(codes) * bits // 32))]
        else:
            each = 32 // bits
            expected = [bits_of(codes[i:i + each], bits) for i in range(0, len(codes), each)]
        find.same(patterns(line["words"]), expected, line["order"], line["format"], len(codes))


def check_qweight(lines, find):
    every(find, lines, lambda line: line["order"], ["gptq", "awq"])
    for line in lines:
        n, k, order = line["n"], line["k"], line["order"]
        # Each word lists its codes from the lowest bits on.
        places = {}
        for row in range(k // 8 if order == "gptq" else k):
            for col in range(n if order == "gptq" else n // 8):
                for slot in range(8):
                    element = (col, row * 8 + slot) if order == "gptq" else (col * 8 + (0, 2, 4, 6, 1, 3, 5, 7)[slot], row)
                    places[element] = (row, col, 4 * slot)
        expected = [places[i, j] for i in range(n) for j in range(k)]
        find.same(zip(line["row"], line["col"], line["shift"]), expected, order, n, k)


def scale_places(layout, rows, cols):
    """The buffer's scales in order: (row, col), some of them padding."""
    if layout == "row_major":
        return [(r, c) for r in range(rows) for c in range(cols)]
    if layout == "column_major_words":
        return [(r, c + b) for c in range(0, cols, 4) for r in range(-(-rows // 4) * 4) for b in range(4)]
    if layout == "swizzled_8x4":
        return [(a + r, c + b) for a in range(0, rows, 8) for c in range(0, cols, 4) for r in range(8) for b in range(4)]
    return [(a + r + 32 * g, c + b) for a in range(0, rows, 128) for c in range(0, cols, 4)
            for r in range(32) for g in range(4) for b in range(4)]


def check_scale_layouts(lines, find):
    every(find, lines, lambda line: line["layout"], ["row_major", "swizzled_128x4", "swizzled_8x4", "column_major_words"])
    for line in lines:
        rows, cols = line["rows"], line["cols"]
        places = scale_places(line["layout"], rows, cols)
        find.same([line["size"]], [len(places)], line["layout"], rows, cols, "size")
        at = {place: offset for offset, place in enumerate(places)}
        find.same(line["offset"], [at[r, c] for r in range(rows) for c in range(cols)], line["layout"], rows, cols)


CHECKS = {"decode.jsonl": check_decode, "encode.jsonl": check_encode, "encode_double.jsonl": check_encode_double,
          "random.jsonl": check_random, "stochastic.jsonl": check_stochastic, "mx_scale.jsonl": check_mx_scale,
          "blocks.jsonl": check_blocks, "nvfp4_search.jsonl": check_nvfp4_search, "packed.jsonl": check_packed, "nibbles.jsonl": check_nibbles,
          "words.jsonl": check_words, "qweight.jsonl": check_qweight, "scale_layouts.jsonl": check_scale_layouts}


def check_manifest(folder):
    find = Findings()
    manifest = json.loads((folder / "manifest.json").read_text())
    find.demand(manifest["pack"] == 1, "got pack", manifest["pack"])
    listed = [entry["name"] for entry in manifest["files"]]
    find.same(sorted(listed), sorted(CHECKS), "the manifest's files")
    find.same(sorted(path.name for path in folder.iterdir()), sorted([*listed, "manifest.json"]), "the folder's files")
    for entry in manifest["files"]:
        data = (folder / entry["name"]).read_bytes()
        find.demand(hashlib.sha256(data).hexdigest() == entry["sha256"], entry["name"], "digest")
        find.same([len(data), data.count(b"\n")], [entry["bytes"], entry["lines"]], entry["name"])
        keys = {key for line in data.splitlines() for key in json.loads(line)}
        find.same(sorted(keys), sorted(entry["fields"]), entry["name"], "fields")
    return find


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def self_test(folder):
    """Spoils the last value of one line in each file."""
    missed = []
    for name, check in CHECKS.items():
        lines = read(folder / name)
        line = lines[len(lines) // 2]
        key = list(line)[-1]
        value = line[key]
        line[key] = value[:-1] + ("0" if value[-1] != "0" else "1") if isinstance(value, str) else value[:-1] + [value[-1] + 1]
        find = Findings()
        check(lines, find)
        if len(find.wrong) == 0:
            missed.append(name)
    print(f"self-test: {len(CHECKS) - len(missed)} of {len(CHECKS)} spoilt files were found", *missed)
    return not missed


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return 0 if self_test(pathlib.Path(arguments[1])) else 1
    folder = pathlib.Path(arguments[0])
    find = check_manifest(folder)
    results = [("manifest.json", find)]
    for name, check in CHECKS.items():
        find = Findings()
        check(read(folder / name), find)
        results.append((name, find))
    for name, find in results:
        print(f"{name}: {find.compared} comparisons, {len(find.wrong)} wrong")
        for finding in find.wrong[:5]:
            print("   ", finding)
    return 1 if any(find.wrong for _, find in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
