"""The tables that people read, and the document that programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tests.performance.figures import Aim, Figure, Measured
from tests.performance.growth import Growth


def table(columns: Mapping[str, Sequence[Measured]]) -> str:
    """A line for each figure, a column for each way of storing the weights, the aim and its verdict beside.

    Args:
        columns: what was measured of each, the same things in the same order.
    """
    lines = [("what", "figure", *columns, "aim")]
    for alike in zip(*columns.values(), strict=True):
        figures = list(zip(*(one.figures for one in alike), strict=True))
        for number, same in enumerate(figures):
            what = alike[0].title if number == 0 else ""
            aims = {_aim(figure.aim) for figure in same if figure.aim}
            lines.append((what, same[0].name, *map(_value, same), ", ".join(sorted(aims))))
    return _aligned(lines)


def checks(columns: Mapping[str, Sequence[Measured]]) -> str:
    """A line for each check that has to hold whatever the figures are."""
    lines = [
        f"{name} · {one.title}: {check}: {'yes' if holds else 'NO'}"
        for name, column in columns.items()
        for one in column
        for check, holds in one.checks.items()
    ]
    return "\n".join([*lines, ""])


def growth_table(found: Sequence[Growth]) -> str:
    """A line for each cost, with the exponent of what it grows with and the largest distance from the law."""
    lines = [("what", "cost", "grows as", "off by at most", "measured")]
    for one in found:
        values = " ".join(f"{value:.3g}" for value in one.values)
        law = f"{one.grows_with}^{one.exponent:.2f}"
        lines.append((one.what, one.cost, law, f"{100 * one.residual:.0f} %", values))
    return _aligned(lines)


def document(columns: Mapping[str, Sequence[Measured]]) -> list[dict[str, Any]]:
    """All figures, costs, checks and facts."""
    return [
        {
            "weights": name,
            "what": one.what,
            "title": one.title,
            "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in one.figures],
            "costs": dict(one.costs),
            "checks": dict(one.checks),
            "facts": dict(one.facts),
        }
        for name, column in columns.items()
        for one in column
    ]


def growth_document(found: Sequence[Growth]) -> list[dict[str, Any]]:
    """All fits and what was fitted."""
    return [{**asdict(one), "exponent": one.exponent, "residual": one.residual} for one in found]


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    return f"{_number(figure.value)} {figure.verdict}".strip()


def _number(value: float) -> str:
    """Three digits, and no power of ten where people count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aim(aim: Aim) -> str:
    return f"{'at least' if aim.at_least else 'at most'} {_number(aim.bound)}"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(text) + "\n"
