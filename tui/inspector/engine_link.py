"""The line to the engine: events, commands, and the permission to run code that the model writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.engine.client import ENDING_S, Connection, attach_or_start
from core.engine.protocol import Shutdown, StartAutoK, StartCalibration, StartRankings, StartRuns
from core.run.events import Snapshot
from core.sandbox.bubblewrap import why_no_sandbox
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from core.engine.protocol import Command
    from tui.inspector.lens import Known, Lens
    from tui.inspector.open_model import OpenModel
    from tui.inspector.session import Session

BUSY = "The other model's engine is at work: wait or cancel it there; one is in memory at a time."

READONLY = "Read-only: this inspector was started with --readonly."

WARNING_S = 10.0
"""How long the warning about a missing sandbox stays."""


class View(Protocol):
    """What link and controller need of the screen."""

    @property
    def is_running(self) -> bool:
        """False while the screen is taken down."""

    def begin(
        self, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = True
    ) -> None:
        """Starts background work; if exclusive, in place of what the group still does."""

    def notify(
        self, message: str, *, severity: SeverityLevel = ..., timeout: float | None = ..., markup: bool = ...
    ) -> None:
        """Shows a message for some seconds."""

    def say_problem(self, sentence: str) -> None:
        """Shows what went wrong, until esc."""

    def show_lens(self, lens: Lens, known: Known) -> None:
        """Shows the lens and what is known of it."""

    def show_pane(self, lens: Lens) -> None:
        """Shows the tab in front anew."""

    def show_activity(self) -> None:
        """Shows what the engine is doing now."""

    async def ask_code(self, benchmarks: Sequence[str]) -> bool:
        """Asks whether the programs of the named benchmarks may run; None means no."""


class EngineLink:
    """One screen's line to the engine of a model."""

    def __init__(self, session: Session, model: OpenModel, view: View) -> None:
        self._session, self._model, self._view = session, model, view
        self.others: Sequence[EngineLink] = ()
        """The lines of other models: only one model is in memory at a time."""
        self._connection: Connection | None = None
        self._is_ended = asyncio.Event()
        """Whether there is no connection."""
        self._is_ended.set()
        self._rests = False
        """Whether the engine is being ended because another one needs its memory."""
        self._waiting: list[Command] = []
        """Asked for while the engine was starting."""
        self._jobs_asked: dict[str, Command] = {}
        """By title: what to ask for again after the engine was lost."""
        self._dialog = asyncio.Lock()
        model.send = self.send

    def connect(self) -> None:
        """Starts the engine, or joins the one that runs."""
        self._model.activity.link = "starting"
        self._model.activity.revision += 1
        self._view.begin(self._run, f"engine {self._model.spec.id}")

    async def close(self) -> None:
        """Disconnects; the engine goes on."""
        if self._connection is not None:
            await self._connection.close()

    def send(self, command: Command) -> None:
        """Sends a command, or keeps it while the engine starts; before code runs, asks the person."""
        can_start = not self._session.readonly and self._model.activity.link != "lost"
        if isinstance(command, StartRuns) and can_start and self._code_in(command):
            self._view.begin(partial(self._ask_first, command), "code", exclusive=False)
        else:
            self._send(command)

    @property
    def is_busy(self) -> bool:
        """Whether the engine works, or is about to."""
        activity = self._model.activity
        return activity.is_busy or activity.link == "starting" or bool(self._waiting)

    def send_now(self, command: Command) -> None:
        """Sends a command if there is an engine, else drops it."""
        if self._connection is not None:
            self._connection.send(command)

    def ask_again(self) -> None:
        """Asks a new engine for what the lost one had not finished, and for what was asked meanwhile."""
        lost = [self._jobs_asked.get(job.title) for job in self._model.activity.lost_jobs]
        again = [command for command in (*lost, *self._waiting) if command is not None]
        self._model.activity.lost_jobs.clear()
        self._waiting.clear()
        for command in again:
            self.send(command)

    def switch_code(self) -> None:
        """Takes the permission to run code back, or asks for it."""
        if self._session.readonly:
            self._view.say_problem(READONLY)
        elif self._session.allows_code:
            self._permit(False)
            is_busy = any(model.activity.is_busy for model in self._session.models)
            busy = " Jobs that were started before still run it." if is_busy else ""
            self._view.notify(f"Code no longer runs.{busy}", markup=False)
        else:
            self._view.begin(self._ask, "code", exclusive=False)

    async def _run(self) -> None:
        """Connects, and folds events into the activity until the engine ends."""
        activity = self._model.activity
        for other in self.others:
            await other.rest()
        self._is_ended.clear()
        try:
            self._connection = await attach_or_start(self._model.spec)
            try:
                async for event in self._connection.events():
                    activity.fold(event)
                    if isinstance(event, Snapshot):
                        self.ask_again()
                problem = await self._connection.how_it_ended()
            finally:
                connection, self._connection = self._connection, None
                await connection.close()
        except OSError as error:  # an EngineError, or the process cannot be started
            problem = str(error)
        if self._rests:
            activity.rest()
        else:
            activity.lose(problem)
        self._is_ended.set()

    async def rest(self) -> None:
        """Ends the engine unless another screen uses it, and waits until it is gone."""
        if self._connection is not None:
            self._rests = True
            self._connection.send(Shutdown(if_unused=True))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_ended.wait(), ENDING_S)
            self._rests = False

    def _send(self, command: Command) -> None:
        activity = self._model.activity
        if self._session.readonly:
            self._view.say_problem(READONLY)
        elif activity.link == "lost":
            self._view.say_problem(f"No engine: R restarts it. {activity.link_problem}")
        elif activity.link == "resting" and any(one.is_busy for one in self.others):
            self._view.say_problem(BUSY)
        elif self._connection is None:
            self._waiting.append(command)
            if activity.link == "resting":
                self.connect()
        else:
            self._connection.send(command)
            if isinstance(command, StartRuns | StartRankings | StartAutoK | StartCalibration):
                self._jobs_asked[command.title] = command

    def _code_in(self, command: StartRuns) -> list[str]:
        """The names of a job's benchmarks that run code."""
        ids = dict.fromkeys(run.benchmark for run in command.runs)
        return self._session.names([one for one in ids if self._session.runs_code(one)])

    async def _ask(self) -> None:
        await self._may_run([])

    async def _ask_first(self, command: StartRuns) -> None:
        """Sends a job whole, or without what may not run."""
        names = self._code_in(command)
        if await self._may_run(names):
            self._send(msgspec.structs.replace(command, allow_code=True))
            return
        rest = tuple(run for run in command.runs if not self._session.runs_code(run.benchmark))
        self._view.notify(f"Not run: {safe_line(', '.join(names))}.", markup=False)
        if rest:
            self._send(msgspec.structs.replace(command, runs=rest, allow_code=False))

    async def _may_run(self, names: Sequence[str]) -> bool:
        """Whether programs may run on this machine; asks unless that was answered.

        Args:
            names: the benchmarks that are to run them; none for a general permission.
        """
        async with self._dialog:  # two requests at once get one dialog
            problem = await asyncio.to_thread(why_no_sandbox)
            if problem:
                self._view.notify(safe_line(problem), severity="warning", timeout=WARNING_S, markup=False)
            elif not self._session.allows_code and await self._view.ask_code(names):
                self._permit(True)
            return self._session.allows_code and not problem

    def _permit(self, allowed: bool) -> None:
        self._session.allows_code = allowed
        self._view.show_activity()
