"""Benchmarks whose rows have to be counted: the screen goes on meanwhile, and bad rows are said."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec
from tests.core.benchmarks.conftest import DATA
from tests.tui.inspector.host import screen_text, until
from tui.inspector.app import Inspector
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.screens.dialogs import Choose
from tui.inspector.session import Session
from tui.inspector.settings import Settings
from tui.inspector.widgets.frame import Problem
from tui.inspector.widgets.lens_panel import LensPanel

ROWS = 5000
SEEN_LENS = Lens("spatial_reasoning", "mlp", "top", 0.03, "spatial_reasoning", 30)


@pytest.fixture(scope="module")
def engine_spec(engine_folder: Path) -> EngineSpec:
    """An engine's spec on an empty cache."""
    return EngineSpec(ModelSpec(), str(engine_folder / "cache"), ImportanceSpec(n_items=40))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """ARC with many rows, WinoGrande with a bad one, PIQA as it is."""
    rows = (DATA / "arc_easy.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "arc_easy.jsonl").write_text("\n".join(rows[i % len(rows)] for i in range(ROWS)), "utf-8")
    (tmp_path / "winogrande.jsonl").write_text(json.dumps({"sentence": "_"}) + "\n{", "utf-8")
    shutil.copy(DATA / "piqa.jsonl", tmp_path)
    return tmp_path


def inspector(engine_spec: EngineSpec, folder: Path, lens: Lens) -> Inspector:
    spec = replace(engine_spec, benchmarks=BenchmarkOptions(data_dir=str(folder)))
    benchmarks = find_benchmarks(["all"], spec.benchmarks)
    experiment = Experiment(spec.model, spec.store, spec.importance)
    return Inspector(
        Session(spec, experiment, benchmarks, UNICODE, False, send=lambda command: None), lens, Settings()
    )


def items_line(app: Inspector) -> str:
    return app.screen.query_one(LensPanel).line_of("items", 20).plain


async def test_a_benchmark_is_looked_at_as_soon_as_it_is_counted(
    engine_spec: EngineSpec, folder: Path
) -> None:
    app = inspector(engine_spec, folder, SEEN_LENS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.controller.info is not None)
        app.controller.set_lens(replace(app.lens, benchmark="arc_easy", ability="temporal_reasoning"))
        # Nothing was waited for: the rest of the lens is there, the benchmark is not.
        assert (app.lens.benchmark, app.lens.ability) == ("spatial_reasoning", "temporal_reasoning")
        assert "counting…" in items_line(app)
        app.controller.set_lens(replace(app.lens, variant="all"))
        await until(pilot, lambda: app.lens.benchmark == "arc_easy")
        assert (app.lens.ability, app.lens.variant) == ("temporal_reasoning", "all")
        await until(pilot, lambda: f"items 30/{ROWS:,}" in screen_text(app))
        await app.controller.engine.close()


async def test_whoever_turns_to_another_one_is_not_taken_back(engine_spec: EngineSpec, folder: Path) -> None:
    app = inspector(engine_spec, folder, SEEN_LENS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.controller.info is not None)
        app.controller.set_lens(replace(app.lens, benchmark="arc_easy"))
        app.controller.set_lens(replace(app.lens, benchmark="temporal_reasoning"))
        assert app.lens.benchmark == "temporal_reasoning"
        await app.workers.wait_for_complete([one for one in app.workers if one.group == "count"])
        await pilot.pause()
        assert app.lens.benchmark == "temporal_reasoning"
        assert "counting" not in items_line(app)
        await app.controller.engine.close()


async def test_bad_rows_are_named_and_the_lens_stays(engine_spec: EngineSpec, folder: Path) -> None:
    app = inspector(engine_spec, folder, SEEN_LENS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.controller.known.weights))
        app.controller.set_lens(replace(app.lens, benchmark="winogrande"))
        await until(pilot, lambda: "winogrande.jsonl, line 2" in app.screen.query_one(Problem).sentence)
        assert app.lens.benchmark == "spatial_reasoning"
        assert "counting" not in items_line(app)
        await pilot.press("escape", "m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: "winogrande.jsonl, line 2" in app.screen.query_one(Problem).sentence)
        assert not app.session.activity.jobs
        await app.controller.engine.close()


@pytest.mark.parametrize(
    ("benchmark", "then"), [("arc_easy", "arc_easy"), ("winogrande", "analogical_reasoning")]
)
async def test_it_opens_on_what_was_looked_at_if_that_can_be_counted(
    engine_spec: EngineSpec, folder: Path, benchmark: str, then: str
) -> None:
    app = inspector(engine_spec, folder, replace(SEEN_LENS, benchmark=benchmark))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.controller.info is not None and bool(app.controller.known.weights))
        assert app.lens.benchmark == then
        assert ("line 2" in app.screen.query_one(Problem).sentence) == (benchmark == "winogrande")
        await app.controller.engine.close()


async def test_several_are_counted_before_they_are_run(engine_spec: EngineSpec, folder: Path) -> None:
    (folder / "winogrande.jsonl").unlink()
    app = inspector(engine_spec, folder, replace(SEEN_LENS, variant="base", limit=None))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.controller.info is not None)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.session.activity.jobs), 60)
        assert app.session.is_counted("arc_easy")
        assert next(iter(app.session.activity.jobs.values())).total == len(app.session.benchmarks)
        await pilot.press("c")
        await until(pilot, lambda: not app.session.activity.is_busy, 60)
        await app.controller.engine.close()
