"""Does the runs and rankings of a job on Ray's workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from core.analysis.rounds import Rounds
from core.benchmarks.benchmark import BenchmarkOptions
from core.cluster.round_schedule import RoundSchedule
from core.cluster.schedule import Schedule
from core.cluster.work import Survey
from core.engine.protocol import StartRankings, StartRuns
from core.engine.work import Advance, StoppingCells, allowed_options, requests_of, stopping_cells
from core.run.asked import AskedRun, AskedRuns
from core.run.events import Event, Progressed, RunFinished, RunsFound, RunStarted
from core.run.experiment import OutcomesRequest
from core.run.runner import Runner
from core.run.runs import find_runs
from core.run.selected import has_ranking
from core.run.specs import MaskSpec

if TYPE_CHECKING:
    from core.cluster.standing import StandingCrew


def do_on_ray(
    crew: StandingCrew,
    job: str,
    start: StartRuns | StartRankings,
    advance: Advance,
    options: BenchmarkOptions,
) -> None:
    """Does a whole job; the crew's driver emits the events.

    Args:
        crew: the workers, and the driver with the cache.
        job: the job's id.
        start: what to do.
        advance: receives the number of finished parts.
        options: how benchmarks are run.

    Raises:
        Cancelled: it was cancelled before all was done; what was finished is stored.
        ValueError: the job asks for something unknown; Ray cannot be used, or no worker is left.
        OSError: the cache cannot be written to.
    """
    with _usual_importance(crew.driver):
        if isinstance(start, StartRankings):
            _do_rankings(crew, job, start.masks, advance)
        elif start.until is None:
            _do_runs(crew, job, requests_of(crew.driver, start, allowed_options(start, options)), advance)
        else:
            _do_rounds(crew, job, stopping_cells(start, allowed_options(start, options)), advance)


def _do_runs(crew: StandingCrew, job: str, requests: Sequence[OutcomesRequest], advance: Advance) -> None:
    driver = crew.driver
    keys = [request.key for request in requests]
    known = {(one.mask, one.benchmark.id, one.n): one.key for one in requests}
    finished = find_runs(driver, requests)
    going: dict[int, str] = {}

    def say() -> None:
        advance(sum(key in finished for key in keys))

    def follow(event: Event) -> None:
        """Counts the runs that are finished."""
        match event:
            case RunStarted(mask, benchmark, n):
                going[event.worker] = known.get((mask, benchmark, n), "")
            case RunFinished():
                finished.add(going.pop(event.worker, ""))
                say()

    say()
    with _told(driver, job, follow, len(set(keys) - finished)):
        for n_items, masks in _by_n_items(driver, [request.mask for request in requests]):
            own = [one for one in requests if one.mask in masks]
            driver.score_as(replace(driver.importance, n_items=n_items))
            for _ in crew.do(_schedule(driver, AskedRuns(tuple(_with_stored_base(driver, own))))):
                pass


def _do_rounds(crew: StandingCrew, job: str, asked: StoppingCells, advance: Advance) -> None:
    """Does runs that stop when it is known, of all masks whose open cells have the fewest items first."""
    driver, cells, before = crew.driver, asked.cells, 0
    with _told(driver, job, lambda event: None, 0):
        for n_items, masks in _by_n_items(driver, [mask for mask, _ in cells]):
            driver.score_as(replace(driver.importance, n_items=n_items))
            own = [cell for cell in cells if cell[0] in masks]
            rounds = Rounds(driver, *asked._replace(cells=own))
            say = partial(_advance_beyond, before, advance)
            for _ in crew.do(RoundSchedule(driver, rounds, say)):
                pass
            before += len(own)


def _advance_beyond(before: int, advance: Advance, done: int) -> None:
    advance(before + done)


def _do_rankings(crew: StandingCrew, job: str, masks: Sequence[MaskSpec], advance: Advance) -> None:
    driver = crew.driver

    def say() -> None:
        advance(sum(has_ranking(driver, mask) for mask in masks))

    say()
    with _told(driver, job, lambda event: None, 0):
        for n_items, own in _by_n_items(driver, masks):
            driver.score_as(replace(driver.importance, n_items=n_items))
            ranked = tuple(mask for mask in own if mask is not None)
            for done in crew.do(_schedule(driver, AskedRuns(ranked=ranked))):
                if done:
                    say()


def _schedule(driver: Runner, asked: AskedRuns) -> Schedule:
    return Schedule(Survey(asked, driver), driver)


@contextmanager
def _usual_importance(driver: Runner) -> Iterator[None]:
    """A context after which importance is computed as before."""
    before = driver.importance
    try:
        yield
    finally:
        driver.score_as(before)


@contextmanager
def _told(driver: Runner, job: str, follow: Callable[[Event], None], lacking: int) -> Iterator[None]:
    """A context in which the driver's events are those of a job, and are followed.

    Args:
        driver: whose events.
        job: the job's id.
        follow: receives each of them.
        lacking: runs that have to be computed.
    """
    emit, done = driver.emit, 0

    def pass_on(event: Event) -> None:
        nonlocal done
        match event:
            case RunFinished():
                done += 1
                emit(msgspec.structs.replace(event, done=done, total=max(lacking, done)))
            case RunsFound():  # said for the job as a whole
                return
            case Progressed():
                emit(msgspec.structs.replace(event, job=job))
            case _:
                emit(event)
        follow(event)

    driver.emit = pass_on
    try:
        yield
    finally:
        driver.emit = emit


def _by_n_items(
    driver: Runner, masks: Sequence[MaskSpec | None]
) -> list[tuple[int, Sequence[MaskSpec | None]]]:
    """The masks by the number of items that score them: workers score as one experiment says.

    Those that nothing is scored for (None: the intact model) are with the first.
    """
    found: dict[int, list[MaskSpec | None]] = {}
    unscored: list[MaskSpec | None] = []
    for mask in dict.fromkeys(masks):
        if mask is None or mask.selection == "random":
            unscored.append(mask)
        else:
            found.setdefault(driver.n_items_of(mask), []).append(mask)
    (n_items, first), *others = list(found.items()) or [(driver.importance.n_items, [])]
    return [(n_items, [*unscored, *first]), *others]


def _with_stored_base(driver: Runner, requests: Sequence[OutcomesRequest]) -> Iterator[AskedRun]:
    """The runs that are asked for, and those of the intact model that written answers are compared with."""
    for one in requests:
        if one.mask is not None and one.benchmark.kind != "multiple_choice":
            base = driver.request(None, one.benchmark, one.n)
            if driver.store.outcomes.entries.has(base.key):
                yield AskedRun(None, one.benchmark, one.n)
        yield AskedRun(one.mask, one.benchmark, one.n)
