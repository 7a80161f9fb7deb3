"""What a person does in the inspector, on the embedded model and the real engine process."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from core.engine.protocol import EngineSpec
from core.engine.runtime import living_engines
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.whole import SEEN_LENS, ended, last_job, opened
from tests.tui.inspector.whole import engine_spec as engine_spec
from tui.inspector.lens import Known
from tui.inspector.pane import Pane
from tui.inspector.screens.dialogs import Choose
from tui.inspector.screens.help import HelpScreen
from tui.inspector.settings import Settings
from tui.inspector.widgets.frame import Problem
from tui.inspector.widgets.lens_panel import AbilityList, LensPanel


async def test_every_key_of_the_lens_turns_it(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec) as (app, pilot):
        await pilot.press("v")
        assert app.lens.variant == "all"
        await pilot.press("s")
        await until(pilot, lambda: "most beyond any other" in screen_text(app))
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.lens.selection == "max_minus_shared")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"whole units", "enter")
        await until(pilot, lambda: app.lens.scope == "units" and app.lens.selection == "max_minus_shared")
        await pilot.press("left_square_bracket")
        assert app.lens.k == 0.01
        await pilot.press("a", "j")
        assert app.lens.ability == "temporal_reasoning"
        await pilot.press("K", *"0.5", "enter")
        assert app.lens.k in (0.5, 0.005)
        await pilot.press("I", *"20", "enter")
        assert app.lens.limit == 20
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("home", "enter")
        await until(pilot, lambda: app.lens.benchmark == "analogical_reasoning")


async def test_what_is_stored_is_marked_and_shown_at_once(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec) as (app, pilot):
        await until(pilot, lambda: "spatial_reasoning" in (app.controller.known.abilities or ()))
        stored = {"deductive_reasoning", "quantitative_reasoning", "spatial_reasoning"}
        assert app.controller.known.abilities == stored
        await until(pilot, lambda: "AIS" in screen_text(app))


async def test_a_run_ends_in_a_result_that_is_kept(engine_spec: EngineSpec) -> None:
    lens = replace(SEEN_LENS, benchmark="temporal_reasoning")
    async with opened(engine_spec, lens=lens) as (app, pilot):
        assert "temporal_reasoning" not in (app.controller.known.benchmarks or ())
        await pilot.press("r")
        await until(pilot, lambda: bool(app.session.activity.jobs))
        job = await ended(app, pilot)
        assert (job.state, job.done) == ("completed", 3)
        await until(pilot, lambda: "temporal_reasoning" in (app.controller.known.benchmarks or ()))
        await until(pilot, lambda: "idle" in screen_text(app))


async def test_cancel_pause_and_queue(engine_spec: EngineSpec) -> None:
    lens = replace(SEEN_LENS, selection="random", limit=500)
    async with opened(engine_spec, lens=lens) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.session.activity.job is not None)
        await pilot.press("r")
        await until(pilot, lambda: len(app.session.activity.queued) == 1)
        await pilot.press("p")
        await until(pilot, lambda: "paused" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: "cancelled" in {job.state for job in app.session.activity.jobs.values()})
        job = await ended(app, pilot)
        assert job.state == "completed"


@pytest.mark.slow
async def test_a_killed_engine_is_told_and_started_again_with_what_it_had_to_do(
    engine_spec: EngineSpec,
) -> None:
    lens = replace(SEEN_LENS, selection="random", limit=500, seed=1)
    async with opened(engine_spec, lens=lens) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.session.activity.stored > 3)
        done = app.session.activity.job
        assert done is not None
        os.kill(living_engines()[0].pid, signal.SIGKILL)
        await until(pilot, lambda: app.session.activity.link == "lost")
        await until(pilot, lambda: "killed" in app.screen.query_one(Problem).sentence)
        assert "R restarts it" in app.screen.query_one(Problem).sentence
        await pilot.press("R")
        await until(pilot, lambda: app.session.activity.job is not None, 120)
        await until(pilot, lambda: app.session.activity.found is not None, 120)
        assert app.session.activity.found is not None
        assert app.session.activity.found.cached >= done.done
        await pilot.press("c")
        assert (await ended(app, pilot)).state == "cancelled"


async def test_whoever_leaves_finds_the_job_again(engine_spec: EngineSpec) -> None:
    lens = replace(SEEN_LENS, selection="random", limit=500, seed=2)
    async with opened(engine_spec, lens=lens) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.session.activity.job is not None)
        await pilot.press("d")
        assert engine_spec.id in app.farewell
    async with opened(engine_spec, lens=lens) as (app, pilot):
        await until(pilot, lambda: app.session.activity.job is not None)
        assert last_job(app).title.startswith("all 10 abilities")
        await pilot.press("c")
        assert (await ended(app, pilot)).state == "cancelled"


async def test_copy_and_export_give_what_is_seen(
    engine_spec: EngineSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(engine_spec) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: app.pane.copied() is not None)
        await pilot.press("y")
        assert "spatial" in app.clipboard
        assert "abilityscope profile" in app.clipboard or "abilityscope bench" in app.clipboard
        await pilot.press("e", "enter")
        await until(pilot, lambda: any(tmp_path.iterdir()))


async def test_help_explains_the_tab_in_front(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec) as (app, pilot):
        for number in "1234567":
            await pilot.press(number)
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            await pilot.press("escape")
            assert len(app.pane.help_text) > 200


async def test_a_problem_of_a_tab_is_gone_with_its_cause(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec) as (app, pilot):
        problem = app.screen.query_one(Problem)

        async def fails() -> None:
            app.pane.post_message(Pane.Failed("The tokens is '0.25': give a whole number from 1 to 512."))
            await until(pilot, lambda: "tokens" in problem.sentence)

        await fails()
        await pilot.press("2")
        assert not problem.sentence
        await fails()
        await pilot.press("v")
        await until(pilot, lambda: not problem.sentence)
        await fails()
        app.pane.post_message(Pane.Mended())
        await until(pilot, lambda: not problem.sentence)
        app.say_problem("No engine: R restarts it.")
        app.pane.post_message(Pane.Mended())
        await pilot.press("3")
        assert problem.sentence == "No engine: R restarts it."


async def test_nothing_is_marked_as_lacking_until_the_cache_was_read(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec) as (app, pilot):
        panel = app.screen.query_one(LensPanel)
        panel.show(app.lens, Known())
        assert not {"●", "○"} & set(str(panel.query_one(AbilityList).render()))
        await until(pilot, lambda: app.controller.known.abilities is not None)
        app.controller.show_lens()
        marks = str(panel.query_one(AbilityList).render())
        assert (marks.count("●"), marks.count("○")) == (3, 7)


async def test_whoever_may_only_look_is_told_so(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec, settings=Settings(readonly=True)) as (app, pilot):
        await pilot.press("r")
        assert "Read-only" in app.screen.query_one(Problem).sentence
        await pilot.press("escape")
        assert not app.screen.query_one(Problem).sentence


@pytest.mark.parametrize("size", [(59, 24), (80, 19)])
async def test_a_terminal_that_is_too_small_says_what_it_needs(
    engine_spec: EngineSpec, size: tuple[int, int]
) -> None:
    async with opened(engine_spec, size=size) as (app, pilot):
        await pilot.pause()
        assert "60 columns and 20 rows" in " ".join(screen_text(app).split())


async def test_keys_can_be_changed_by_the_id_of_what_they_do(engine_spec: EngineSpec) -> None:
    async with opened(engine_spec, settings=Settings(keys={"lens.variant": "f5"})) as (app, pilot):
        await pilot.press("v")
        assert app.lens.variant == "mlp"
        await pilot.press("f5")
        assert app.lens.variant == "all"
