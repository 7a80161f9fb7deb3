"""`abilityscope stop`: ends a job, or an engine with all its jobs."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from tui import output


def stop(
    name: Annotated[str, typer.Argument(help="A job, such as 3f2a-1, or an engine.", metavar="ID")],
) -> None:
    """Stop a job, or an engine with all its jobs; what was finished is kept. `jobs` lists both."""
    from core.engine.asking import stop_engine, stop_job
    from core.engine.records import living_engines

    engines = {record.engine: record for record in living_engines()}
    if name in engines:
        asyncio.run(stop_engine(engines[name]))
        output.write(f"The engine {name} has ended.\n")
        return
    if name.partition("-")[0] not in engines:
        raise ValueError(_unknown(name, list(engines)))
    job = asyncio.run(stop_job(name))
    output.write(f"The job {job.id} is {job.state}, {job.done} of {job.total} done.\n")


def _unknown(name: str, engines: list[str]) -> str:
    """That there is no such thing, and what there is."""
    if not engines:
        return f"Unknown job or engine '{name}': no engine is running."
    return f"Unknown job or engine '{name}'. Engines: {', '.join(engines)}; abilityscope jobs lists them."
