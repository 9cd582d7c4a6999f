"""ULIDs: 26 Crockford capitals that sort by their time of birth (48 bits of milliseconds, 80 random bits)."""

from __future__ import annotations

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BYTES = 10
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_ulid(milliseconds: int, randomness: bytes) -> str:
    """The ULID of a time (milliseconds since 1970) and ten random bytes."""
    number = (milliseconds << 80) | int.from_bytes(randomness[:RANDOM_BYTES], "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Whether a text is a ULID in capitals."""
    return _ULID.fullmatch(text) is not None
