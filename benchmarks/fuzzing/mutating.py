"""Inputs: real ones changed at random, and structures made of nothing."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

TOKENS = (
    *"metrics. params. tags. experiment version status verdict started seconds note and or not in == != >= <= > < ( ) "
    "[ ] { } , : . ; ' \" \\ % %% %%track !ls ! ? ?? @ # $ _ None True False -24h 2026-11-01 1e999 -1 0x10 1_000 1j "
    "9999999999999999999999 lambda def class async await yield import from * ** := -> ... f'{ b' r' \"\"\" ''' for if "
    "else while try except finally with del global match case return raise assert".split(),
    "\n", "\r\n", "\t", "    ", "\0", "\x0c", "\u2028", "\ufeff", "\ud800", "\u202e",
    "é", "e\u0301", "\U0001d518", "字", "😀",
    "../", "/", "//", "%2e%2e", "%00", "%ff", "blake3:" + "0" * 64, "blake2b:" + "0" * 32, "churn/1", "churn/999999999",
)  # fmt: skip
ODD = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.0, -0.0, 1e308, float("nan"), float("inf"), "",
    "x", "\ud800", "\0", "../../x", "/etc/passwd", "blake3:" + "0" * 64, "a" * 5000, [], {}, [[]], {"": None},
    {"float": "nan"}, {"float": "odd"}, [None], {"a": {"b": [1, {"c": None}]}},
)  # fmt: skip


DEEP = "@deep@"
"""Stands for lists in lists in lists, which nothing here could copy."""


def text(rng: random.Random, seeds: Sequence[str]) -> str:
    """A seed with a few changes, or tokens in a row."""
    if rng.random() < 0.15:
        return "".join(
            rng.choice(TOKENS) + rng.choice(("", " ")) for _ in range(rng.randint(0, 30))
        )
    made = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at, end = sorted((rng.randint(0, len(made)), rng.randint(0, len(made))))
        end = min(end, at + 20)
        match rng.randrange(7):
            case 0:
                made = made[:at] + made[end:]
            case 1:
                made = made[:at] + rng.choice(TOKENS) + made[at:]
            case 2:
                made = made[:at] + rng.choice(TOKENS) + made[end:]
            case 3:
                made = made[:at] + made[at:end] * rng.choice((2, 3, 200)) + made[end:]
            case 4:
                other = rng.choice(seeds)
                made = made[:at] + other[rng.randint(0, len(other)) :]
            case 5:
                made = (
                    made[:at]
                    + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000))))
                    + made[at + 1 :]
                )
            case 6:
                made = made[:at] + rng.choice("([{-~") * rng.choice((3, 300, 3000)) + made[at:]
    return made[:200_000]


def data(rng: random.Random, seed: bytes) -> bytes:
    """Bytes with a few changes."""
    made = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randint(0, len(made))
        match rng.randrange(6):
            case 0 if made:
                made[at % len(made)] ^= 1 << rng.randrange(8)
            case 1:
                made[at : at + rng.randint(1, 40)] = b""
            case 2:
                made[at:at] = rng.randbytes(rng.randint(1, 20))
            case 3:
                made[at : at + 4] = rng.choice((b"\xff" * 4, b"\0" * 4, b"\x01\0\0\0"))
            case 4:
                made = made[:at]
            case 5:
                part = made[at : at + rng.randint(1, 100)]
                made[at:at] = part * rng.choice((1, 2, 30))
    return bytes(made)


def structure(rng: random.Random, value: Any) -> Any:
    """A JSON value with a few nodes replaced, dropped, repeated or renamed."""
    made = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 4))):
        made = _changed(rng, made)
    return made


def _changed(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        match rng.randrange(10):
            case 0:
                del value[key]
            case 1:
                value[rng.choice(("more", "", "version", key + "x"))] = value.pop(key)
            case _:
                value[key] = _changed(rng, value[key])
        return value
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        match rng.randrange(8):
            case 0:
                del value[at]
            case 1:
                value.append(copy.deepcopy(value[at]))
            case _:
                value[at] = _changed(rng, value[at])
        return value
    if isinstance(value, str) and rng.random() < 0.4:
        return text(rng, [value])
    return odd(rng)


def odd(rng: random.Random) -> Any:
    """A value that nobody expected."""
    if rng.random() < 0.05:
        return DEEP
    return copy.deepcopy(rng.choice(ODD))


def dumped(value: Any) -> bytes:
    """JSON as text, also with numbers that JSON does not have."""
    return json.dumps(value).replace(f'"{DEEP}"', "[" * 3000 + "]" * 3000).encode()
