"""Does each kind of job with a runner."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

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
from core.run.plan import check_least
from core.run.runner import Runner
from core.run.runs import find_runs, run_missing, steps_of_rankings
from core.run.specs import MaskSpec, Run, alike_ks
from core.run.writing import Sampling, prompt_for, write_answers

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
        _do(runner, job, start, advance, options)


def _do(runner: Runner, job: str, start: Start, advance: Advance, options: BenchmarkOptions) -> None:
    match start:
        case StartRuns():
            run = _do_runs if start.until is None else _do_rounds
            run(runner, start, advance, allowed_options(start, options))
        case StartRankings():
            _do_rankings(runner, start, advance)
        case StartAutoK():
            _do_auto_k(runner, start, advance)
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


def _do_rounds(runner: Runner, start: StartRuns, advance: Advance, options: BenchmarkOptions) -> None:
    """Does runs that stop when it is known, by the rounds of a profile."""
    cells = stopping_cells(start, options)
    run_rounds(runner, Rounds(runner, *cells), advance, with_controls=False)


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


def _do_auto_k(runner: Runner, start: StartAutoK, advance: Advance) -> None:
    find_k(runner, start.masks)
    advance(1)


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
