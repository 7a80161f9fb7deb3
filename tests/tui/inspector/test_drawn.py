"""What is drawn in rows of cells, and frames where there is room for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.inspector.made_up import running, still_inspector
from tui.inspector.look.bars import interval_bar, sparkline
from tui.inspector.look.marks import ASCII, UNICODE
from tui.inspector.widgets.header import running_shares


@pytest.mark.parametrize(
    ("ends", "drawn"),
    [
        ((0.0, 0.5, 1.0), ("", "─────●─────", "")),
        ((0.2, 0.4, 0.5), ("··", "──●─", "·····")),
        ((0.9, 1.0, 1.0), ("·········", "─●", "")),
        ((-3.0, -2.0, 0.1), ("", "●─", "·········")),
        ((0.3, 0.3, 0.3), ("···", "●", "·······")),
    ],
)
def test_an_interval_lies_on_its_scale(ends: tuple[float, float, float], drawn: tuple[str, str, str]) -> None:
    assert interval_bar(ends, (0.0, 1.0), 11, UNICODE) == drawn


def test_the_track_of_an_interval_marks_zero() -> None:
    before, line, behind = interval_bar((0.5, 0.75, 1.0), (-0.25, 1.25), 7, UNICODE)
    assert (before, line, behind) == ("·│·", "─●─", "·")
    assert "".join(interval_bar((0.5, 0.75, 1.0), (-0.25, 1.25), 7, ASCII)) == ".|.-@-."


def test_a_course_shows_values_on_a_scale() -> None:
    assert sparkline([0.0, 0.1, 0.5, 1.0, 2.0], "12345678", 1.0) == " 1488"
    assert sparkline([0, 1, 4, 8], "12345678") == " 148"


@pytest.mark.parametrize("n", [1, 3, 12, 13, 500])
def test_running_shares_end_with_the_mean_of_all(n: int) -> None:
    scores = [index % 3 == 0 for index in range(n)]
    found = running_shares(scores, 12)
    assert len(found) == min(n, 12)
    assert found[-1] == pytest.approx(sum(scores) / n)
    if n <= 12:
        assert found == [sum(scores[: count + 1]) / (count + 1) for count in range(n)]


async def test_parts_have_frames_only_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))
    async with running(still_inspector(tmp_path / "cache"), (80, 24)) as (app, pilot):
        lens = app.screen.query_one("#lens")
        for size, is_framed in (((80, 24), False), ((120, 29), False), ((99, 40), False), ((100, 30), True)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert (lens.styles.border_top[0] == "round") is is_framed
