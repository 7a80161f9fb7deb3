"""The whole inspector in a test: the real app, and the real engine process on the embedded model."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.events import Job, ModelLoaded
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec
from tests.tui.inspector.conftest import CACHED_ITEMS, CACHED_K, SCORED_ITEMS
from tests.tui.inspector.host import until
from tui.inspector.app import Inspector
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.session import Session
from tui.inspector.settings import Settings

if TYPE_CHECKING:
    from textual.pilot import Pilot

SEEN_LENS = Lens("spatial_reasoning", "mlp", "top", CACHED_K, "spatial_reasoning", CACHED_ITEMS)
"""What `demo_cache` has."""


@pytest.fixture(scope="module")
def engine_spec(demo_cache: Path, engine_folder: Path) -> EngineSpec:
    """An engine's spec on a copy of the demo's cache; no engine yet."""
    shutil.copytree(demo_cache, engine_folder / "cache")
    return EngineSpec(ModelSpec(), str(engine_folder / "cache"), ImportanceSpec(n_items=SCORED_ITEMS))


def inspector(engine_spec: EngineSpec, lens: Lens = SEEN_LENS, settings: Settings | None = None) -> Inspector:
    """The app, not yet running."""
    benchmarks = find_benchmarks(["diagnostic"])
    settings = settings or Settings()
    experiment = Experiment(engine_spec.model, engine_spec.store, engine_spec.importance)
    session = Session(
        engine_spec, experiment, benchmarks, UNICODE, settings.readonly, send=lambda command: None
    )
    return Inspector(session, lens, settings)


@asynccontextmanager
async def opened(
    engine_spec: EngineSpec,
    *,
    lens: Lens = SEEN_LENS,
    settings: Settings | None = None,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[tuple[Inspector, Pilot[None]]]:
    """The running app with its engine connected and the model loaded."""
    app = inspector(engine_spec, lens, settings)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.session.activity.model, ModelLoaded), 120)
        controller = app.controller
        await until(pilot, lambda: bool(controller.known.abilities) or controller.known.weights is not None)
        yield app, pilot
        await app.controller.engine.close()


def last_job(app: Inspector) -> Job:
    """The job that was asked for last."""
    return list(app.session.activity.jobs.values())[-1]


async def ended(app: Inspector, pilot: Pilot[None]) -> Job:
    """The last job, once it has ended."""
    await until(pilot, lambda: last_job(app).ended is not None, 120)
    return last_job(app)
