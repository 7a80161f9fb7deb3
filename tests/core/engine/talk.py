"""What the tests of the engine need: a short private folder, and a screen that listens."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from core.engine.client import Connection, connect
from core.engine.protocol import EngineSpec, Shutdown, StartRuns
from core.engine.runtime import EngineProcess
from core.run.events import ENDED, Event, Job, JobChanged, JobState, Snapshot
from core.run.specs import ImportanceSpec

IMPORTANCE = ImportanceSpec(n_items=40)
DEADLINE_S = 300.0

T = TypeVar("T")


@contextmanager
def private_folder() -> Iterator[Path]:
    """A runtime folder with a path that is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="as-", dir="/tmp"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ABILITYSCOPE_RUNTIME", str(folder))
            yield folder
    finally:
        shutil.rmtree(folder)


def kill(process: EngineProcess) -> None:
    process.kill()
    process.wait()


class Screen:
    """Collects an engine's events, in order."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.heard: list[Event] = []
        self._events = connection.events()

    async def until(self, wanted: Callable[[Event], bool]) -> Event:
        """The first event from now on that is wanted."""
        async with asyncio.timeout(DEADLINE_S):
            async for event in self._events:
                self.heard.append(event)
                if wanted(event):
                    return event
        raise AssertionError(f"The engine ended; heard: {self.heard}")

    async def to_the_end(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            async for event in self._events:
                self.heard.append(event)

    async def snapshot(self) -> Snapshot:
        event = await self.until(lambda event: isinstance(event, Snapshot))
        assert isinstance(event, Snapshot)
        return event

    async def job(self, title: str, *states: JobState) -> Job:
        """The job of that title, as soon as it is in one of the states."""
        event = await self.until(
            lambda event: (
                isinstance(event, JobChanged) and event.job.title == title and event.job.state in states
            )
        )
        assert isinstance(event, JobChanged)
        return event.job

    async def all_of(self, start: StartRuns) -> Job:
        """The job, sent now, as it ended."""
        self.connection.send(start)
        return await self.job(start.title, *ENDED)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.heard if isinstance(event, kind)]


@asynccontextmanager
async def screen_of(spec: EngineSpec, process: EngineProcess | None = None) -> AsyncIterator[Screen]:
    """A screen that listens to an engine."""
    screen = Screen(await connect(spec, process))
    try:
        yield screen
    finally:
        await screen.connection.close()


async def end(spec: EngineSpec) -> None:
    """Has an engine end, and hears it out."""
    async with screen_of(spec) as screen:
        screen.connection.send(Shutdown())
        await screen.to_the_end()
