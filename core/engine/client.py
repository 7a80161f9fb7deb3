"""The other side of an engine: connects to one, sends commands, and listens to its events. No torch."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from core.engine.protocol import (
    LONGEST_LINE_BYTES,
    Cancel,
    Command,
    EngineSpec,
    Shutdown,
    encode,
    event_of,
)
from core.engine.runtime import (
    START_AGAIN,
    EngineError,
    EngineProcess,
    EngineRecord,
    RuntimePaths,
    end_of,
    is_listening,
    living_engines,
    own_version,
    read_record,
    start_engine,
)
from core.run.events import ENDED, Event, Job, JobChanged, Refused, Snapshot

LISTENING_S = 60.0
"""Longest wait until a new engine listens; the model is loaded after that."""

ENDING_S = 5.0
"""Longest wait until an engine that has let its clients go is gone."""

ANSWER_S = 10.0
"""Longest wait for an engine's snapshot."""

STOP_S = 60.0
"""Longest wait until a job or an engine stops: a batch of a large model on a CPU takes seconds."""

POLL_S = 0.02
"""Seconds between two looks at what is waited for."""


class Connection:
    """A connection to one engine."""

    def __init__(
        self,
        paths: RuntimePaths,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        process: EngineProcess | None,
    ) -> None:
        """Takes open streams.

        Args:
            paths: the engine's files.
            streams: from and to the engine.
            process: the engine's, if it was started here.
        """
        self.engine = paths.engine
        """The engine's id."""
        self._paths, self._process = paths, process
        self._reader, self._writer = streams

    def send(self, command: Command) -> None:
        """Sends a command; its effects come as events. If the engine has gone, these end."""
        if not self._writer.is_closing():
            self._writer.write(encode(command))

    async def events(self) -> AsyncIterator[Event]:
        """Every event, a `Snapshot` first; ends when the engine does, or when the connection is closed.

        Raises:
            EngineError: the engine sends something that this version does not know.
        """
        while line := await self._line():
            try:
                event = event_of(line)
            except ValueError:
                raise EngineError(_other_version(self.engine)) from None
            yield event

    async def gone(self) -> None:
        """Waits until the engine lets its clients go, whatever it sends until then."""
        while await self._line():
            pass

    async def how_it_ended(self) -> str:
        """After the last event: how the engine ended and what to do, in one sentence."""
        deadline = time.monotonic() + ENDING_S
        while self._goes_on() and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
        if self._process is not None and self._process.poll() != 0:
            return end_of(self._process)
        if is_listening(self._paths):
            return f"The engine {self.engine} goes on, but has let this screen go: connect to it again."
        if read_record(self._paths) is None:
            return f"The engine was stopped: {START_AGAIN}."
        return (
            f"The engine was killed, often because memory ran out: {START_AGAIN}. Its log: {self._paths.log}"
        )

    async def close(self) -> None:
        """Ends the connection; the engine and its jobs go on."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # the engine was faster
            await self._writer.wait_closed()

    def _goes_on(self) -> bool:
        """Whether the engine still lives, as far as is known here."""
        if self._process is not None:
            return self._process.poll() is None
        return is_listening(self._paths)

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
        EngineError: it does not live, ended, does not listen in time, or is another one than asked for; or
            the runtime folder is not private.
    """
    paths = RuntimePaths.of(engine if isinstance(engine, str) else engine.id)
    connection = Connection(paths, await _streams(paths, process), process)
    if isinstance(engine, EngineSpec) and (problem := _mismatch(paths, engine)):
        await connection.close()
        raise EngineError(problem)
    return connection


async def attach_or_start(spec: EngineSpec) -> Connection:
    """A connection to the engine of a spec, which is started if it does not live.

    Raises:
        EngineError: as for `connect`.
        OSError: it cannot be started.
    """
    if is_listening(RuntimePaths.of(spec.id)):
        return await connect(spec)
    return await connect(spec, start_engine(spec))


async def snapshots() -> list[tuple[EngineRecord, Snapshot | None]]:
    """Every living engine with its state; None if it does not answer in time.

    Raises:
        EngineError: the runtime folder is not private.
    """
    records = living_engines()
    found = await asyncio.gather(*(_snapshot(record.engine) for record in records))
    return list(zip(records, found, strict=True))


async def stop_job(job: str) -> Job:
    """Cancels a job if it has not ended, and returns it as it ended.

    Raises:
        EngineError: there is no such job or engine, or it does not end in time.
    """
    engine = job.partition("-")[0]
    late = (
        f"The job {job} was told to stop, but has not in {STOP_S:.0f} s: wait and look at abilityscope "
        f"jobs, or end its engine with abilityscope stop {engine}."
    )
    async with _stopping(engine, late) as connection:
        return await _cancelled(connection, job)


async def stop_engine(record: EngineRecord) -> None:
    """Ends an engine, of whatever version, and waits until it has gone.

    Raises:
        EngineError: it does not end in time.
    """
    late = (
        f"The engine {record.engine} was told to end, but has not in {STOP_S:.0f} s: "
        f"kill -9 {record.pid} ends it at once."
    )
    async with _stopping(record.engine, late) as connection:
        connection.send(Shutdown())
        await connection.gone()


@contextlib.asynccontextmanager
async def _stopping(engine: str, late: str) -> AsyncIterator[Connection]:
    """A connection for at most `STOP_S`; then an EngineError that says what is late."""
    connection = await connect(engine)
    try:
        async with asyncio.timeout(STOP_S):
            yield connection
    except TimeoutError:
        raise EngineError(late) from None
    finally:
        await connection.close()


async def _streams(
    paths: RuntimePaths, process: EngineProcess | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    deadline = time.monotonic() + LISTENING_S
    while True:
        try:
            return await asyncio.open_unix_connection(paths.socket, limit=LONGEST_LINE_BYTES)
        except (FileNotFoundError, ConnectionRefusedError):
            if process is None:
                raise EngineError(f"No engine {paths.engine} is running: start one.") from None
            # Code 0: another engine of this id was there first, and will listen.
            if process.poll() or time.monotonic() > deadline:
                raise EngineError(end_of(process)) from None
        await asyncio.sleep(POLL_S)


def _mismatch(paths: RuntimePaths, spec: EngineSpec) -> str | None:
    """Why the engine that listens is another one than asked for; None if it is not."""
    record = read_record(paths)
    if record is None or record.version != own_version():
        return _other_version(paths.engine)
    if record.spec != spec:
        return (
            f"An engine with other settings has the id {paths.engine} too: end it with "
            f"abilityscope stop {paths.engine}, and start again."
        )
    return None


def _other_version(engine: str) -> str:
    return (
        f"The engine {engine} is of another version of abilityscope: end it with "
        f"abilityscope stop {engine}, and start again."
    )


async def _snapshot(engine: str) -> Snapshot | None:
    """An engine's first event; None if it does not come in time, or is of another version."""
    try:
        async with asyncio.timeout(ANSWER_S):
            connection = await connect(engine)
            try:
                async for event in connection.events():
                    if isinstance(event, Snapshot):
                        return event
            finally:
                await connection.close()
    except (TimeoutError, EngineError):
        pass
    return None


async def _cancelled(connection: Connection, job: str) -> Job:
    async for event in connection.events():
        match event:
            case Snapshot():
                found = next((one for one in event.jobs if one.id == job), None)
                if found is None:
                    raise EngineError(f"The engine {connection.engine} has no job {job}.")
                if found.state in ENDED:
                    return found
                connection.send(Cancel(job))
            case JobChanged() if event.job.id == job and event.job.state in ENDED:
                return event.job
            case Refused():
                raise EngineError(event.problem)
            case _:
                pass
    raise EngineError(f"The engine {connection.engine} has just ended, and its jobs with it.")
