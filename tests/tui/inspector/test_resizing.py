"""A terminal of another size: lens and heading follow at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.inspector.made_up import running, settled, still_inspector


async def test_the_lens_has_all_its_lines_on_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))
    async with running(still_inspector(tmp_path / "cache"), (120, 30)) as (app, pilot):
        assert "4.2 % of MLP" in await settled(app, pilot, "k 3 % (49,632 weights)")
        await pilot.resize_terminal(80, 24)
        small = await settled(app, pilot, "until off")
    assert "4.2 % of MLP" not in small
    assert "k 3 % on spatial, 60 items" in small
