"""The other side of an engine: connects to one, asks and listens. No torch."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from core.engine.commands import Command
from core.engine.process import START_AGAIN, EngineProcess, end_of, start_engine
from core.engine.records import EngineRecord, is_listening, living_engines, own_version, read_record
from core.engine.runtime_paths import EngineError, Place
from core.engine.spec import EngineSpec
from core.engine.wire import LONGEST_LINE_BYTES, encode, event_of
from core.experiment.events import Event

__all__ = [
    "Connection",
    "EngineError",
    "EngineProcess",
    "EngineRecord",
    "attach_or_start",
    "connect",
    "end_of",
    "living_engines",
    "start_engine",
]

LISTENING_S = 60.0
"""So long an engine that was just started may take until it listens; the model is loaded after that."""

ENDING_S = 5.0
"""So long an engine that has let its clients go may take to be gone."""

POLL_S = 0.02
"""Seconds between two looks at what is waited for."""


class Connection:
    """A connection to one engine."""

    def __init__(
        self,
        place: Place,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        process: EngineProcess | None,
    ) -> None:
        """Takes open streams.

        Args:
            place: the engine's files.
            streams: from and to the engine.
            process: the engine's, if it was started here.
        """
        self.engine = place.engine
        """The engine's id."""
        self._place, self._process = place, process
        self._reader, self._writer = streams

    def send(self, command: Command) -> None:
        """Sends a command; what it does comes as events. If the engine has gone, these end."""
        if not self._writer.is_closing():
            self._writer.write(encode(command))

    async def events(self) -> AsyncIterator[Event]:
        """Every event, a `Snapshot` first; ends when the engine does, or when the connection is closed.

        Raises:
            EngineError: the engine tells something that this version does not know.
        """
        while line := await self._line():
            try:
                event = event_of(line)
            except ValueError:
                raise EngineError(_other_version(self.engine)) from None
            yield event

    async def gone(self) -> None:
        """Waits until the engine lets its clients go, whatever it tells until then."""
        while await self._line():
            pass

    async def how_it_ended(self) -> str:
        """After the last event: how the engine ended and what to do, in one sentence."""
        deadline = time.monotonic() + ENDING_S
        while self._goes_on() and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
        if self._process is not None and self._process.poll() != 0:
            return end_of(self._process)
        if is_listening(self._place):
            return f"The engine {self.engine} goes on, but has let this screen go: connect to it again."
        if read_record(self._place) is None:
            return f"The engine was stopped: {START_AGAIN}."
        return (
            f"The engine was killed, often because memory ran out: {START_AGAIN}. Its log: {self._place.log}"
        )

    async def close(self) -> None:
        """Ends the connection; the engine and its jobs go on."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # the engine was faster
            await self._writer.wait_closed()

    def _goes_on(self) -> bool:
        """Whether the engine still lives, as far as can be told."""
        if self._process is not None:
            return self._process.poll() is None
        return is_listening(self._place)

    async def _line(self) -> bytes:
        """The next whole line; empty at the end."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return b""
        return line if line.endswith(b"\n") else b""


async def connect(engine: EngineSpec | str, process: EngineProcess | None = None) -> Connection:
    """A connection to an engine that lives or was just started.

    Args:
        engine: what it works on, or its id.
        process: the engine's process if it was just started here: then one waits until it listens or ends.

    Raises:
        EngineError: it does not live, ended, does not listen in time, or is not the one that is meant; or
            the runtime folder is not private.
    """
    place = Place.of(engine if isinstance(engine, str) else engine.id)
    streams = await _streams(place, process)
    connection = Connection(place, streams, process)
    if isinstance(engine, EngineSpec) and (problem := _mismatch(place, engine)):
        await connection.close()
        raise EngineError(problem)
    return connection


async def attach_or_start(spec: EngineSpec) -> Connection:
    """A connection to the engine of a spec, which is started if it does not live.

    Raises:
        EngineError: it ended, does not listen in time, or is not the one that is meant; or the runtime
            folder is not private.
        OSError: it cannot be started.
    """
    if is_listening(Place.of(spec.id)):
        return await connect(spec)
    return await connect(spec, start_engine(spec))


async def _streams(
    place: Place, process: EngineProcess | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    deadline = time.monotonic() + LISTENING_S
    while True:
        try:
            return await asyncio.open_unix_connection(place.socket, limit=LONGEST_LINE_BYTES)
        except (FileNotFoundError, ConnectionRefusedError):
            if process is None:
                raise EngineError(f"No engine {place.engine} is running: start one.") from None
            # Code 0: another engine of this id was there first, and will listen.
            if process.poll() or time.monotonic() > deadline:
                raise EngineError(end_of(process)) from None
        await asyncio.sleep(POLL_S)


def _mismatch(place: Place, spec: EngineSpec) -> str | None:
    """Why the engine that listens is not the one that is meant; None if it is."""
    record = read_record(place)
    if record is None or record.version != own_version():
        return _other_version(place.engine)
    if record.spec != spec:
        return (
            f"An engine with other settings has the id {place.engine} too: end it with "
            f"abilityscope stop {place.engine}, and start again."
        )
    return None


def _other_version(engine: str) -> str:
    return (
        f"The engine {engine} is of another version of abilityscope: end it with "
        f"abilityscope stop {engine}, and start again."
    )
