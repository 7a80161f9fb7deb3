"""Programs that the model writes: the inspector asks before it lets any run, on a real engine and sandbox."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import OptionList

from cache.folder import Store
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.events import ModelLoaded
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec
from core.sandbox.bubblewrap import why_no_sandbox
from tests.core.benchmarks.conftest import DATA
from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.inspector.dialogs import UNANSWERED
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.test_choose import answered
from tests.tui.inspector.whole import ended, last_job
from tui.inspector.app import Inspector
from tui.inspector.command_of import command_line, profile_line
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.palette import commands_of
from tui.inspector.screens.allow_code import AllowCode
from tui.inspector.screens.dialogs import Choose
from tui.inspector.session import Session
from tui.inspector.settings import Settings
from tui.inspector.widgets.frame import Problem

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from textual.pilot import Pilot

LENS = Lens("spatial_reasoning", "base", "top", 0.03, "mbpp", 1)


def asked(*keys: str) -> tuple[object, str]:
    answer, text = answered(AllowCode(["HumanEval"]), *keys)
    return answer, " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("n",), ("down", "up", "enter")])
def test_the_answer_is_no_unless_one_says_yes(keys: tuple[str, ...]) -> None:
    assert asked(*keys)[0] is False


@pytest.mark.parametrize("keys", [("y",), ("down", "enter")])
def test_yes_is_a_key_or_the_second_line(keys: tuple[str, ...]) -> None:
    assert asked(*keys)[0] is True


def test_it_says_what_runs_where_and_within_which_limits() -> None:
    answer, text = asked()
    assert answer is UNANSWERED
    assert "HumanEval runs programs that the model writes, with their tests, on this machine." in text
    assert "Sandbox: bubblewrap." in text
    assert "Limits: 3 s of computing, 10 s in all," in text


async def test_the_question_is_whole_at_80_by_24() -> None:
    from tests.tui.inspector.dialogs import Dialogs

    app = Dialogs(AllowCode(["HumanEval", "MBPP"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.query_one("#frame").max_scroll_y == 0
        assert isinstance(app.focused, OptionList)


@pytest.fixture(scope="module")
def home(engine_folder: Path) -> Path:
    """A folder with a tiny model, and all that an engine on it leaves."""
    (engine_folder / "model").mkdir()
    save_model(engine_folder / "model", tokenizer=byte_tokenizer(), max_position_embeddings=4096)
    return engine_folder


needs_sandbox = pytest.mark.skipif(bool(why_no_sandbox()), reason=why_no_sandbox() or "it works")


def app_of(home: Path, *, readonly: bool = False, **options: bool) -> Inspector:
    told = BenchmarkOptions(data_dir=str(DATA), **options)
    spec = EngineSpec(
        ModelSpec(str(home / "model")).settled("letters", "standard"),
        str(home / "cache"),
        ImportanceSpec(),
        benchmarks=told,
    )
    listed = BenchmarkOptions(data_dir=str(DATA), allow_code=True)
    benchmarks = find_benchmarks(["spatial_reasoning", "mbpp"], listed)
    experiment = Experiment(spec.model, Store(home / "cache"), spec.importance)
    session = Session(spec, experiment, benchmarks, UNICODE, readonly, send=lambda command: None)
    return Inspector(session, LENS, Settings(readonly=readonly))


@asynccontextmanager
async def opened(home: Path, **options: bool) -> AsyncIterator[tuple[Inspector, Pilot[None]]]:
    app = app_of(home, **options)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.session.activity.model, ModelLoaded), 120)
        await until(pilot, lambda: app.controller.info is not None)
        yield app, pilot
        await app.controller.engine.close()


def said(app: Inspector) -> str:
    """All that notices say just now."""
    return " ".join(notice.message for notice in app._notifications)


def titles(app: Inspector) -> list[str]:
    return [
        command.title for command in commands_of(app, app.controller) if command.title.startswith("code:")
    ]


@needs_sandbox
async def test_it_is_asked_once_and_can_be_taken_back(home: Path) -> None:
    async with opened(home) as (app, pilot):
        assert titles(app) == ["code: allow"]
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AllowCode))
        assert "Sandbox: bubblewrap." in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "Not run: MBPP." in said(app))
        assert not app.session.activity.jobs
        assert "--allow-code-execution" not in command_line(app.session, app.lens)

        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AllowCode))
        await pilot.press("y")
        await until(pilot, lambda: bool(app.session.activity.jobs))
        job = await ended(app, pilot)
        assert (job.state, job.problem) == ("completed", "")
        await until(pilot, lambda: "runs code" in screen_text(app))
        assert titles(app) == ["code: forbid"]
        assert "--allow-code-execution" in shlex.split(command_line(app.session, app.lens))
        await until(pilot, lambda: "mbpp" in (app.controller.known.benchmarks or ()))

        await pilot.press("I", "2", "enter", "r")
        await until(pilot, lambda: len(app.session.activity.jobs) == 2)
        assert (await ended(app, pilot)).state == "completed"

        await pilot.press("X")
        await until(pilot, lambda: "runs code" not in screen_text(app))
        assert not app.session.allows_code
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AllowCode))
        await pilot.press("escape")
        assert not (home / "state.json").exists() or "allow" not in (home / "state.json").read_text()


@needs_sandbox
async def test_of_several_benchmarks_the_others_run(home: Path) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AllowCode))
        await pilot.press("n")
        await until(pilot, lambda: bool(app.session.activity.jobs))
        job = await ended(app, pilot)
        assert (job.state, job.total) == ("completed", 1)
        assert "spatial_reasoning" in (app.controller.known.benchmarks or frozenset()) | {
            run.benchmark for run in app.session.activity.runs
        }
        assert not app.session.allows_code


async def test_the_chooser_says_what_it_needs(home: Path) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"mbpp")  # the list is longer than the screen
        await until(pilot, lambda: "asks first)" in " ".join(screen_text(app).split()), 8)


@needs_sandbox
async def test_whoever_started_it_so_is_not_asked(home: Path) -> None:
    async with opened(home, allow_code=True) as (app, pilot):
        assert "runs code" in screen_text(app)
        await pilot.press("I", "3", "enter", "r")
        await until(pilot, lambda: bool(app.session.activity.jobs))
        assert last_job(app).title == "base on mbpp"
        assert (await ended(app, pilot)).state == "completed"


async def test_whoever_may_only_look_is_not_asked_either(home: Path) -> None:
    async with opened(home, readonly=True) as (app, pilot):
        for key in ("r", "X"):
            await pilot.press(key)
            assert "Read-only" in app.screen.query_one(Problem).sentence
            await pilot.press("escape")
        assert titles(app) == []


def test_the_command_lines_can_be_run_as_they_are(home: Path) -> None:
    app = app_of(home)
    line = shlex.split(profile_line(app.session, app.lens))
    assert line[line.index("--benchmarks") + 1] == "spatial_reasoning"
    assert "--data-dir" not in line
    app.session.allows_code = True
    line = shlex.split(profile_line(app.session, app.lens))
    assert line[line.index("--benchmarks") + 1] == "spatial_reasoning,mbpp"
    assert line[line.index("--data-dir") + 1] == str(DATA)
    assert "--allow-code-execution" in line
