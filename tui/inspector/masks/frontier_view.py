"""Own and others over k, as a search for a k has found them: while it goes on, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.frontier_words import own_and_others
from tui.inspector.masks.weights_text import CURVE_LOOKS, curve_sign
from tui.inspector.widgets.curve_plot import Curve, CurvePlot
from tui.numbers import k_text

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from tui.inspector.look.marks import Marks

OWN, _, OTHERS = CURVE_LOOKS
"""Colour, marker and sign of each curve."""

NEARLY = 0.02
"""AIS_p that a small plot does not tell from 0."""


class FrontierView(Vertical):
    """The frontier of one search, and the k that it chooses."""

    def __init__(self, marks: Marks) -> None:
        super().__init__(classes="frontier")
        self._marks = marks

    def compose(self) -> ComposeResult:
        yield Static(classes="heading", markup=False)
        yield CurvePlot(self._marks)

    def show(self, search: FoundK) -> None:
        """Shows a search that has come to a k that can be chosen."""
        self.query_one(Static).update(_legend(search, is_ascii=not self._marks.bar_eighths))
        marks = {search.k: self._marks.chosen}
        names = [marks.get(k, "") + k_text(k).removesuffix(" %") for k in search.grid]
        self.query_one(CurvePlot).show(_curves(search), names, search.grid.index(search.k))


def _legend(search: FoundK, *, is_ascii: bool) -> Content:
    """What the curves are, and which k is chosen."""
    k, point = search.at
    parts: list[Content | str] = []
    for name, (colour, _, sign) in (("own", OWN), ("others", OTHERS)):
        parts += [curve_sign(sign, colour, is_ascii=is_ascii), f" {name}  "]
    far = "" if search.is_over else f", {len(search.tried)} of {len(search.grid)} so far"
    chosen = "auto" if search.is_over else "best"
    return Content.assemble(*parts, f"AIS_p over k in %{far}\n{chosen} {k_text(k)}: {own_and_others(point)}")


def _curves(search: FoundK) -> list[Curve]:
    """Own above others; the k of the grid lie at 0, 1, 2 and so on.

    Own has its intervals, without what is below 0 and below all values: a small plot needs its lines.
    """
    points = [point for _, point in search.frontier]
    own = [(float(place), _shown(point.own.value)) for place, point in enumerate(points)]
    others = [(float(place), _shown(point.others.value)) for place, point in enumerate(points)]
    lowest = min(0.0, *(value for _, value in (*own, *others)))
    whiskers = [(float(x), max(one.own.low, lowest), one.own.high) for x, one in enumerate(points)]
    return [
        Curve("", OTHERS[0], others, marker=OTHERS[1]),
        Curve("", OWN[0], own, whiskers, OWN[1]),
    ]


def _shown(value: float) -> float:
    """0 for what is nearly so: below 0 it would take a line of the axis."""
    return 0.0 if abs(value) < NEARLY else value
