"""Fixtures of the inspector's tests, which are coroutines where an app runs in them."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cache.folder import Store
from core.engine.runtime import living_engines


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a coroutine, in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


CACHED_ABILITIES = ("deductive_reasoning", "quantitative_reasoning", "spatial_reasoning")
"""Those that `demo_cache` has, as masks and as benchmarks."""

CACHED_K, CACHED_ITEMS, SCORED_ITEMS = 0.03, 30, 40
"""The k of `demo_cache`, its items per benchmark, and its diagnostic items per ability."""


@pytest.fixture(scope="session")
def demo_cache(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A cache of the demo model, never to be written to: base, `mlp top` and its random controls.

    Three abilities on three benchmarks (CACHED_ABILITIES), with the constants above.
    """
    return made_once("demo_cache", fill_demo_cache)


@pytest.fixture(scope="module")
def engine_folder(warm_engine_command: tuple[str, ...]) -> Iterator[Path]:
    """A folder for what a module's engines leave, with a path short enough for a socket.

    Engines are forked from the warm process, and all that are left are killed at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="as-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABILITYSCOPE_RUNTIME", str(folder / "run"))
        patch.setenv("ABILITYSCOPE_STATE", str(folder / "state.json"))
        patch.setattr("core.engine.runtime.COMMAND", warm_engine_command)
        yield folder
        for engine in living_engines():
            os.kill(engine.pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def fill_demo_cache(root: Path) -> None:
    """Computes what `demo_cache` has."""
    from core.analysis.rounds import run_profile
    from core.benchmarks.registry import find_benchmarks
    from core.models.spec import ModelSpec
    from core.run.plan import Plan
    from core.run.runner import Runner
    from core.run.specs import ImportanceSpec

    spec = ModelSpec()
    plan = Plan(
        abilities=CACHED_ABILITIES,
        variants=("mlp",),
        selections=("top", "random"),
        ks=(CACHED_K,),
        benchmarks=find_benchmarks(CACHED_ABILITIES),
        limit=CACHED_ITEMS,
        seed=0,
    )
    run_profile(plan, Runner(spec, Store(root), ImportanceSpec(n_items=SCORED_ITEMS)))
