"""Does each kind of job: with a runner, runs and rankings also on Ray's workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.analysis.auto_k import find_k
from core.analysis.rounds import Rounds, run_rounds
from core.benchmarks.benchmark import Benchmark, BenchmarkOptions
from core.benchmarks.drawn import drawn
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import (
    Start,
    StartAutoK,
    StartCalibration,
    StartGeneration,
    StartRankings,
    StartRuns,
)
from core.phantom.calibration import main_plan, run_calibration, runners
from core.phantom.ground_truth import phantom_of, truth_of
from core.run.events import (
    EntryReplaced,
    Event,
    NotStored,
    Progressed,
    RunFinished,
    RunsFound,
    TextCompared,
    TextEnded,
    TextWritten,
)
from core.run.experiment import OutcomesRequest
from core.run.pace import Step, keep_paces, take_in_known
from core.run.plan import AskedRun, AskedRuns, check_least
from core.run.runner import Runner
from core.run.runs import find_runs, run_missing, steps_of_rankings
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, Run, alike_ks
from core.run.writing import Sampling, prompt_for, write_answers

if TYPE_CHECKING:
    from core.cluster.on_ray import Crew

Advance = Callable[[int], None]
"""Receives the number of finished parts of a job."""


def do(runner: Runner, job: str, start: Start, advance: Advance, options: BenchmarkOptions) -> None:
    """Does a whole job; the runner emits the events.

    Args:
        runner: the model and the cache.
        job: the job's id.
        start: what to do.
        advance: receives the number of finished parts.
        options: how benchmarks are run.

    Raises:
        Cancelled: the runner was cancelled before all was done; what was finished is stored.
        ValueError: the job asks for something unknown, or the model cannot be used.
        OSError: the cache cannot be written to.
    """
    with runner.progress.job(job):
        match start:
            case StartRuns(until=None):
                _do_runs(runner, start, advance, allowed_options(start, options))
            case StartRuns():
                rounds = Rounds(runner, *stopping_cells(start, allowed_options(start, options)))
                run_rounds(runner, rounds, advance, with_controls=False)
            case StartRankings():
                _do_rankings(runner, start, advance)
            case StartAutoK():
                find_k(runner, start.masks)
                advance(1)
            case StartGeneration():
                _do_generation(runner, job, start, advance)
            case StartCalibration():
                _do_calibration(runner, job, start, advance)


def _do_runs(runner: Runner, start: StartRuns, advance: Advance, options: BenchmarkOptions) -> None:
    requests = requests_of(runner, start, options)
    stored = find_runs(runner, requests)
    finished = set(stored)
    advance(sum(request.key in finished for request in requests))
    # No screen shows the generation quality of controls, and measuring it takes as long as many items.
    for computed in run_missing(runner, requests, stored, with_controls=False):
        finished.add(computed.key)
        advance(sum(request.key in finished for request in requests))


class StoppingCells(NamedTuple):
    """What rounds are made of."""

    benchmarks: list[Benchmark]
    """In orders drawn by seed."""
    cells: list[tuple[MaskSpec, int]]
    """Masks, each with the index of its benchmark."""
    until: float
    """The least AIS of interest."""


def stopping_cells(start: StartRuns, options: BenchmarkOptions) -> StoppingCells:
    """The cells of a job whose runs stop when it is known.

    Raises:
        ValueError: a benchmark, its number of items or when to stop makes no sense; or a run says no order of
            its items.
    """
    assert start.until is not None, "the job says when a run stops"
    check_least(start.until)
    asked = _benchmarks(start, options)
    # By the intact model's run: benchmarks are equal whatever their items.
    benchmarks = {_intact(run): _drawn_of(run, benchmark) for run, benchmark in asked}
    indices = {run: index for index, run in enumerate(benchmarks)}
    cells = [(run.mask, indices[_intact(run)]) for run in start.runs if run.mask is not None]
    return StoppingCells(list(benchmarks.values()), cells, start.until)


def _intact(run: Run) -> Run:
    return msgspec.structs.replace(run, mask=None)


def _drawn_of(run: Run, benchmark: Benchmark) -> Benchmark:
    """A run's items in the order that it says.

    Raises:
        ValueError: it says none.
    """
    if run.part is None or run.part.of != run.n:
        raise ValueError(
            f"The run on '{benchmark.id}' is to stop when it is known, but says no order of its items."
        )
    return drawn(benchmark, run.n, run.part.seed)


def allowed_options(start: StartRuns, options: BenchmarkOptions) -> BenchmarkOptions:
    """How a job's benchmarks are run: code also if the job says so."""
    return replace(options, allow_code=options.allow_code or start.allow_code)


def requests_of(runner: Runner, start: StartRuns, options: BenchmarkOptions) -> list[OutcomesRequest]:
    """The job's runs with their cache keys.

    Raises:
        ValueError: a benchmark or its number of items is unknown, or a k out of range.
    """
    return [runner.request(run.mask, benchmark, run.n) for run, benchmark in _benchmarks(start, options)]


def _benchmarks(start: StartRuns, options: BenchmarkOptions) -> list[tuple[Run, Benchmark]]:
    """The job's runs with their benchmarks.

    Raises:
        ValueError: there is no such benchmark, or it has fewer items.
    """
    found = []
    known: dict[str, Benchmark] = {}
    for run in start.runs:
        if run.benchmark not in known:
            (known[run.benchmark],) = find_benchmarks([run.benchmark], options)
        benchmark = known[run.benchmark]
        if not 1 <= run.n <= benchmark.n_items:
            raise ValueError(
                f"{run.n} items are asked for: '{benchmark.id}' has {benchmark.n_items}, give 1 to that."
            )
        found.append((run, benchmark))
    return found


def _do_rankings(runner: Runner, start: StartRankings, advance: Advance) -> None:
    take_in_known(runner, runner.progress.paces)
    runner.progress.expect(steps_of_rankings(runner, start.masks))
    for done, mask in enumerate(start.masks, start=1):
        runner.check_cancelled()
        runner.mask(mask, alike_ks(mask, start.masks), start.masks)
        advance(done)
    keep_paces(runner, runner.progress.paces)


def _do_generation(runner: Runner, job: str, start: StartGeneration, advance: Advance) -> None:
    prompt, unknown = prompt_for(runner, start.prompt, chat=start.chat)
    masks = [mask for mask in start.masks if mask is not None]
    steps = [Step("writing", "", start.max_new_tokens) for _ in start.masks]
    runner.progress.expect([*steps_of_rankings(runner, masks), *steps])
    answers = write_answers(
        runner,
        prompt,
        start.masks,
        Sampling(start.max_new_tokens, start.temperature, start.seed, start.factor),
        on_text=lambda pane, piece: runner.emit(TextWritten(job, pane, piece)),
        on_written=lambda pane, written, seconds: runner.emit(
            TextEnded(job, pane, written.finish, len(written.tokens), seconds, unknown)
        ),
    )
    for pane, answer in enumerate(answers):
        if answer.compared is not None:
            runner.emit(TextCompared(job, pane, *answer.compared))
        advance(pane + 1)


def _do_calibration(runner: Runner, job: str, start: StartCalibration, advance: Advance) -> None:
    spec, asked = phantom_of(runner.spec), (runner.cancelled, runner.is_cancelled)
    emit = _phantom_emit(runner.emit, job, advance)
    runner_for = runners(spec, runner.store, start.n_items, start.seed, emit, *asked)
    run_calibration(main_plan(start.limit, start.seed), truth_of(spec), runner_for)


def _phantom_emit(emit: Callable[[Event], None], job: str, advance: Advance) -> Callable[[Event], None]:
    """Counts the runs of a calibration, and emits what is not about its model.

    A screen takes events about a model and its runs for those of the engine's own model. Each of a
    calibration's runners knows its own plan only, so there is no time left of the whole.
    """
    done, started = 0, time.monotonic()

    def take(event: Event) -> None:
        nonlocal done
        match event:
            case RunsFound():
                done += event.cached
                advance(done)
            case RunFinished():
                done += 1
                advance(done)
            case Progressed():
                elapsed_s = time.monotonic() - started
                emit(msgspec.structs.replace(event, job=job, elapsed_s=elapsed_s, left_s=None))
            case EntryReplaced() | NotStored():
                emit(event)
            case _:
                pass

    return take


# On Ray.


def do_on_ray(
    crew: Crew, job: str, start: StartRuns | StartRankings, advance: Advance, options: BenchmarkOptions
) -> None:
    """Does a whole job; the crew's driver emits the events. Arguments as for `do`.

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
