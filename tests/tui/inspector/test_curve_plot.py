"""The y axis of a plot of curves: round numbers at equal distances, none lost on a few rows."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from textual.app import App, ComposeResult

from tests.tui.inspector.host import screen_text
from tui.inspector.look.marks import UNICODE
from tui.inspector.look.themes import THEMES
from tui.inspector.widgets.curve_plot import Curve, CurvePlot


class Plotted(App[None]):
    """A plot alone."""

    def compose(self) -> ComposeResult:
        yield CurvePlot(UNICODE)

    def on_mount(self) -> None:
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name


@pytest.mark.parametrize("height", [6, 8, 20])
@pytest.mark.parametrize(("low", "high"), [(-0.04, 0.87), (-0.2, 1.18), (0.0, 0.3), (-3.0, 0.1)])
async def test_no_tick_is_lost_on_a_few_rows(height: int, low: float, high: float) -> None:
    app = Plotted()
    async with app.run_test(size=(60, height)) as pilot:
        curve = Curve("", "primary", [(0.0, low), (1.0, high)], [(1.0, low, high)])
        app.query_one(CurvePlot).show([curve], ["a", "b"])
        await pilot.pause()
        ticks = [float(found) for found in re.findall(r"(?m)^ *(-?\d+\.\d+)[┤├]", screen_text(app))]
    assert len(ticks) > 1
    steps = {round(above - below, 6) for above, below in pairwise(ticks)}
    assert len(steps) == 1
    assert ticks[-1] <= low
    assert ticks[0] >= high
