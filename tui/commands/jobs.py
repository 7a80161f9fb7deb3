"""`abilityscope jobs`: the engines that live, and what they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui import output
from tui.numbers import age_text
from tui.options import Json
from tui.safe_text import shown

if TYPE_CHECKING:
    from rich.table import Table

    from core.engine.records import EngineRecord
    from core.experiment.events import Snapshot

    Told = Sequence[tuple[EngineRecord, Snapshot | None]]


def jobs(as_json: Json = False) -> None:
    """List the engines that run in the background, and their jobs."""
    from core.engine.asking import snapshots

    told = asyncio.run(snapshots())
    if as_json:
        output.write_document({"engines": [_document(record, snapshot) for record, snapshot in told]})
    elif told:
        _write(told)
    else:
        output.write("No engine is running.\n")


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


def _write(told: Told) -> None:
    for record, snapshot in told:
        model, state = shown(record.spec.model.name), _state(snapshot)
        age = age_text(time.time() - record.started)
        output.write(f"engine {record.engine} · {model} · {state} · pid {record.pid} · started {age} ago\n")
        if snapshot is not None and snapshot.jobs:
            output.write_table(_table(snapshot))


def _state(snapshot: Snapshot | None) -> str:
    """What an engine does, in a word or two."""
    from core.experiment.events import ENDED, ModelFailed, ModelLoaded

    if snapshot is None:
        return "does not answer"
    if any(job.state not in ENDED for job in snapshot.jobs):
        return "busy"
    if isinstance(snapshot.model, ModelFailed):
        return "without its model"
    return "idle" if isinstance(snapshot.model, ModelLoaded) else "loading"


def _table(snapshot: Snapshot) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("job", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("done", "age"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("what", overflow="fold")
    for job in snapshot.jobs:
        what = f"{job.title}: {job.problem}" if job.problem else job.title
        age = age_text(time.time() - job.created)
        cells = (job.id, job.state, f"{job.done}/{job.total}", age, what)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    return table
