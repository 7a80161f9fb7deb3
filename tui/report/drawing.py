"""Where the lines of the drawings in an HTML report go. Colours are the style sheet's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.analysis.results import SearchRecord
from tui.numbers import interval, k_text, number
from tui.report.matrices import CellView, Matrix
from tui.report.words import fitted, word

WIDTH, LEFT, RIGHT, TOP, STEP = 480.0, 112.0, 340.0, 26.0, 24.0
"""Sizes of the links' figure: its width, where lines begin and end, the head's height, a name's height."""

NAMED_LINES = 3
"""Abilities of a sweep that have a colour and a name."""

CHART_WIDTH, CHART_HEIGHT = 300.0, 170.0
PLOT = (34.0, 210.0, 12.0, 138.0)
"""Left, right, top and bottom of the plot in a chart."""

TICK_STEP = 50.0
"""Least distance of two k along the axis, where not all have a number."""

LABEL_STEP = 13.0
"""Least distance of two labels."""

LEAST, MOST = -0.25, 1.25
"""Effects shown by sweeps; what is beyond lies on the edge."""


class Name(NamedTuple):
    """A name beside its dot."""

    text: str
    y: float


class Line(NamedTuple):
    """A link."""

    path: str
    width: float
    is_specific: bool
    words: str


@dataclass(frozen=True)
class LinksDrawing:
    """Abilities at the left, benchmarks at the right, links between them."""

    width: float
    height: float
    left: tuple[Name, ...]
    right: tuple[Name, ...]
    lines: tuple[Line, ...]
    words: str
    """The whole drawing in a sentence."""


def links_drawing(matrix: Matrix) -> LinksDrawing:
    """The links of a matrix, the weakest below."""
    abilities = list(matrix.rows)
    benchmarks = [one.benchmark for one in matrix.columns]
    rows = max(len(abilities), len(benchmarks))
    ys = {
        side: [TOP + STEP * (place + 0.5) * rows / len(names) for place in range(len(names))]
        for side, names in (("left", abilities), ("right", benchmarks))
    }
    lines = [
        _line(cell, ys["left"][abilities.index(cell.ability)], ys["right"][benchmarks.index(cell.benchmark)])
        for cell in sorted(matrix.links, key=lambda cell: (cell.is_specific, cell.effect or ()))
    ]
    return LinksDrawing(
        WIDTH,
        TOP + STEP * rows + 6,
        tuple(map(Name, map(word, abilities), ys["left"])),
        tuple(map(Name, map(fitted, benchmarks), ys["right"])),
        tuple(lines),
        f"{len(lines)} links between {len(abilities)} abilities and {len(benchmarks)} benchmarks; "
        "the table below has them all.",
    )


def _line(cell: CellView, left: float, right: float) -> Line:
    assert cell.effect is not None, "a link has an effect"
    middle = (LEFT + RIGHT) / 2
    path = f"M{LEFT:.0f} {left:.1f}C{middle:.0f} {left:.1f} {middle:.0f} {right:.1f} {RIGHT:.0f} {right:.1f}"
    words = f"{word(cell.ability)} to {word(cell.benchmark)}: {number(cell.effect.value)}"
    width = 1 + 5 * min(max(cell.effect.value, 0), 1.2) if cell.is_specific else 1
    return Line(path, round(width, 1), cell.is_specific, words)


class Point(NamedTuple):
    """An effect at one k, with its interval."""

    x: float
    y: float
    low: float
    high: float


class Curve(NamedTuple):
    """One ability, or the random masks, over k."""

    name: str
    style: int
    """1 to `NAMED_LINES`: named; 0: the others; -1: random masks."""
    points: tuple[Point, ...]
    label_y: float

    @property
    def polyline(self) -> str:
        """Its points for SVG."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


class Tick(NamedTuple):
    """A number at an axis."""

    text: str
    at: float


@dataclass(frozen=True)
class SweepDrawing:
    """The effects of all abilities' masks on one benchmark, over k."""

    benchmark: str
    measure: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    words: str


def sweeps(answer: Matrix, same: Sequence[Matrix]) -> list[SweepDrawing]:
    """A drawing for each benchmark with an effect; empty with fewer than two k.

    Args:
        answer: the matrix that answers; its strongest links are named.
        same: the matrices of its variant and selection, itself among them.
    """
    by_k = sorted(same, key=lambda one: one.kind.k)
    if len(by_k) < 2:
        return []
    drawn = (_sweep(column.benchmark, answer, by_k) for column in answer.columns)
    return [one for one in drawn if one is not None]


def frontier_drawing(search: SearchRecord, name: str) -> SweepDrawing | None:
    """Own and others over the k of a search; None with fewer than two."""
    tried = [(one.k, one.own, one.others) for one in search.tried if one.own and one.others]
    if len(tried) < 2:
        return None
    xs = {k: _x(k, tried[0][0], tried[-1][0]) for k, _, _ in tried}
    curves = []
    for style, label in ((2, "others"), (1, "own")):
        points = tuple(Point(xs[k], *map(_y, own if label == "own" else others)) for k, own, others in tried)
        curves.append(Curve(label, style, points, points[-1].y))
    ends = [k for k in (tried[0][0], tried[-1][0]) if abs(xs[k] - xs[search.k]) >= TICK_STEP]
    return SweepDrawing(
        name,
        "AIS_p",
        tuple(_spread(curves)),
        tuple(Tick(k_text(k), xs[k]) for k in (search.k, *ends)),
        tuple(Tick(number(value), _y(value)) for value in (0.0, 0.5, 1.0)),
        f"chosen: {k_text(search.k)}",
    )


def _sweep(benchmark: str, answer: Matrix, by_k: Sequence[Matrix]) -> SweepDrawing | None:
    place = next(place for place, one in enumerate(answer.columns) if one.benchmark == benchmark)
    strongest = [one.ability for one in answer.of(benchmark) if one.effect][:NAMED_LINES]
    if not strongest:
        return None
    xs = [_x(one.kind.k, by_k[0].kind.k, by_k[-1].kind.k) for one in by_k]
    curves = []
    for ability in (*(one for one in answer.rows if one not in strongest), *reversed(strongest)):
        cells = [one.rows[ability][place] for one in by_k]
        points = tuple(_point(x, cell) for x, cell in zip(xs, cells, strict=True) if cell.effect)
        style = strongest.index(ability) + 1 if ability in strongest else 0
        curves.append(Curve(word(ability), style, points, points[-1].y if points else 0.0))
    means = [one.columns[place].random for one in by_k]
    drawn = tuple(Point(x, _y(mean), 0, 0) for x, mean in zip(xs, means, strict=True) if mean is not None)
    if drawn:
        curves.append(Curve("random", -1, drawn, drawn[-1].y))
    return SweepDrawing(
        word(benchmark),
        answer.columns[place].measure.name,
        tuple(_spread(curves)),
        tuple(Tick(k_text(one.kind.k), x) for one, x in zip(by_k, xs, strict=True)),
        tuple(Tick(number(value), _y(value)) for value in (0.0, 0.5, 1.0)),
        "; ".join(_words(answer.rows[ability][place]) for ability in strongest),
    )


def _words(cell: CellView) -> str:
    if cell.effect is None:
        return ""
    value, low, high = cell.effect
    return f"{word(cell.ability)} {number(value)} {interval(low, high)}"


def _point(x: float, cell: CellView) -> Point:
    assert cell.effect is not None, "only cells with an effect have a point"
    return Point(x, *map(_y, cell.effect))


def _x(k: float, least: float, most: float) -> float:
    return PLOT[0] + 8 + (PLOT[1] - PLOT[0] - 16) * math.log(k / least) / math.log(most / least)


def _y(effect: float) -> float:
    share = (min(max(effect, LEAST), MOST) - LEAST) / (MOST - LEAST)
    return round(PLOT[3] - (PLOT[3] - PLOT[2]) * share, 1)


def _spread(curves: Sequence[Curve]) -> list[Curve]:
    """The curves with labels that do not lie on each other."""
    moved = {}
    lowest = -LABEL_STEP
    named = sorted((one for one in curves if one.style and one.points), key=lambda one: one.label_y)
    for one in named:
        lowest = max(one.label_y, lowest + LABEL_STEP)
        moved[one.name] = lowest
    over = max(0.0, lowest - PLOT[3])
    return [
        one._replace(label_y=moved.get(one.name, one.label_y + over) - over) for one in curves if one.points
    ]
