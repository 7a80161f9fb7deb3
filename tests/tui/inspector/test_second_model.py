"""A second model beside the first: how it is chosen; A, B and B - A are what the cache has of each."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from cache.folder import Store
from core.analysis.matrix import matrix
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.made_up import (
    LENS,
    SPATIAL,
    MadeUp,
    N,
    StillInspector,
    running,
    still_inspector,
)
from tests.tui.inspector.whole import SEEN_LENS, ended, engine_spec, opened
from tui.inspector.ais.pane import AisPane
from tui.inspector.second_model import EMBEDDED, SAME, UNSETTLED
from tui.numbers import share

if TYPE_CHECKING:
    from textual.pilot import Pilot

__all__ = ["engine_spec"]

SECOND = ModelSpec(device="cpu", dtype="bfloat16")
SMALL = (80, 24)
LOST = 0.2


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up answers of the demo model, and some of the same in bfloat16."""
    root = tmp_path_factory.mktemp("two") / "cache"
    MadeUp(root).fill()
    MadeUp(root, SECOND, LOST).fill_some()
    return root


async def choose(app: StillInspector, pilot: Pilot[None], text: str) -> None:
    """Opens the dialog of the second model, and types."""
    await pilot.press("M")
    await until(pilot, lambda: bool(app.screen.query(Input)))
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


async def test_both_are_looked_at_and_what_b_does_otherwise(cache: Path, tmp_path: Path) -> None:
    app = still_inspector(cache, tab="ais")
    async with running(app, SMALL) as (app, pilot):
        pane = app.pane
        assert isinstance(pane, AisPane)
        of_a = pane.matrix
        await choose(app, pilot, "bfloat16")
        await until(pilot, lambda: "B  demo bf16" in screen_text(app) and pane.matrix is not None)
        of_b = pane.matrix
        await pilot.press("B")
        await until(pilot, lambda: pane.exported() is not None and "cells of both" in screen_text(app))
        assert "B - A  demo bf16 - demo f32" in screen_text(app)
        exported = pane.exported()
        assert exported is not None
        exported.write(tmp_path / "differences.csv")
        await pilot.press("B")
        await until(pilot, lambda: "A  demo f32" in screen_text(app) and pane.matrix is not None)
        assert of_a is not None
        assert pane.matrix is not None
        assert pane.matrix.cells == of_a.cells, "A's results are still there"
    truth = {
        spec.dtype: matrix(
            Experiment(spec, Store(cache), ImportanceSpec()), LENS.mask_or_fail, app.session.columns(LENS), N
        )
        for spec in (ModelSpec(device="cpu"), SECOND)
    }
    a, b = truth["auto"].cells, truth["bfloat16"].cells
    assert (of_a.cells, of_b and of_b.cells) == (a, b)
    with (tmp_path / "differences.csv").open() as file:
        rows = {row["benchmark"]: row for row in csv.DictReader(file)}
    of_spatial = {name: found.statistics for (ability, name), found in b.items() if ability == SPATIAL}
    assert set(rows) == {name for name, found in of_spatial.items() if found and found.ais_p is not None}
    for name, row in rows.items():
        ais_a, ais_b = (getattr(cells[SPATIAL, name].statistics, "ais_p", None) for cells in (a, b))
        assert float(row["difference"]) == pytest.approx(ais_b - ais_a)
        assert float(row["low"]) <= float(row["difference"]) <= float(row["high"])


async def test_samples_of_both(cache: Path) -> None:
    app = still_inspector(cache, replace(LENS, variant="base"), tab="samples")
    async with running(app, SMALL) as (app, pilot):
        await choose(app, pilot, "bfloat16")
        await until(pilot, lambda: app.session.shown == "B")
        await pilot.press("B")
        await until(pilot, lambda: "McNemar" in screen_text(app))
        await until(pilot, lambda: "Mean margin" in screen_text(app))  # how B's answers differ from A's
        screen = screen_text(app)
    stores = (Experiment(spec, Store(cache), ImportanceSpec()) for spec in (ModelSpec(device="cpu"), SECOND))
    benchmark = app.session.benchmark(SPATIAL)
    frames = [one.store.outcomes.load(one.request(None, benchmark, N).key) for one in stores]
    a, b = (frame["correct"] for frame in frames if frame is not None)
    lost = int((a & ~b).sum())
    assert lost > 5
    assert f"A {share(a.mean())}" in screen
    assert f"✓→✗ {lost}" in screen
    assert "not stored" not in screen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("float32 nf4 fp4", "'fp4' is a second quantization: give one."),
        ("", "Write a model, or a form of A such as nf4."),
        ("auto", SAME),
        ("demo", SAME),
        ("smollm2 nf4", EMBEDDED),
        ("'demo", "No closing quotation"),
    ],
)
def test_what_is_no_second_model_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    second = still_inspector(tmp_path).controller.second
    with pytest.raises(ValueError, match=re.escape(sentence)):
        second.parse(text)


def test_the_prompts_of_the_first_model_come_first(tmp_path: Path) -> None:
    spec = ModelSpec(str(tmp_path), device="cpu")
    with pytest.raises(ValueError, match=re.escape(UNSETTLED)):
        still_inspector(tmp_path, spec=spec).controller.second.parse("nf4")
    second = still_inspector(tmp_path, spec=spec.settled("text", "plain")).controller.second
    with pytest.raises(ValueError, match="/no/such/folder"):
        second.parse("/no/such/folder nf4")


@pytest.mark.slow
async def test_one_model_is_in_memory_at_a_time(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec, lens=SEEN_LENS) as (app, pilot):
        await choose(app, pilot, "bfloat16")  # type: ignore[arg-type]
        await until(pilot, lambda: app.session.shown == "B")
        a, b = app.session.models
        assert (a.activity.link, b.activity.link) == ("connected", "resting")
        await pilot.press("r")
        await until(pilot, lambda: b.activity.link == "connected", 120)
        assert a.activity.link == "resting"
        await until(pilot, lambda: bool(b.activity.jobs), 120)
        assert (await ended(app, pilot)).state == "completed"
        await until(pilot, lambda: SEEN_LENS.ability in (app.controller.known.abilities or ()), 120)
        await pilot.press("B", "B", "2")
        await until(pilot, lambda: "not stored" not in screen_text(app), 60)
        assert app.session.shown == "A"
        await app.controller.engines.close()
