"""Runs that stop when it is known, on the screen: chosen, followed, read."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Static

from core.benchmarks.drawn import Part
from core.engine.protocol import StartRuns
from core.run.events import BatchFinished, ItemOutcome, Job, JobChanged, RunFinished, RunStarted
from core.run.specs import Run
from tests.core.analysis.stopped_runs import BROKEN_OFF, ENDS, KEPT, LOST, UNTIL, K, N, stopped_runs
from tests.progressed import progressed
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tests.tui.inspector.made_up import running, settled, still_inspector
from tui.command_line import run as run_command
from tui.inspector.ais.cell_screen import CellScreen
from tui.inspector.ais.pane import AisPane
from tui.inspector.command_of import command_line, profile_line
from tui.inspector.lens import Lens
from tui.inspector.remembered import Remembered, load_remembered, remember
from tui.inspector.run.pane import RunPane
from tui.inspector.run_choices import choice_of
from tui.inspector.samples.reading import Question, read_stored
from tui.inspector.session import Session
from tui.inspector.widgets.header import progress_text
from tui.names import job_title

LENS = Lens(LOST, "mlp", "top", K, LOST, limit=N, until=UNTIL)
PART = Part(seed=0, of=N)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache")
    stopped_runs(root)
    return root


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))


def hosted_run(cache: Path, lens: Lens) -> tuple[Host, Session]:
    session, _ = demo_session(cache)
    session.activity.link = "connected"
    return Host(lambda: RunPane(session, id="run"), lens), session


async def test_a_key_turns_it_on_and_the_lens_says_so(cache: Path) -> None:
    app = still_inspector(cache, replace(LENS, until=None), tab="ais")
    async with running(app, (80, 24)) as (app, pilot):
        assert "until off" in screen_text(app)
        await pilot.press("U")
        await settled(app, pilot, "stop when it is known", "a link or none")
        await pilot.press("j", "enter")
        await settled(app, pilot, "until .05", "items, until .05", "open")
        assert app.lens == LENS


def test_what_r_starts_stops_when_it_is_known(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    start = choice_of("title", LENS, [LOST], [LOST]).start(session, LENS)
    assert (start.title, start.until) == ("title · until .05", UNTIL)
    assert start.runs == tuple(Run(mask, LOST, N, PART) for mask in (None, LENS.mask, LENS.control))
    base = replace(LENS, variant="base")
    assert choice_of("title", base, [LOST], [LOST]).start(session, base) == StartRuns(
        "title", (Run(None, LOST, N),)
    )


def test_the_command_lines_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = demo_session(tmp_path)
    one, whole = command_line(session, LENS), profile_line(session, LENS)
    assert f"profile --variants mlp --selections top,random --k {K} --benchmarks {LOST} --limit {N}" in one
    assert f"--abilities {LOST} --until 0.05" in one
    assert "--until 0.05" in whole
    assert "--until" not in profile_line(session, replace(LENS, until=None))
    assert "--until" not in command_line(session, replace(LENS, variant="base"))
    for line in (one, whole):
        assert run_command([*shlex.split(line)[1:], "--plan"]) == 0
    capsys.readouterr()


def test_it_is_remembered(tmp_path: Path) -> None:
    remember("demo", Remembered(LENS))
    kept = load_remembered("demo")
    assert kept is not None
    assert kept.lens == LENS
    assert kept.fits([LOST])
    assert not Remembered(replace(kept.lens, until=7.0)).fits([LOST])


async def test_the_run_tab_says_that_it_is_settled(cache: Path) -> None:
    app, _ = hosted_run(cache, LENS)
    async with app.run_test(size=(90, 30)) as pilot:
        await until(pilot, lambda: "link" in screen_text(app))
        text = " ".join(screen_text(app).split())
        assert f"items n {N} n {ENDS[0]} n {N}" in text
        assert "> .05 link open" in text
        assert re.search(rf"flipped: \d+ of {ENDS[0]} ", text)  # those that the stopped run has answered
        assert "McNemar" not in text
        assert "Not computed" not in text


async def test_a_part_that_runs_counts_after_those_that_are_stored(cache: Path) -> None:
    lens = replace(LENS, ability=BROKEN_OFF)
    app, session = hosted_run(cache, lens)
    async with app.run_test(size=(90, 30)) as pilot:
        await until(pilot, lambda: "open so far" in screen_text(app))
        far = f"{ENDS[0]} of at most {N} items"
        await until(pilot, lambda: far in screen_text(app))
        title = job_title(lens.mask, LOST, UNTIL)
        session.activity.fold(JobChanged(Job("ab-1", "runs", title, "running", 1, 3, until=UNTIL)))
        session.activity.fold(RunStarted(lens.mask, LOST, 32, Part(0, N, ENDS[0])))
        session.activity.fold(
            BatchFinished(tuple(ItemOutcome(index, 0, 0, True, (-1.0, -2.0)) for index in range(8)))
        )
        app.pane.tick()
        await until(pilot, lambda: f"{ENDS[0] + 8} of {N}" in screen_text(app))
        # The next part: what this one gave still counts.
        session.activity.fold(RunFinished(str(lens.mask), LOST, 1.0, 1, 2))
        session.activity.fold(RunStarted(lens.mask, LOST, 32, Part(0, N, ENDS[1])))
        session.activity.fold(BatchFinished((ItemOutcome(0, 0, 0, True, (-1.0, -2.0)),)))
        app.pane.tick()
        await until(pilot, lambda: f"{ENDS[0] + 8 + 1} of {N}" in screen_text(app))


def test_the_time_left_is_at_most(tmp_path: Path) -> None:
    from tui.inspector.run.status import status_of

    session, _ = demo_session(tmp_path)
    session.activity.link = "connected"
    job = Job("ab-1", "runs", job_title(LENS.mask, LOST, UNTIL), "running", 1, 3, until=UNTIL)
    session.activity.fold(JobChanged(job))
    session.activity.fold(progressed("evaluating", LOST, 8, 32, job="ab-1", elapsed_s=10.0, left_s=120.0))
    said = status_of(session, LENS, {}, 80).text
    assert "1 of 3 runs settled" in said
    assert "at most 2 min left" in said
    assert progress_text(session.activity) == "at most 2 min left"
    session.activity.fold(JobChanged(msgspec.structs.replace(job, until=None)))
    session.activity.fold(progressed("evaluating", LOST, 32, 32, job="ab-1", elapsed_s=60.0, left_s=0.0))
    assert progress_text(session.activity) == "99 %, 5 s left"
    session.activity.fold(JobChanged(msgspec.structs.replace(job, state="cancelled")))
    said = status_of(session, LENS, {}, 80).text
    assert "1 of 3 runs are settled, and the others' answers are kept; r resumes" in said


async def test_the_matrix_marks_what_is_open_and_runs_what_goes_on(cache: Path) -> None:
    session, sent = demo_session(cache)
    app = Host(lambda: AisPane(session, id="ais"), replace(LENS, ability=KEPT))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "~ open" in screen_text(app))
        text = " ".join(screen_text(app).split())
        assert "3 of 100 cells, AIS_p: 1 link, 2 open" in text
        assert f"n {N}: open" in text
        await pilot.press("x")
        (start,) = sent
        assert isinstance(start, StartRuns)
        assert start.until == UNTIL
        assert Run(replace(LENS.mask_or_fail, ability=BROKEN_OFF), LOST, N, PART) in start.runs
        assert start.title.endswith("until .05")


async def test_the_cell_screen_says_what_is_settled(cache: Path) -> None:
    session, _ = demo_session(cache)
    app = Host(lambda: AisPane(session, id="ais"), LENS)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "n 32: link" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CellScreen))
        said = app.screen.query_one(Static)
        settled_after = f"link: after 32 of {N} items the interval is wholly above .05"
        await until(pilot, lambda: settled_after in str(said.visual))


def test_samples_are_those_that_were_answered(cache: Path) -> None:
    session, _ = demo_session(cache)
    reading = read_stored(session, Question.of(session, LENS), None)
    assert reading.cache_status.ablated
    assert reading.samples is not None
    assert {name: found.n for name, found in reading.scores.items()} == {
        "base": N,
        "ablated": 32,
        "random": N,
    }
    assert read_stored(session, reading.question, reading) is reading
