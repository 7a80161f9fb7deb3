"""What a command asks of the engines that live, with an answer to wait for. No torch."""

from __future__ import annotations

import asyncio

from core.engine.client import Connection, connect
from core.engine.commands import Cancel, Shutdown
from core.engine.records import EngineRecord, living_engines
from core.engine.runtime_paths import EngineError
from core.experiment.events import ENDED, Job, JobChanged, Refused, Snapshot

ANSWER_S = 10.0
"""So long an engine may take to say what it does."""

STOP_S = 60.0
"""So long a job or an engine may take to stop: a batch of a large model on a CPU takes seconds."""


async def snapshots() -> list[tuple[EngineRecord, Snapshot | None]]:
    """Every living engine with what it does; None for one that does not say so in time.

    Raises:
        EngineError: the runtime folder is not private.
    """
    records = living_engines()
    told = await asyncio.gather(*(_snapshot_in_time(record.engine) for record in records))
    return list(zip(records, told, strict=True))


async def stop_job(job: str) -> Job:
    """The job as it ended, after it was told to if it had not.

    Raises:
        EngineError: there is no such job or engine, or it does not end in time.
    """
    connection = await connect(job.partition("-")[0])
    try:
        async with asyncio.timeout(STOP_S):
            return await _cancelled(connection, job)
    except TimeoutError:
        raise EngineError(
            f"The job {job} was told to stop, but has not in {STOP_S:.0f} s: wait and look at abilityscope "
            f"jobs, or end its engine with abilityscope stop {connection.engine}."
        ) from None
    finally:
        await connection.close()


async def stop_engine(record: EngineRecord) -> None:
    """Ends an engine, of whatever version, and waits until it has gone.

    Raises:
        EngineError: it does not end in time.
    """
    connection = await connect(record.engine)
    try:
        connection.send(Shutdown())
        async with asyncio.timeout(STOP_S):
            await connection.gone()
    except TimeoutError:
        raise EngineError(
            f"The engine {record.engine} was told to end, but has not in {STOP_S:.0f} s: "
            f"kill -9 {record.pid} ends it at once."
        ) from None
    finally:
        await connection.close()


async def _snapshot_in_time(engine: str) -> Snapshot | None:
    try:
        async with asyncio.timeout(ANSWER_S):
            connection = await connect(engine)
            try:
                return await _first(connection)
            finally:
                await connection.close()
    except (TimeoutError, EngineError):
        return None


async def _first(connection: Connection) -> Snapshot:
    """What an engine tells first.

    Raises:
        EngineError: it ends before that, or is of another version.
    """
    async for event in connection.events():
        if isinstance(event, Snapshot):
            return event
    raise EngineError(f"The engine {connection.engine} has just ended.")


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
