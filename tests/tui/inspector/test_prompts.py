"""Prompt form and level of a real model's items on the screen: probed, given, and the other form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.analysis.probe import questions_of
from core.benchmarks.diagnostic import PROBE_ITEMS
from core.models.spec import ModelSpec
from core.run.events import ModelLoaded, Probing, PromptsSettled
from tests.tui.inspector.host import screen_text
from tests.tui.inspector.made_up import LENS, StillInspector, running, settled, still_inspector

SETTLED = PromptsSettled("text", "standard", {"letters": 0.24, "text": 0.41}, "standard")
WORDS = "prompts: option text; letters .24, text .41 · items: standard"


def header(app: StillInspector) -> str:
    return screen_text(app).splitlines()[0]


async def test_until_it_is_settled_nothing_is_looked_up(word_model: Path, tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache", spec=ModelSpec(str(word_model), device="cpu"))
    async with running(app, (160, 48)) as (_, pilot):
        app.emit(ModelLoaded("tiny", 1.0, "cpu", 85_376), Probing(12, 40))
        text = await settled(app, pilot, "probing prompts 12/40")
        assert "probing prompts 12/40" in header(app)
        assert "items, " not in header(app)
        for key in "23456":
            await pilot.press(key)
        assert app.session.settled is None
        assert not app.query("Problem.-shown")
        assert "not settled" not in text
        await pilot.press("7")
        await settled(app, pilot, "0 entries")  # what is stored does not depend on the prompt
        await pilot.press("1")
        app.emit(SETTLED)
        await settled(app, pilot, WORDS)
        assert "standard items, option text" in header(app)
        assert "Not computed yet" in screen_text(app)


async def test_given_words_stand_there_at_once(word_model: Path, tmp_path: Path) -> None:
    spec = ModelSpec(str(word_model), device="cpu", prompt="letters", level_asked="standard")
    app = still_inspector(tmp_path / "cache", spec=spec)
    async with running(app, (160, 48)) as (_, pilot):
        await settled(app, pilot, "prompts: letters · items: standard")
        assert "standard items, letters" in header(app)


async def test_an_embedded_model_has_no_such_words(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache")
    async with running(app, (100, 30)) as (_, pilot):
        app.emit(ModelLoaded("demo", 1.0, "cpu", 85_376))
        assert "prompts:" not in await settled(app, pilot)


async def test_a_stored_probe_settles_before_the_model_is_loaded(word_model: Path, tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache", spec=ModelSpec(str(word_model), device="cpu"))
    fill_probe(app)
    async with running(app, (100, 30)) as (_, pilot):
        await settled(app, pilot, "prompts: option text; letters .25, text .30")
        assert app.session.activity.settled is None


def fill_probe(app: StillInspector) -> None:
    """Stores answers to every question: 5 of 20 right with letters, 6 with texts."""
    from core.analysis.probe import probe_requests

    experiment = app.session.experiment
    for question, request in probe_requests(experiment, questions_of(experiment.spec)).items():
        right = 5 if question.style == "letters" else 6
        columns = {
            "item_id": [str(n) for n in range(PROBE_ITEMS)],
            "correct": [n < right for n in range(PROBE_ITEMS)],
        }
        experiment.store.outcomes.save(request.key, request.key_inputs, columns)


async def test_the_other_form_is_in_the_picker_and_has_columns_once_it_is_looked_at(
    word_model: Path, tmp_path: Path
) -> None:
    spec = ModelSpec(str(word_model), device="cpu", prompt="letters", level_asked="standard")
    app = still_inspector(tmp_path / "cache", spec=spec)
    async with running(app, (160, 48)) as (_, pilot):
        session = app.session
        assert len(session.columns(LENS)) == 10
        looked = replace(app.lens, benchmark="spatial_reasoning@text")
        assert len(session.columns(looked)) == 20
        app.controller.set_lens(looked)
        await pilot.press("3")
        await settled(app, pilot, "spat@t")
