"""Does the four kinds of job on a runner."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from core.benchmarks.benchmark import Benchmark, BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.engine.commands import StartCalibration, StartGeneration, StartRankings, StartRuns
from core.engine.jobs import Start
from core.experiment.events import (
    EntryReplaced,
    Event,
    ItemsScored,
    NotStored,
    RunFinished,
    RunsFound,
    TextCompared,
    TextEnded,
    TextWritten,
)
from core.experiment.experiment import OutcomesRequest
from core.experiment.specs import MaskSpec
from core.experiment.storing import stored_outcomes
from core.phantom.calibration.plan import main_plan
from core.phantom.calibration.run import run_calibration
from core.phantom.calibration.subject import phantom_of, runners, truth_of
from core.runner.cancellation import Cancelled
from core.runner.divergences import ComparedTexts, SeenTexts, compare_texts, see_texts
from core.runner.runner import Runner
from core.runner.runs import alike_ks, compute_runs
from core.runner.writing import prompt_for, write_on

if TYPE_CHECKING:
    from core.inference.generation import Generated

Advance = Callable[[int], None]
"""Is told how many of a job's parts are finished."""


def do(runner: Runner, job: str, start: Start, advance: Advance, options: BenchmarkOptions) -> None:
    """Does a whole job, telling through the bench what happens.

    Args:
        runner: the model and the cache.
        job: the job's id.
        start: what it is to do.
        advance: is told how many of its parts are finished.
        options: how benchmarks are run.

    Raises:
        Cancelled: the bench was cancelled before all was done; what was finished is stored.
        ValueError: the job asks for what there is not, or the model cannot be used.
        OSError: the cache cannot be written to.
    """
    match start:
        case StartRuns():
            allowed = replace(
                options,
                allow_code=options.allow_code or start.allow_code,
                without_sandbox=options.without_sandbox or start.without_sandbox,
            )
            _do_runs(runner, start, advance, allowed)
        case StartRankings():
            _do_rankings(runner, start, advance)
        case StartGeneration():
            _do_generation(runner, job, start, advance)
        case StartCalibration():
            _do_calibration(runner, start, advance)


def _do_runs(runner: Runner, start: StartRuns, advance: Advance, options: BenchmarkOptions) -> None:
    requests = _requests(runner, start, options)
    keys = [request.key for request in requests]
    loaded = stored_outcomes(runner, keys)
    finished = set(loaded.frames)
    # By key, so that a run that is asked for twice is computed once; by mask, so that each is applied once.
    runs: dict[MaskSpec | None, list[OutcomesRequest]] = {request.mask: [] for request in requests}
    for request in {request.key: request for request in requests}.values():
        runs[request.mask].append(request)
    missing = set(keys) - finished
    runner.emit(RunsFound(total=len(keys), cached=sum(key in finished for key in keys)))
    advance(sum(key in finished for key in keys))
    with closing(compute_runs(runner, runs, runner.cancelled, loaded.frames.keys())) as computed:
        for done, (request, score) in enumerate(computed, start=1):
            finished.add(request.key)
            name = "base" if request.mask is None else str(request.mask)
            runner.emit(RunFinished(name, request.benchmark.id, score, done, len(missing)))
            advance(sum(key in finished for key in keys))


def _requests(runner: Runner, start: StartRuns, options: BenchmarkOptions) -> list[OutcomesRequest]:
    """The job's runs as the cache knows them."""
    found = []
    known: dict[str, Benchmark] = {}
    for run in start.runs:
        if run.benchmark not in known:
            (known[run.benchmark],) = find_benchmarks([run.benchmark], runner.spec.level, options)
        benchmark = known[run.benchmark]
        if not 1 <= run.n <= benchmark.n_items:
            raise ValueError(
                f"{run.n} items are asked for: '{benchmark.id}' has {benchmark.n_items}, give 1 to that."
            )
        found.append(runner.request(run.mask, benchmark, run.n))
    return found


def _do_rankings(runner: Runner, start: StartRankings, advance: Advance) -> None:
    runner.expected = start.masks
    try:
        for done, mask in enumerate(start.masks, start=1):
            _require_go(runner)
            runner.mask(mask, alike_ks(mask, start.masks))
            advance(done)
    finally:
        runner.expected = ()


def _do_generation(runner: Runner, job: str, start: StartGeneration, advance: Advance) -> None:
    prompt, unknown = prompt_for(runner, start.prompt)
    base: Generated | None = None
    for pane, mask_spec in enumerate(start.masks):
        _require_go(runner)
        mask = None if mask_spec is None else runner.mask(mask_spec, alike_ks(mask_spec, start.masks))
        seen: SeenTexts | None = None
        started = time.monotonic()
        with runner.ablated(mask, start.factor):
            written = write_on(
                runner,
                prompt,
                max_new_tokens=start.max_new_tokens,
                temperature=start.temperature,
                seed=start.seed,
                on_text=_teller(runner, job, pane),
            )
            seconds = time.monotonic() - started
            runner.emit(TextEnded(job, pane, written.finish, len(written.tokens), seconds, unknown))
            if written.finish == "cancelled":
                raise Cancelled
            if base is not None and mask_spec is not None:
                seen = see_texts(runner, prompt, start.max_new_tokens, base, written)
        if mask_spec is None:
            base = written
        if seen is not None:
            runner.emit(_compared(job, pane, seen, compare_texts(runner, seen)))
        advance(pane + 1)


def _do_calibration(runner: Runner, start: StartCalibration, advance: Advance) -> None:
    spec = phantom_of(runner.spec)
    emit = _teller_of_phantom(runner.emit, advance)
    runner_for = runners(spec, runner.store, start.n_items, start.seed, emit, runner.cancelled)
    run_calibration(main_plan(start.limit, start.seed), truth_of(spec), runner_for)


def _teller_of_phantom(emit: Callable[[Event], None], advance: Advance) -> Callable[[Event], None]:
    """Counts the runs of a calibration, and tells what is not of its model.

    A screen takes what is said of a model, and of runs, for that of the engine's own model.
    """
    done = 0

    def hear(event: Event) -> None:
        nonlocal done
        match event:
            case RunsFound():
                done += event.cached
                advance(done)
            case RunFinished():
                done += 1
                advance(done)
            case ItemsScored() | EntryReplaced() | NotStored():
                emit(event)
            case _:
                pass

    return hear


def _compared(job: str, pane: int, seen: SeenTexts, found: ComparedTexts) -> TextCompared:
    divergence = found.divergence
    return TextCompared(
        job=job,
        pane=pane,
        place=None if divergence is None else divergence.place,
        base_token=None if divergence is None else divergence.base_token,
        ablated_token=None if divergence is None else divergence.ablated_token,
        base_probabilities=(None, None) if divergence is None else divergence.base_probabilities,
        ablated_probabilities=(None, None) if divergence is None else divergence.ablated_probabilities,
        base_tokens=seen.pair.base,
        ablated_tokens=seen.pair.ablated,
        base_logprobs=found.base_logprobs,
        ablated_logprobs=found.ablated_logprobs,
    )


def _teller(runner: Runner, job: str, pane: int) -> Callable[[str], None]:
    return lambda text: runner.emit(TextWritten(job, pane, text))


def _require_go(runner: Runner) -> None:
    if runner.cancelled():
        raise Cancelled
