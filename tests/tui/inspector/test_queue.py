"""The queue screen: what it lists, and what its keys ask of the engine."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import OptionList

from core.engine.protocol import Cancel, Command, Move, Pause, Resume
from core.run.events import Job, JobChanged, JobState, QueueOrdered
from tests.progressed import progressed
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.made_up import running, still_inspector
from tui.inspector.app import Inspector
from tui.inspector.screens.queue import EMPTY


def job(number: int, title: str, state: JobState, done: int = 0, problem: str = "") -> JobChanged:
    return JobChanged(Job(f"3f2a-{number}", "runs", title, state, done, 3, problem=problem))


def waits(app: Inspector, *pieces: str) -> bool:
    seen = " ".join(screen_text(app).split())
    return all(piece in seen for piece in pieces)


async def opened(app: Inspector, pilot: Pilot[None]) -> list[Command]:
    """What the app asks the engine for from now on, with the queue open."""
    sent: list[Command] = []
    app.session.send = sent.append
    await pilot.press("Q")
    await until(pilot, lambda: waits(app, "queue"))
    return sent


async def test_an_empty_queue_says_what_fills_it(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), (80, 24)) as (app, pilot):
        sent = await opened(app, pilot)
        await until(pilot, lambda: waits(app, EMPTY[:40]))
        await pilot.press("c", "p", "J", "K", "j", "k", "escape")
        assert sent == []
        assert len(app.screen_stack) == 1


async def test_any_job_is_cancelled_and_waiting_ones_are_moved(tmp_path: Path) -> None:
    async with running(still_inspector(tmp_path / "empty"), (80, 24)) as (app, pilot):
        app.session.activity.now = lambda: 0.0
        app.emit(job(1, "long ago \x1b[2J", "failed", problem="no memory"))
        app.emit(job(2, "first", "running", 1), job(3, "second", "queued"), job(4, "third", "queued"))
        app.emit(progressed("quality", "", 3, 12, job="3f2a-2", elapsed_s=62.5, left_s=600.0))
        sent = await opened(app, pilot)
        await until(
            pilot,
            lambda: waits(
                app, "▶ running 1/3 runs 1:03, about 10 min left first", "○ queued 0/3 runs second",
                "✗ failed 0/3 runs long ago \\x1b[2J", "measuring generation quality 3/12",
            ),
        )  # fmt: skip
        await pilot.press("c", "p", "j", "c", "J")
        second = "3f2a-3"
        assert sent == [Cancel("3f2a-2"), Pause("3f2a-2"), Cancel(second), Move(second, 1)]
        assert waits(app, "waits for: first")
        app.emit(QueueOrdered(("3f2a-2", "3f2a-4", second)), job(2, "first", "paused", 1))
        await until(pilot, lambda: waits(app, "‖ paused"))
        listed = app.screen.query_one(OptionList)
        await until(pilot, lambda: listed.highlighted == 2)  # the cursor went with its job
        await pilot.press("K", "p", "j", "c", "J")
        assert sent[4:] == [Move(second, -1), Resume("3f2a-2")]
        assert waits(app, "no memory")
        await pilot.press("Q")
        assert len(app.screen_stack) == 1
