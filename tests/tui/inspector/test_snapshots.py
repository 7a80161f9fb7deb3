"""What the whole inspector looks like, as text: a reviewer reads the difference.

`pytest tests/tui/inspector/test_snapshots.py --snapshot-update` writes the files anew.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from core.models.spec import ModelSpec
from core.run.events import (
    BatchFinished,
    ItemOutcome,
    Job,
    JobChanged,
    JobState,
    ModelFailed,
    ModelLoading,
    RunStarted,
    TextEnded,
    TextWritten,
)
from core.run.storing import ensure_items
from tests.progressed import progressed
from tests.tui.inspector.made_up import (
    LENS,
    MODEL,
    SPATIAL,
    MadeUp,
    N,
    StillInspector,
    answers,
    running,
    settled,
    still_inspector,
)
from tui.inspector.keys import PANES
from tui.inspector.settings import Settings
from tui.names import job_title

if TYPE_CHECKING:
    from textual.pilot import Pilot

Size = tuple[int, int]

SMALL, LARGE, NARROW = (80, 24), (160, 48), (60, 20)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])
SLOWLY_LARGE = pytest.mark.parametrize(
    "size", [pytest.param(SMALL, id="80x24"), pytest.param(LARGE, marks=pytest.mark.slow, id="160x48")]
)
TABS = [pane_id for pane_id, _ in PANES]
LAST_COMMAND = "analogical reasoning"
"""The last that there is room for in a small palette, which fills while one looks."""

LACKING = replace(LENS, ability="contextual_recall", k=0.01)
"""A lens of which the cache has only the base runs."""


class TextFile(SingleFileSnapshotExtension):
    """One text file for each screen."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a cache of made-up results, `cache`."""
    made = tmp_path_factory.mktemp("screens")
    MadeUp(made / "cache").fill()
    shutil.copytree(made / "cache", made / "two")
    MadeUp(made / "two", ModelSpec(device="cpu", dtype="bfloat16"), lost=0.2).fill_some()
    return made


@pytest.fixture(autouse=True)
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names caches by paths that are the same everywhere; what is looked at is remembered elsewhere."""
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))
    monkeypatch.chdir(folder)


def compare(screens: Mapping[str, str], snapshot: SnapshotAssertion) -> None:
    """Fails if any of the screens is another one than it was."""
    lines = {name: [line.rstrip() for line in screen.splitlines()] for name, screen in screens.items()}
    assert [name for name in screens if "\n".join(lines[name]) + "\n" != snapshot(name=name)] == []


async def seen(app: StillInspector, pilot: Pilot[None], *pieces: str) -> str:
    """What is on the screen once nothing more changes; the AIS tab's curves come after a while."""
    is_ais = app.pane.id == "ais" and len(app.screen_stack) == 1
    has_curves = is_ais and app.size.height >= LARGE[1] and app.lens.variant != "base"
    return await settled(app, pilot, *pieces, *(["AIS_p over k"] if has_curves else []))


async def tour(app: StillInspector, pilot: Pilot[None], tabs: Sequence[str]) -> dict[str, str]:
    """What each of the tabs looks like."""
    screens = {}
    for tab in tabs:
        await pilot.press(str(TABS.index(tab) + 1))
        screens[tab] = await seen(app, pilot)
    if "cache" in screens:
        screens["cache"] = without_sizes(screens["cache"])
    return screens


def without_sizes(screen: str) -> str:
    """A screen of the cache without the sizes of its files, which differ between versions of polars."""
    head, *lines = screen.splitlines()
    masked = [re.sub(r" +\d[\d.]* [kM]B\b", lambda size: "?".rjust(len(size[0])), line) for line in lines]
    return "\n".join([head, *masked])


@SLOWLY_LARGE
async def test_tabs(size: Size, snapshot: SnapshotAssertion) -> None:
    async with running(still_inspector(Path("cache")), size) as (app, pilot):
        screens = await tour(app, pilot, TABS)
    compare(screens, snapshot)


async def test_ascii(snapshot: SnapshotAssertion) -> None:
    app = still_inspector(Path("cache"), settings=Settings(ascii=True))
    async with running(app, SMALL) as (app, pilot):
        screens = await tour(app, pilot, TABS)
        await pilot.press("ctrl+p")
        screens["palette"] = await seen(app, pilot, LAST_COMMAND)
    assert [name for name, screen in screens.items() if not screen.isascii()] == []
    compare({name: screens[name] for name in ("run", "samples", "ais", "palette")}, snapshot)


async def test_narrow(snapshot: SnapshotAssertion) -> None:
    async with running(still_inspector(Path("cache")), NARROW) as (app, pilot):
        screens = await tour(app, pilot, TABS)
        await pilot.press("1", "L")
        screens["drawer"] = await seen(app, pilot)
        await pilot.press("L", "3", "z")
        screens["zoomed"] = await seen(app, pilot)
        await pilot.resize_terminal(50, 12)
        screens["too-small"] = await seen(app, pilot)
    compare(screens, snapshot)


async def test_base(snapshot: SnapshotAssertion) -> None:
    app = still_inspector(Path("cache"), replace(LENS, variant="base"))
    async with running(app, SMALL) as (app, pilot):
        screens = await tour(app, pilot, TABS[:5])
    compare(screens, snapshot)


async def test_nothing_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    # The cache first: tabs that show items keep them there.
    async with running(still_inspector(Path("empty"), tab="cache"), SMALL) as (app, pilot):
        screens = await tour(app, pilot, TABS[::-1])
    compare(screens, snapshot)


KEYS = {
    "help": ("1", "question_mark"),
    "help-end": ("1", "question_mark", "G"),
    "palette": ("1", "ctrl+p"),
    "choose-benchmark": ("1", "b"),
    "choose-runs": ("1", "m"),
    "enter-k": ("1", "K", "2", "x", "enter"),
    "enter-items": ("1", "I"),
    "cell": ("3", "enter"),
    "cell-bars": ("3", "enter", "i"),
    "links": ("3", "i"),
    "not-identifiable": ("3", "i", "l"),
    "item": ("2", "enter"),
    "flipped": ("2", "f"),
    "overlay": ("4", "o"),
    "concentration": ("4", "w"),
}
"""What is pressed for a screen, one after the other in one app; esc takes it back."""

LARGE_KEYS = ("help", "cell", "links", "overlay", "concentration")
"""Those that more room changes most."""


@SLOWLY_LARGE
async def test_keys(size: Size, snapshot: SnapshotAssertion) -> None:
    screens = {}
    async with running(still_inspector(Path("cache")), size) as (app, pilot):
        for name in LARGE_KEYS if size == LARGE else KEYS:
            tab, *keys = KEYS[name]
            await pilot.press(tab)
            await seen(app, pilot)
            await pilot.press(*keys)
            screens[name] = await seen(app, pilot, *([LAST_COMMAND] if name == "palette" else []))
            await pilot.press(*["escape"] * len(app.screen_stack))
    compare(screens, snapshot)


@SLOWLY_LARGE
async def test_second_model(size: Size, snapshot: SnapshotAssertion) -> None:
    screens = {}
    async with running(still_inspector(Path("two"), tab="ais"), size) as (app, pilot):
        await pilot.press("M")
        screens["choose"] = await seen(app, pilot, "model B")
        await pilot.press(*"bfloat16", "enter")
        screens["b"] = await seen(app, pilot, "B demo bf16")
        await pilot.press("B")
        screens["difference"] = await settled(app, pilot, "cells of both")
        await pilot.press("2")
        screens["samples"] = await seen(app, pilot, "McNemar")
        await pilot.press("enter")
        screens["item"] = await seen(app, pilot)
    compare(screens, snapshot)


# What the engine does


def job(state: JobState, done: int = 1, problem: str = "") -> JobChanged:
    title = job_title(LACKING.mask, LACKING.benchmark)
    return JobChanged(Job("3f2a-1", "runs", title, state, done, 3, problem=problem))


def begin(app: StillInspector) -> None:
    """A run is at its second side, with 24 answers after nine seconds; two jobs wait."""
    session = app.session
    items = pl.read_parquet(ensure_items(session.experiment, session.benchmark(SPATIAL), N))
    columns = answers(items, 0.55, "live")
    names = ("gold", "prediction", "correct", "loglikelihoods")
    outcomes = [
        ItemOutcome(index, gold, chosen, right, tuple(values))
        for index, (gold, chosen, right, values) in enumerate(
            zip(*(columns[name] for name in names), strict=True)
        )
    ]
    waiting = [
        JobChanged(Job(f"3f2a-{number}", "runs", f"{what} on all 10 benchmarks", "queued", 0, 30))
        for number, what in ((2, "causal"), (3, "base"))
    ]
    app.emit(job("running"), *waiting, RunStarted(LACKING.mask, SPATIAL, N))
    app.emit(BatchFinished(tuple(outcomes[:-25:-1])))
    app.session.activity.now = lambda: 0.0  # its clock stands still
    app.emit(progressed("evaluating", SPATIAL, 24, N, rate=2.67, elapsed_s=9.0, left_s=100.0))


@SLOWLY_LARGE
async def test_run(size: Size, snapshot: SnapshotAssertion) -> None:
    screens = {}
    async with running(still_inspector(Path("cache"), LACKING), size) as (app, pilot):
        begin(app)
        screens["running"] = await seen(app, pilot, "24 of 60", "as items arrive")
        await pilot.press("2")
        screens["samples"] = await seen(app, pilot, "n 24")
        await pilot.press("3")
        screens["ais"] = await seen(app, pilot)
        await pilot.press("1")
        app.emit(job("paused"))
        screens["paused"] = await seen(app, pilot, "24 of 60", "as items arrive", "c cancels")
    compare(screens, snapshot)


NO_MODEL = "/models/l/model.safetensors is not a whole safetensors file: copy or download it again."
NO_MEMORY = (
    "Memory ran out on the model's device: start again with --batch-size 8, or close what else uses that "
    "memory."
)
KILLED = (
    "The engine was killed, often because memory ran out: start it again, or with a smaller --batch-size. "
    "Its log: /run/user/1000/abilityscope/3f2a.log"
)


async def test_told(snapshot: SnapshotAssertion) -> None:
    screens = {}
    async with running(still_inspector(Path("cache"), LACKING), SMALL) as (app, pilot):
        app.emit(ModelLoading("demo", "importing torch and transformers"))
        screens["loading"] = await seen(app, pilot, "importing")
        app.emit(MODEL, job("running"), job("cancelled", done=2))
        screens["cancelled"] = await seen(app, pilot, "cancelled: 2 of")
        app.emit(job("failed", problem=NO_MEMORY))
        screens["failed"] = await seen(app, pilot, "failed: Memory")
        app.emit(ModelFailed(NO_MODEL))
        screens["no-model"] = await seen(app, pilot, "copy or download")
        app.emit(MODEL, job("running"))
        app.session.activity.lose(KILLED)
        screens["lost"] = await seen(app, pilot, "R restarts")
        await pilot.press("escape", "r")
        screens["lost-run"] = await seen(app, pilot, "No engine")
    compare(screens, snapshot)


async def test_readonly(snapshot: SnapshotAssertion) -> None:
    app = still_inspector(Path("cache"), LACKING, settings=Settings(readonly=True))
    async with running(app, SMALL) as (app, pilot):
        await pilot.press("r")
        compare({"run": await seen(app, pilot, "Read-only")}, snapshot)


@SIZES
async def test_texts(size: Size, snapshot: SnapshotAssertion) -> None:
    texts = ("the same view so above", "the same view so left of the shelf", "the the the the the the")
    async with running(still_inspector(Path("cache"), tab="playground"), size) as (app, pilot):
        app.emit(JobChanged(Job("3f2a-1", "generation", "three answers", "running", 2, 3)))
        for pane, text in enumerate(texts):
            app.emit(TextWritten("3f2a-1", pane, text))
        app.emit(TextEnded("3f2a-1", 0, "eos", 5, 0.25, ("shelf?",)), TextEnded("3f2a-1", 1, "eos", 8, 0.5))
        compare({"writing": await seen(app, pilot, "left of the shelf", "the the the")}, snapshot)
