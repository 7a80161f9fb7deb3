"""What is on the screen after the terminal has another size is what a start at that size shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.inspector.made_up import StillInspector, running, settled, still_inspector

LARGE, SMALL = (120, 30), (80, 24)


@pytest.mark.parametrize(("before", "after"), [(LARGE, SMALL), (SMALL, LARGE)])
async def test_the_lens_has_all_its_lines(
    before: tuple[int, int], after: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))
    async with running(app_on(tmp_path), after) as (app, pilot):
        fresh = await settled(app, pilot, "weights", "until off")
    async with running(app_on(tmp_path), before) as (app, pilot):
        await settled(app, pilot, "weights")
        await pilot.resize_terminal(*after)
        assert await settled(app, pilot, "until off") == fresh


def app_on(folder: Path) -> StillInspector:
    return still_inspector(folder / "cache")
