"""What the screen says of memory: before and while a model is loaded, while weights are scored, of GPUs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.protocol import EngineSpec
from core.models.devices import Gpu, Machine, Memory
from core.models.spec import ModelSpec
from core.run.events import (
    GpuFacts,
    Heartbeat,
    ImportancePlanned,
    Job,
    JobChanged,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    Snapshot,
)
from tests.core.tiny_models import save_model
from tests.progressed import progressed
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.made_up import CONNECTED, StillInspector, running, settled, still_inspector
from tui.inspector.activity import Activity
from tui.inspector.run.status import memory_lines
from tui.inspector.settings import Settings

LOADING = ModelLoading("tiny", "reading weights as float32", 40_000, 85_376)
PLANNED = ImportancePlanned("spatial_reasoning", 2, "device", "disk", 8, False, True, 1, 2, 3)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "tiny")
    return tmp_path / "tiny"


def has(monkeypatch: pytest.MonkeyPatch, free_bytes: int | None, *gpus: Gpu) -> None:
    """A computer in place of this one."""
    here = Machine("3.11", "Linux", {}, 2, Memory(10**12, free_bytes), gpus)
    monkeypatch.setattr("core.models.devices.this_machine", lambda: here)


def spec_of(folder: Path, **changes: str) -> EngineSpec:
    model = ModelSpec(str(folder), **changes)  # type: ignore[arg-type]
    return EngineSpec(model, str(folder.parent / "cache"))


def flat(app: StillInspector) -> str:
    """What the right half of the screen says."""
    return " ".join(word for line in screen_text(app).splitlines() for word in line[18:].split())


def test_what_the_model_needs_on_a_cpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 4 * 10**9)
    weights, scoring = memory_lines(spec_of(folder))
    assert weights == "weights 85.4 kB (float32), 4.00 GB of memory free"
    assert scoring.startswith("scoring ")
    assert scoring.endswith("MB of main memory, in one pass")
    has(monkeypatch, None)
    assert memory_lines(spec_of(folder))[0].endswith(", free memory unknown")


def test_what_the_model_needs_on_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 10**9, Gpu("one", 10**9, 9 * 10**8, "1"))
    weights, scoring = memory_lines(spec_of(folder))
    assert weights == "weights 85.4 kB (float32), 900 MB free on cuda:0"
    assert "of GPU memory" in scoring
    assert "sums on the GPU" in scoring
    small = Gpu("small", 10**9, 60_000, "1")
    has(monkeypatch, 10**9, small, small)
    assert memory_lines(spec_of(folder))[0] == "weights 85.4 kB (float32), 120 kB free on cuda:0, cuda:1"
    pinned = memory_lines(spec_of(folder, device="cuda:1"))
    assert pinned[0] == "weights 85.4 kB (float32), 60.0 kB free on cuda:1: they do not fit"
    assert "Importance takes at least" in pinned[1]
    has(monkeypatch, 10**9, small)
    assert memory_lines(spec_of(folder))[0].endswith("they do not fit")


def test_of_a_model_that_is_not_here_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 10**9)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert memory_lines(spec_of(tmp_path)) == ()
    assert memory_lines(EngineSpec(ModelSpec("owner/name"), str(tmp_path))) == ()


async def test_it_stands_there_until_the_model_is_loaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, 4 * 10**9)
    app = still_inspector(
        tmp_path / "cache", spec=ModelSpec(str(folder), device="cpu").settled("letters", "standard")
    )
    async with running(app, (80, 24)) as (_, pilot):
        app.emit(LOADING)
        text = await settled(app, pilot, "weights 85.4 kB (float32), 4.00 GB of memory free")
        assert "46 % reading weights" in text.splitlines()[0]
        assert "loading the model: reading weights as float32 (40.0 of 85.4 kB, 46 %)" in flat(app)
        app.emit(ModelFailed("It did not fit."))
        await settled(app, pilot, "It did not fit.", "weights 85.4 kB")
        app.emit(ModelLoaded("tiny", 1.0, "cpu", 85_376))
        await until(pilot, lambda: "of memory free" not in flat(app))


async def test_the_embedded_model_always_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 10)
    app = still_inspector(tmp_path / "cache")
    async with running(app, (80, 24)) as (_, pilot):
        app.emit(LOADING)
        await settled(app, pilot, "loading the model")
        assert app.session.memory == ()


async def test_how_weights_are_scored_is_told_beside_how_far_it_is(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache")
    async with running(app, (80, 24)) as (_, pilot):
        app.emit(JobChanged(Job("1-1", "rankings", "x", "running", 0, 1)), PLANNED)
        app.emit(progressed("scoring", "spatial_reasoning", 4, 8, job="1-1"))
        words = "in 2 passes over layers, sums on the GPU, maps on disk, batches of 8 items"
        await until(pilot, lambda: words in flat(app))
        app.emit(progressed("scoring", "temporal_reasoning", 4, 8, job="1-1"))
        await until(pilot, lambda: words not in flat(app))


def test_a_screen_that_comes_later_knows_it_too() -> None:
    activity = Activity()
    scored = progressed("scoring", "spatial_reasoning", 4, 8, job="1-1")
    jobs = (Job("1-1", "rankings", "x", "running", 0, 1),)
    activity.fold(Snapshot("3f2a", 1, jobs, None, None, (), (), (scored,), planned=PLANNED))
    assert (activity.progress, activity.planned) == (scored, PLANNED)
    activity.lose("It was killed.")
    assert activity.planned is None


@pytest.mark.parametrize(
    ("columns", "shown", "hidden"),
    [(80, ("GPU 93 %", "17.2/24.0 GB"), ("engine",)), (160, ("93 %", "71 °C", "engine 2.00 GB"), ())],
)
async def test_gpus_are_in_the_header(
    tmp_path: Path, columns: int, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    app = still_inspector(tmp_path / "cache")
    async with running(app, (columns, 24)) as (_, pilot):
        card = GpuFacts(93, 17_180_000_000, 24_000_000_000, 71)
        app.emit(CONNECTED, Heartbeat(2 * 10**9, 10**9, (card,)))
        head = (await settled(app, pilot, *shown)).splitlines()[0]
        assert all(piece in head for piece in shown)
        assert not any(piece in head for piece in hidden)
        assert head.rstrip().endswith("idle")


async def test_a_degree_can_be_typed(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache", settings=Settings(ascii=True))
    async with running(app, (160, 24)) as (_, pilot):
        app.emit(Heartbeat(2 * 10**9, 10**9, (GpuFacts(93, None, None, 71),)))
        await settled(app, pilot, "71 C")
        assert screen_text(app).isascii()
