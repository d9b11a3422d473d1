# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

"""The inputs of the record_*.py scripts, and digests. tests/scaling/profiles/recorded.hpp makes the same ones."""

import struct

import numpy as np

_HIGH = np.arange(1 << 16, dtype=np.uint32) << 16

# Every BF16 value as binary32, and the binary32 values right beside them. Midpoints between two codes of up to
# 8 bits are BF16 values, so the second set has every midpoint's neighbours.
INPUTS = {
    "bf16": _HIGH,
    "beside": np.concatenate([_HIGH | 1, _HIGH | 0xFFFF]),
}

# Every finite BF16 value from +0 on: the largest magnitudes of tiles.
AMAX = _HIGH[:0x7F80]


def _bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


NAN, NEGATIVE_NAN, INFINITY, NEGATIVE_INFINITY = 0x7FC00000, 0xFFC00000, 0x7F800000, 0xFF800000
SPECIAL_VALUES = [NAN, NEGATIVE_NAN, INFINITY, NEGATIVE_INFINITY] + [
    _bits(x) for x in (0.0, -0.0, 1e6, -1e6, 464.0, -464.0, 61440.0, -61440.0, 7.0, -7.0, 3.0, -2.0)]


def digest(data):
    """FNV-1a, 64 bits, of the bytes of an array or a sequence of bytes."""
    value = 0xCBF29CE484222325
    for byte in np.asarray(data, dtype=np.uint8).tobytes():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


ROWS, COLS = 64, 128


def matrix():
    """ROWS x COLS binary32 values, as bits. Of every four rows the first has random values over 16 binades, the
    second such with four mantissa bits, the third multiples of 1/4 up to 6 (midpoints of E2M1), the fourth
    zeros of both signs, then values like the first."""
    state = 1
    out = np.zeros((ROWS, COLS), dtype=np.uint32)
    for row in range(ROWS):
        for col in range(COLS):
            state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            u = state >> 32
            kind = row % 4
            value = (u & 0x80000000) | (112 + (u >> 23 & 15)) << 23 | (u & 0x7FFFFF)
            if kind == 1:
                value &= 0xFFF80000
            elif kind == 2:
                value = _bits((u % 49 - 24) * 0.25)
            elif kind == 3 and col < 32:
                value = 0x80000000 if col % 2 else 0
            out[row, col] = value
    return out
