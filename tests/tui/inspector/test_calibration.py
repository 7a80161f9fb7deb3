"""The calibration in the inspector: from a made-up cache, told by a made-up engine, and by the real one."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from core.engine.protocol import Cancel, Command, EngineSpec, Resume, StartCalibration
from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from core.phantom.calibration import (
    PRIVATE,
    USUAL,
    Calibration,
    Estimate,
    Localization,
    Placement,
    Recovered,
    benchmarks,
    main_plan,
    runners,
)
from core.phantom.ground_truth import Truth
from core.run.events import Job, JobChanged, JobState
from tests.core.phantom.calibration.made_up import LOST, PHANTOM
from tests.progressed import progressed
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.made_up import StillInspector, fraction, running, still_inspector
from tests.tui.inspector.test_snapshots import NARROW, SIZES, SMALL, Size, TextFile
from tests.tui.inspector.whole import ended, engine_spec, opened
from tui.inspector.app import Inspector
from tui.inspector.calibration.screen import CalibrationScreen
from tui.inspector.calibration.text import WHAT_IT_IS
from tui.inspector.palette import commands_of
from tui.inspector.settings import Settings
from tui.inspector.widgets.heat_map import HeatMap

__all__ = ["engine_spec"]  # a fixture

START = StartCalibration("calibration", DIAGNOSTIC_ITEMS, HELDOUT_ITEMS, 0)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))


def sent_by(app: Inspector) -> list[Command]:
    """What the app asks the engine for from now on."""
    sent: list[Command] = []
    app.session.send = sent.append
    return sent


SETTLED_S = 0.1
"""Seconds without a change after which a screen is as it stays."""


async def shown(app: Inspector, pilot: Pilot[None], *pieces: str) -> str:
    """What is on the screen, once the pieces are and nothing moves any more."""

    def has_all() -> bool:
        seen = " ".join(screen_text(app).split())
        return all(piece in seen for piece in pieces)

    try:
        await until(pilot, has_all, 30)
    except AssertionError as error:
        error.add_note(screen_text(app))
        raise
    before, now = "", screen_text(app)
    while now != before:  # a map is laid out again once its rows are known
        await pilot.pause(SETTLED_S)
        before, now = now, screen_text(app)
    return now


def job(state: JobState, done: int = 0, problem: str = "", name: str = "3f2a-1") -> JobChanged:
    return JobChanged(Job(name, "calibration", "calibration", state, done, 1060, problem=problem))


# What the cache has


async def test_what_is_stored_is_there_at_once(calibration_cache: Path) -> None:
    async with running(still_inspector(calibration_cache), SMALL) as (app, pilot):
        await pilot.press("C")
        screen = await shown(app, pilot, "Good: the matrix")
        true, recovered = app.screen.query(HeatMap)
        (row,) = [line for line in screen.splitlines() if "analog" in line and "Without" not in line]
        assert row.split("analog")[2].split() == [f"{LOST:.0f}", *9 * ["·"]]
        assert "n 50" in screen
        await pilot.press("j", "l", "l")
        assert true.cursor == recovered.cursor == (1, 2)
        await shown(app, pilot, "Without causal, recall loses", "and 0.0 by the mask")
        await pilot.press("h")
        await shown(app, pilot, f"and {LOST:.1f} by the mask")
        await pilot.press("space", "space", "space")
        screen = await shown(app, pilot, "max_minus_shared")
        assert "…" not in screen
        await pilot.press("enter")  # there is nothing to start
        assert isinstance(app.screen, CalibrationScreen)
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_without_one_it_is_explained_and_enter_starts_it(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        sent = sent_by(app)
        await pilot.press("C")
        await shown(app, pilot, WHAT_IT_IS, "enter starts it")
        await pilot.press("enter", "enter")
        await shown(app, pilot, "Asked for")
        assert sent == [START]
        app.emit(job("queued"))
        await shown(app, pilot, "It waits")
        app.emit(job("running"), progressed("scoring", "commonsense_causal", 40, 200))
        await shown(app, pilot, "0 of 1,060 runs", "scoring weights for causal: 40 of 200 items")
        app.emit(job("running", 265), progressed("evaluating", "spatial_reasoning", 0, 50))
        await shown(app, pilot, "265 of 1,060 runs")
        app.emit(job("running", 530))
        await shown(app, pilot, "530 of 1,060 runs", " left")
        assert "scoring" not in screen_text(app)
        app.emit(job("paused", 530))
        await shown(app, pilot, "paused: p resumes")
        await pilot.press("p", "c")
        assert sent == [START, Resume("3f2a-1"), Cancel("3f2a-1")]
        app.emit(job("cancelled", 530))
        await shown(app, pilot, "Cancelled: 530 of 1,060 runs are done and kept", "enter starts it")
        await pilot.press("enter")
        assert sent[-1] == START
        app.emit(job("running", name="3f2a-2"))
        await pilot.press("escape")  # only goes back
        assert (len(app.screen_stack), sent[-1]) == (1, START)
        await pilot.press("C")
        await shown(app, pilot, "0 of 1,060 runs", "c cancel")
        app.emit(job("failed", 3, "Memory ran out.", name="3f2a-2"))
        await shown(app, pilot, "It failed: Memory ran out.", "enter starts it")
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_it_goes_on_while_one_looks_elsewhere(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        sent = sent_by(app)
        app.emit(job("running", 7), progressed("scoring", "commonsense_causal", 40, 200))
        screen = await shown(app, pilot, "run 8 of 1060")
        assert "importance of causal" not in screen  # which would be of the model that is looked at
        await pilot.press("C")
        await shown(app, pilot, "7 of 1,060 runs")
        await pilot.press("q")
        assert (len(app.screen_stack), sent) == (1, [])


async def test_where_one_may_only_look_nothing_is_started(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "empty", settings=Settings(readonly=True))
    async with running(app, SMALL) as (app, pilot):
        sent = sent_by(app)
        await pilot.press("C")
        await shown(app, pilot, "only looks", "abilityscope calibrate computes it")
        await pilot.press("enter")
        app.emit(job("running"))
        await shown(app, pilot, "0 of 1,060 runs")
        await pilot.press("escape")
        assert (len(app.screen_stack), sent) == (1, [])


async def test_without_an_engine_it_says_what_to_do(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        sent = sent_by(app)
        app.session.activity.lose("It was killed.")
        await pilot.press("C")
        await shown(app, pilot, "There is no engine: esc goes back, and R there starts it again.")
        await pilot.press("enter")
        assert sent == []


async def test_the_palette_has_it(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        (command,) = [one for one in commands_of(app, app.controller) if one.title.startswith("calibration")]
        await command.do()
        await shown(app, pilot, WHAT_IT_IS)


# The real engine


@pytest.mark.long
async def test_the_engine_computes_what_is_lacking(engine_spec: EngineSpec, calibration_cache: Path) -> None:
    shutil.copytree(calibration_cache, engine_spec.cache, dirs_exist_ok=True)
    experiment = runners(PHANTOM, engine_spec.store, DIAGNOSTIC_ITEMS, 0)(USUAL.rule)
    request = experiment.request(None, benchmarks()[0], HELDOUT_ITEMS)
    experiment.store.outcomes.entries.payload_path(request.key).unlink()
    async with opened(engine_spec) as (app, pilot):
        await pilot.press("C")
        await shown(app, pilot, WHAT_IT_IS, "enter starts it")
        await pilot.press("enter")
        done = await ended(app, pilot)
        assert (done.kind, done.state, done.done, done.total) == ("calibration", "completed", 740, 740)
        await shown(app, pilot, "Good: the matrix")
        assert app.session.activity.runs == {}  # none of the model that is open
        assert experiment.store.outcomes.load(request.key) is not None


# What it looks like


def made_up() -> Calibration:
    """Figures that no model gave."""
    plan = main_plan(HELDOUT_ITEMS, 0)
    drops = {row: {column: _points("true", row, column, 70.0, 2.0) for column in PRIVATE} for row in PRIVATE}
    placements, localizations, matrices = {}, {}, {}
    for number, setting in enumerate(plan.ablated):
        own = 0 if setting.is_control else 600 - 40 * number
        placements[setting] = {ability: Placement(1000, own, 200, 150, 1 / 15) for ability in PRIVATE}
        localizations[setting.loss, setting.reduction, setting.selection] = {
            ability: Localization(0.95 - number / 50, 0.8 - number / 50) for ability in PRIVATE
        }
        matrices[setting] = _recovered(number, own)
    truth = Truth(500, dict.fromkeys(PRIVATE, 0.98), drops)
    return Calibration(plan, truth, dict.fromkeys(PRIVATE, 0.98), placements, localizations, matrices)


def _points(salt: str, row: str, column: str, own: float, other: float) -> float:
    return round(fraction(salt, row, column) * other * 2 - other + (own if row == column else 0), 1)


def _recovered(number: int, own: int) -> Recovered:
    drops = np.array(
        [[_points("found", row, column, own / 10, 6.0) for column in PRIVATE] for row in PRIVATE]
    )
    r = None if not own else Estimate(0.97 - number / 20, 0.9 - number / 20, 0.99 - number / 20)
    return Recovered(
        drops, HELDOUT_ITEMS, r, Estimate(own / 10, own / 10 - 4, own / 10 + 4), Estimate(1, 0, 2)
    )


async def with_made_up(app: StillInspector, pilot: Pilot[None]) -> CalibrationScreen:
    """The screen with the made-up calibration."""
    await pilot.press("C")
    await shown(app, pilot, "enter starts it")
    screen = app.screen
    assert isinstance(screen, CalibrationScreen)
    screen.show(made_up())
    return screen


@SIZES
async def test_maps(size: Size, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    async with running(still_inspector(tmp_path / "empty"), size) as (app, pilot):
        await with_made_up(app, pilot)
        first = await shown(app, pilot, "Good: the matrix", "z text alone")
        await pilot.press("j", "l", *["space"] * (9 if size == SMALL else 1))
        second = await shown(app, pilot, "Without causal, causal loses", "--json writes", "z text alone")
    assert first == snapshot(name="top")
    assert second == snapshot(name="end")


async def test_on_sixty_columns_there_is_one_map_and_nothing_is_cut(
    tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    async with running(still_inspector(tmp_path / "empty"), NARROW) as (app, pilot):
        await with_made_up(app, pilot)
        found = await shown(app, pilot, "recovered: its mask, n 40", "x other map")
        assert "true: its block" not in found
        await pilot.press("l", "x")
        true = await shown(app, pilot, "true: its block zeroed, n 500", "analogical, causal loses")
        assert "recovered: its mask" not in true
        await pilot.press("z", "space")
        text = await shown(app, pilot, "setting", "full, abs-sum, top", "z text alone")
        assert "true: its block" not in text
        assert "…" not in found + true + text
        await pilot.press("z", "x")
        await shown(app, pilot, "recovered: its mask, n 40")
    assert found == snapshot(name="map")
    assert text == snapshot(name="text")


async def test_all_cells_are_written_to_a_file(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        await with_made_up(app, pilot)
        for suffix in (".csv", ".json"):
            await pilot.press("e")
            await shown(app, pilot, "Write to a file")
            app.screen.query_one(Input).value = str(tmp_path / f"cells{suffix}")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, CalibrationScreen))
    plan, true = made_up().plan, made_up().truth.drops
    with (tmp_path / "cells.csv").open(encoding="utf-8") as sheet:
        rows = list(csv.DictReader(sheet))
    assert len(rows) == 100 * len(plan.ablated)
    first = rows[1]
    assert (first["loss"], first["selection"], first["k"]) == ("margin", "max_minus_shared", "0.001")
    assert (first["ablated"], first["asked"]) == PRIVATE[:2]
    assert float(first["true_points"]) == true[PRIVATE[0]][PRIVATE[1]]
    document = json.loads((tmp_path / "cells.json").read_text())
    assert document["matrices"][0]["drops"][0][1] == float(first["points"])


async def test_the_verdict_is_copied(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        await pilot.press("C")
        await shown(app, pilot, "enter starts it")
        await pilot.press("y")  # there is nothing to copy yet
        assert app.clipboard == ""
        await pilot.press("escape")
        await with_made_up(app, pilot)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("Good: the matrix"))


async def test_ascii(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "empty", settings=Settings(ascii=True))
    async with running(app, SMALL) as (app, pilot):
        await with_made_up(app, pilot)
        assert (await shown(app, pilot, "Good: the matrix")).isascii()


@SIZES
async def test_note(size: Size, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    async with running(still_inspector(tmp_path / "empty"), size) as (app, pilot):
        await pilot.press("C")
        before = await shown(app, pilot, "enter starts it", "esc back ⏎ start")
        app.emit(job("running", 265), progressed("scoring", "commonsense_causal", 40, 200))
        live = await shown(app, pilot, "40 of 200 items", "c cancel")
    assert before == snapshot(name="before")
    assert live == snapshot(name="live")
