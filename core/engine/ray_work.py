"""Does the runs and rankings of a job on Ray's workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from core.benchmarks.benchmark import BenchmarkOptions
from core.engine.protocol import StartRankings, StartRuns
from core.engine.work import Advance, allowed_options, requests_of, stopping_cells
from core.run.events import Event, Progressed, RunsFound
from core.run.experiment import OutcomesRequest
from core.run.plan import AskedRun, AskedRuns
from core.run.runner import Runner
from core.run.runs import find_runs
from core.run.selected import has_ranking

if TYPE_CHECKING:
    from core.cluster.on_ray import Crew


def do_on_ray(
    crew: Crew, job: str, start: StartRuns | StartRankings, advance: Advance, options: BenchmarkOptions
) -> None:
    """Does a whole job; the crew's driver emits the events. Arguments as for `core.engine.work.do`.

    Raises:
        Cancelled: it was cancelled before all was done; what was finished is stored.
        ValueError: the job asks for something unknown; Ray cannot be used, or no worker is left.
        OSError: the cache cannot be written to.
    """
    driver, done = crew.driver, 0
    if isinstance(start, StartRankings):
        advance(sum(has_ranking(driver, mask) for mask in start.masks))
        with _told(driver, job):
            for task in crew.do(AskedRuns(ranked=start.masks)):
                if task is not None:
                    advance(sum(has_ranking(driver, mask) for mask in start.masks))
    elif start.until is None:
        requests, entries = (
            requests_of(driver, start, allowed_options(start, options)),
            driver.store.outcomes.entries,
        )
        find_runs(driver, requests)
        with _told(driver, job):
            for _ in crew.do(AskedRuns(tuple(_with_stored_base(driver, requests)))):
                advance(sum(entries.has(one.key) for one in requests))
        advance(sum(entries.has(one.key) for one in requests))
    else:
        benchmarks, cells, until = stopping_cells(start, allowed_options(start, options))
        runs = [AskedRun(None, one, one.n_items) for one in benchmarks]
        runs += [AskedRun(mask, benchmarks[index], benchmarks[index].n_items) for mask, index in cells]
        with _told(driver, job):
            for task in crew.do(AskedRuns(tuple(runs), until=until)):
                if task is not None and task.ability is None:
                    done += sum(run.mask == task.mask for run in runs)
                    advance(done)
        advance(len(runs))


@contextmanager
def _told(driver: Runner, job: str) -> Iterator[None]:
    """A context in which the driver's events are those of a job, which has said how many runs there are."""
    emit = driver.emit

    def pass_on(event: Event) -> None:
        if isinstance(event, Progressed):
            emit(msgspec.structs.replace(event, job=job))
        elif not isinstance(event, RunsFound):
            emit(event)

    driver.emit = pass_on
    try:
        yield
    finally:
        driver.emit = emit


def _with_stored_base(driver: Runner, requests: Sequence[OutcomesRequest]) -> Iterator[AskedRun]:
    """The runs that are asked for, and those of the intact model that written answers are compared with."""
    for one in requests:
        if one.mask is not None and one.benchmark.kind != "multiple_choice":
            base = driver.request(None, one.benchmark, one.n)
            if driver.store.outcomes.entries.has(base.key):
                yield AskedRun(None, one.benchmark, one.n)
        yield AskedRun(one.mask, one.benchmark, one.n)
