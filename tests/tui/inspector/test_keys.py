"""What keys do, or do not, on each screen; without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.spec import ModelSpec
from core.run.events import Job, JobChanged
from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.made_up import MadeUp, StillInspector, running, settled, still_inspector
from tui.inspector.ais.cell_screen import CellScreen
from tui.inspector.keys import PANES
from tui.inspector.screens.help import HelpScreen
from tui.inspector.settings import Settings

SMALL, NARROW = (80, 24), (60, 20)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))


@pytest.fixture(scope="module")
def made_up_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made-up")
    MadeUp(root).fill()
    return root


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """A model that does not come with the project."""
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, tokenizer=byte_tokenizer())
    return ModelSpec(str(folder), device="cpu")


async def test_a_search_key_does_nothing_where_there_is_nothing_to_search(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        for number, (_, pane) in enumerate(PANES, start=1):
            await pilot.press(str(number), "slash")
            assert (len(app._notifications) > 0) == (pane.title == "Samples")  # which has no items yet
            app.clear_notifications()


async def test_quitting_an_embedded_model_asks_nothing(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), SMALL) as (app, pilot):
        await pilot.press("q")
        assert app._exit
        assert app.farewell == ""


async def test_quitting_a_loaded_model_asks_what_becomes_of_its_engine(
    tmp_path: Path, real: ModelSpec
) -> None:
    async with running(still_inspector(tmp_path / "empty", spec=real), SMALL) as (app, pilot):
        await pilot.press("slash", *"query", "enter")
        await settled(app, pilot, "No match.")
        await pilot.press("escape", "escape")
        assert not app._exit
        assert len(app.screen_stack) == 1
        await pilot.press("q")
        await settled(app, pilot, "quit, keep the engine", "quit, end the engine")
        await pilot.press("escape")
        assert not app._exit
        await pilot.press("q", "enter")
        assert app._exit
        assert f"abilityscope attach {app.session.spec.id}" in app.farewell


async def test_the_engine_of_a_loaded_model_can_be_ended(tmp_path: Path, real: ModelSpec) -> None:
    async with running(still_inspector(tmp_path / "empty", spec=real), SMALL) as (app, pilot):
        await pilot.press("q", "j", "enter")
        assert app._exit
        assert app.farewell == ""


@pytest.mark.parametrize("state", ["busy", "readonly", "lost"])
async def test_where_quitting_ends_no_engine_nothing_is_asked(
    state: str, tmp_path: Path, real: ModelSpec
) -> None:
    settings = Settings(readonly=state == "readonly")
    async with running(still_inspector(tmp_path / "empty", spec=real, settings=settings), SMALL) as (
        app,
        pilot,
    ):
        if state == "busy":
            app.emit(JobChanged(Job("3f2a-1", "runs", "a job", "running", 0, 3)))
        elif state == "lost":
            app.session.activity.lose("It was killed.")
        await pilot.press("q")
        assert app._exit
        assert ("a job keeps running" in app.farewell) == (state == "busy")


@pytest.mark.slow
async def test_a_cell_shows_its_keys_and_explains_them(made_up_cache: Path) -> None:
    for size in (SMALL, NARROW):
        async with running(still_inspector(made_up_cache, tab="ais"), size) as (app, pilot):
            await until(pilot, lambda app=app: app.pane.copied() is not None)
            await pilot.press("enter")
            await until(pilot, lambda app=app: isinstance(app.screen, CellScreen))
            keys = (await settled(app, pilot)).splitlines()[-1].strip()
            assert keys.startswith("? help esc back j next ability l next benchmark")
            await pilot.press("question_mark")
            await until(pilot, lambda app=app: isinstance(app.screen, HelpScreen))
            assert "Help: one cell" in screen_text(app)
            await pilot.press("G")
            shown = await settled(app, pilot)
            await pilot.press("escape", "escape")
            assert len(app.screen_stack) == 1
            assert "in the cache" in shown


@pytest.mark.parametrize("size", [SMALL, NARROW, pytest.param((160, 48), marks=pytest.mark.slow)])
async def test_the_key_line_cuts_no_word(size: tuple[int, int], made_up_cache: Path) -> None:
    def whole(app: StillInspector) -> set[str]:
        bindings = app.screen.active_bindings.values()
        return {f"{app.get_key_display(one.binding)} {one.binding.description}" for one in bindings}

    async with running(still_inspector(made_up_cache), size) as (app, pilot):
        for number in range(1, len(PANES) + 1):
            await pilot.press(str(number))
            line = (await settled(app, pilot)).splitlines()[-1].strip()
            assert line.startswith("? help ")
            for known in sorted(whole(app), key=len, reverse=True):
                line = line.replace(known, "", 1)
            assert line.strip() == ""
