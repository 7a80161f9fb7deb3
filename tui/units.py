"""Numbers as people read them."""

from __future__ import annotations

import re

SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")
"""Steps of 1000 bytes."""

COUNT_UNITS = ("", " k", " M", " B")
"""Steps of 1000 things; B is billions, as of parameters."""

AGE_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
"""Seconds of each unit of age, the longest first."""


def size_text(size_bytes: int) -> str:
    """A size such as `16.1 GB`."""
    number, unit = _scaled(size_bytes, SIZE_UNITS)
    return f"{number} {unit}"


def size_bytes(text: str) -> int:
    """The bytes of a size such as `10GB`, `1.5 MB` or `1000`.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"'{text}' is no size: give one such as 10GB or 500MB.")
    steps = [unit.lower() for unit in SIZE_UNITS].index((match[2] or "B").lower())
    return int(float(match[1]) * 1000**steps)


def count_text(count: int) -> str:
    """A count such as `8.03 B`."""
    number, unit = _scaled(count, COUNT_UNITS)
    return f"{number}{unit}"


def age_text(age_s: float) -> str:
    """An age in whole units of the longest that it fills, such as `3 h`."""
    for seconds, unit in AGE_UNITS:
        if age_s >= seconds:
            return f"{int(age_s // seconds)} {unit}"
    return f"{max(0, int(age_s))} s"


def _scaled(value: int, units: tuple[str, ...]) -> tuple[str, str]:
    """The value to three digits and its unit."""
    if value < 1000:
        return str(value), units[0]
    scaled, step = float(value), 0
    while scaled >= 999.5 and step < len(units) - 1:
        scaled, step = scaled / 1000, step + 1
    digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:.{digits}f}", units[step]
