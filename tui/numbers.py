"""Numbers as people read them, each kind in one form for the tables of the commands and for the inspector."""

from __future__ import annotations

import math
import re
from decimal import Decimal

SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")
"""Steps of 1000 bytes."""

COUNT_UNITS = ("", " k", " M", " B")
"""Steps of 1000 things; B is billions, as of parameters."""

AGE_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
"""Units of age in seconds, the longest first."""

TINY = 1e-300
"""Smallest probability that is written out."""


def number(value: float | None) -> str:
    """Two decimals without the leading zero: `.65`, `-.05`, `1.20`; a dot for None."""
    return "·" if value is None else _without_zero(f"{round(value, 2) + 0.0:.2f}")  # + 0.0: no sign before 0


def cell_number(value: float) -> str:
    """The same in four columns: from 1 on with one decimal."""
    return f"{value:.1f}" if round(abs(value), 2) >= 1 else number(value)


def share(value: float) -> str:
    """A fraction of items to three decimals: `.812`."""
    return _without_zero(f"{value:.3f}")


def probability(value: float) -> str:
    """A p- or q-value: `.034`, `3e-9`."""
    if value >= 0.001:
        return share(value)
    if value < TINY:
        return f"<{TINY:.0e}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def interval(low: float, high: float) -> str:
    """The 95 % interval: `[.52, .77]`; in words where the data do not bound it."""
    if math.isinf(low) and math.isinf(high):
        return "[unbounded]"
    if math.isinf(low):
        return f"[at most {number(high)}]"
    if math.isinf(high):
        return f"[at least {number(low)}]"
    return f"[{number(low)}, {number(high)}]"


def percent(value: float) -> str:
    """A fraction in percent, to two digits where it is small: `39 %`, `0.46 %`."""
    return f"{value * 100:.2g} %" if value < 0.0995 else f"{value * 100:.0f} %"


def k_text(k: float) -> str:
    """A k in percent of all parameters: `3 %`, `0.064 %`, `0.00001 %`."""
    return f"{Decimal(f'{k * 100:.4g}'):f} %"


def until_text(until: float | None) -> str:
    """The least AIS of interest: `.05`; `off` where all items count."""
    return "off" if until is None else number(until)


def short_number(value: float, *, whole: bool = False) -> str:
    """A number from 0 up in four columns: `0.4`, `12`, `3.1k`, `<.1`.

    Args:
        value: the number.
        whole: it is a count, without decimals below 1,000.
    """
    if value >= 999.5:
        steps = int(value >= 999_500) + int(value >= 999_500_000)
        return short_number(value / 1000 ** (steps + 1)) + "kMB"[steps]
    if whole or value == 0:
        return f"{value:.0f}"
    if value < 0.05:
        return "<.1"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def signed_number(value: float, *, whole: bool = False) -> str:
    """A difference in five columns: `+.07`, `-12`, `0`.

    Args:
        value: the difference.
        whole: it is a difference of counts.
    """
    sign = "+" if value > 0 else "-"
    if whole or abs(value) >= 0.995:
        return "0" if value == 0 else sign + short_number(abs(value), whole=whole)
    text = f"{abs(value):.2f}"
    return "0" if text == "0.00" else sign + text[1:]


def fraction_text(value: float) -> str:
    """A fraction in three columns: `.43`, `1`."""
    text = f"{value:.2f}"
    return {"1.00": "1", "0.00": "0"}.get(text, text[1:])


def lift_text(value: float) -> str:
    """A factor in three columns: `1.0`, `20`, `12k`."""
    if value >= 999.5:
        return f"{value / 1000:.0f}k"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def size_text(size_bytes: int) -> str:
    """A size such as `16.1 GB`."""
    digits, unit = _scaled(size_bytes, SIZE_UNITS)
    return f"{digits} {unit}"


def size_bytes(text: str) -> int:
    """The bytes of a size such as `10GB`, `1.5 MB` or `1000`.

    Raises:
        ValueError: the text is not a size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"'{text}' is not a size: give one such as 10GB or 500MB.")
    steps = [unit.lower() for unit in SIZE_UNITS].index((match[2] or "B").lower())
    return int(float(match[1]) * 1000**steps)


def count_text(count: int) -> str:
    """A count such as `8.03 B`."""
    digits, unit = _scaled(count, COUNT_UNITS)
    return f"{digits}{unit}"


def age_text(age_s: float) -> str:
    """An age in the largest unit that it fills, such as `3 h`."""
    for seconds, unit in AGE_UNITS:
        if age_s >= seconds:
            return f"{int(age_s // seconds)} {unit}"
    return f"{max(0, int(age_s))} s"


def duration_text(seconds: float) -> str:
    """A duration such as `4 s`, `2:05`, `1:02:05`."""
    whole = int(seconds) + (seconds > int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def rate_text(rate: float) -> str:
    """Items per second, or per minute below one a second."""
    if rate < 1:
        return f"{rate * 60:.1f}/min"
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _scaled(value: int, units: tuple[str, ...]) -> tuple[str, str]:
    """The value to three digits and its unit."""
    if value < 1000:
        return str(value), units[0]
    scaled, step = float(value), 0
    while scaled >= 999.5 and step < len(units) - 1:
        scaled, step = scaled / 1000, step + 1
    digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:.{digits}f}", units[step]


def _without_zero(text: str) -> str:
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
