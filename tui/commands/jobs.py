"""`abilityscope jobs` and `stop`: the running engines and their jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.numbers import age_text
from tui.options import Json
from tui.safe_text import shown

if TYPE_CHECKING:
    from core.engine.runtime import EngineRecord
    from core.run.events import Snapshot

    Asked = Sequence[tuple[EngineRecord, Snapshot | None]]


def jobs(as_json: Json = False) -> None:
    """List background engines and their jobs."""
    from core.engine.client import snapshots

    found = asyncio.run(snapshots())
    if as_json:
        output.write_document({"engines": [_document(record, snapshot) for record, snapshot in found]})
    elif found:
        _write(found)
    else:
        output.write("No engine is running.\n")


def stop(
    name: Annotated[str, typer.Argument(help="A job, such as 3f2a-1, or an engine.", metavar="ID")],
) -> None:
    """Stop a job, or an engine with its jobs.

    Finished work is kept; `jobs` lists the ids.
    """
    from core.engine.client import stop_engine, stop_job
    from core.engine.runtime import living_engines

    engines = {record.engine: record for record in living_engines()}
    if name in engines:
        asyncio.run(stop_engine(engines[name]))
        output.write(f"The engine {name} has ended.\n")
        return
    if not engines:
        raise ValueError(f"Unknown job or engine '{name}': no engine is running.")
    if name.partition("-")[0] not in engines:
        running = ", ".join(engines)
        raise ValueError(f"Unknown job or engine '{name}'. Engines: {running}; abilityscope jobs lists both.")
    job = asyncio.run(stop_job(name))
    output.write(f"The job {job.id} is {job.state}, {job.done} of {job.total} done.\n")


def _document(record: EngineRecord, snapshot: Snapshot | None) -> dict[str, Any]:
    import msgspec

    jobs = () if snapshot is None else snapshot.jobs
    return {
        "engine": record.engine,
        "pid": record.pid,
        "started": record.started,
        "spec": msgspec.to_builtins(record.spec),
        "state": _state(snapshot),
        "jobs": [msgspec.to_builtins(job) for job in jobs],
    }


def _write(found: Asked) -> None:
    for record, snapshot in found:
        model, state = shown(record.spec.model.name), _state(snapshot)
        age = age_text(time.time() - record.started)
        output.write(f"engine {record.engine} · {model} · {state} · pid {record.pid} · started {age} ago\n")
        if snapshot is not None and snapshot.jobs:
            _write_jobs(snapshot)


def _state(snapshot: Snapshot | None) -> str:
    """The state of an engine in a word or two."""
    from core.run.events import ENDED, ModelFailed, ModelLoaded

    if snapshot is None:
        return "does not answer"
    if any(job.state not in ENDED for job in snapshot.jobs):
        return "busy"
    if isinstance(snapshot.model, ModelFailed):
        return "model not loaded"
    return "idle" if isinstance(snapshot.model, ModelLoaded) else "loading"


def _write_jobs(snapshot: Snapshot) -> None:
    rows = []
    for job in snapshot.jobs:
        what = f"{job.title}: {job.problem}" if job.problem else job.title
        age = age_text(time.time() - job.created)
        rows.append(((job.id, job.state, f"{job.done}/{job.total}", age), what))
    output.write_list(("job", "state"), ("done", "age"), "what", rows)
