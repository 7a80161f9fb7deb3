"""Keys that come faster than the screen follows: each acts on what the one before has brought about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.keys import key_to_character

from core.engine.protocol import Command, StartCalibration
from tests.tui.inspector.host import until
from tests.tui.inspector.made_up import LENS, StillInspector, running, still_inspector
from tui.inspector.calibration.screen import CalibrationScreen
from tui.inspector.playground.pane import PlaygroundPane

SMALL = (80, 24)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))


def typed(app: StillInspector, *keys: str) -> None:
    """Types all keys at once, as a paste into the terminal or a busy machine hands them over."""
    for key in keys:
        app.post_message(events.Key(key, key_to_character(key)))


async def test_nothing_that_is_typed_right_after_i_is_lost(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        typed(app, "6", "i", *"rq", "space", *"7zxr")
        pane = app.query_one(PlaygroundPane)
        await until(pilot, lambda: pane.prompt.endswith("rq 7zxr"))
        assert app.controller.tab == "playground"
        assert app.session.activity.jobs == {}


async def test_a_value_and_what_follows_it(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        typed(app, "K", *"0.5", "percent_sign", "enter", "I", *"20", "enter", "v", "2")
        await until(pilot, lambda: app.controller.tab == "samples")
        assert app.lens == replace(LENS, k=0.005, limit=20, variant="all")


async def test_a_choice_from_a_list_and_what_follows_it(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        typed(app, "b", *"tempo", "enter", "s", "j", "enter", "a", "j", "j", "enter", "v")
        await until(pilot, lambda: app.lens.variant == "all")
        lens = replace(LENS, benchmark="temporal_reasoning", selection="max_minus_shared", variant="all")
        assert app.lens == replace(lens, ability="analogical_reasoning")


async def test_enter_right_after_c_starts_a_calibration_once(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        sent: list[Command] = []
        app.session.send = sent.append
        typed(app, "C", "enter", "enter")
        await until(pilot, lambda: bool(sent))
        assert [type(command) for command in sent] == [StartCalibration]
        assert isinstance(app.screen, CalibrationScreen)


async def test_keys_typed_before_the_tabs_are_there_act_then(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "empty")
    async with app.run_test(size=SMALL) as pilot:
        typed(app, "4", "v")
        await until(pilot, lambda: app.lens.variant == "all")
        assert app.controller.tab == "weights"
