"""Ways to damage a file, for the tests of what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MASKS = (0x01, 0x20, 0x80, 0xFF)
"""What a byte is changed by: one bit (low, case, high), all bits."""


def flipped(path: Path, step: int = 1) -> Iterator[int]:
    """Damages the file byte by byte, each damage undone before the next; yields the place."""
    whole = path.read_bytes()
    try:
        for place in range(0, len(whole), step):
            for mask in MASKS:
                path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
                yield place
    finally:
        path.write_bytes(whole)


def cut(path: Path, step: int = 1) -> Iterator[int]:
    """Cuts the file to every shorter length, 0 first; yields the length."""
    whole = path.read_bytes()
    try:
        for length in range(0, len(whole), step):
            path.write_bytes(whole[:length])
            yield length
    finally:
        path.write_bytes(whole)
