"""Does the four kinds of job on a workbench."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from core.benchmarks.description import Benchmark
from core.benchmarks.options import BenchmarkOptions
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
from core.experiment.specs import MaskSpec
from core.phantom.calibration.plan import main_plan
from core.phantom.calibration.run import run_calibration
from core.phantom.calibration.subject import benches, phantom_of, truth_of
from core.runner.cancellation import Cancelled
from core.runner.divergences import ComparedTexts, SeenTexts, compare_texts, see_texts
from core.runner.runs import alike_ks, compute_runs
from core.runner.storing import stored_outcomes
from core.runner.workbench import OutcomesRequest, Workbench
from core.runner.writing import prompt_for, write_on

if TYPE_CHECKING:
    from core.inference.generation import Generated

Advance = Callable[[int], None]
"""Is told how many of a job's parts are finished."""


def do(bench: Workbench, job: str, start: Start, advance: Advance, options: BenchmarkOptions) -> None:
    """Does a whole job, telling through the bench what happens.

    Args:
        bench: the model and the cache.
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
            _do_runs(bench, start, advance, allowed)
        case StartRankings():
            _do_rankings(bench, start, advance)
        case StartGeneration():
            _do_generation(bench, job, start, advance)
        case StartCalibration():
            _do_calibration(bench, start, advance)


def _do_runs(bench: Workbench, start: StartRuns, advance: Advance, options: BenchmarkOptions) -> None:
    requests = _requests(bench, start, options)
    keys = [request.key for request in requests]
    loaded = stored_outcomes(bench, keys)
    finished = set(loaded.frames)
    # By key, so that a run that is asked for twice is computed once; by mask, so that each is applied once.
    runs: dict[MaskSpec | None, list[OutcomesRequest]] = {request.mask: [] for request in requests}
    for request in {request.key: request for request in requests}.values():
        runs[request.mask].append(request)
    missing = set(keys) - finished
    bench.emit(RunsFound(total=len(keys), cached=sum(key in finished for key in keys)))
    advance(sum(key in finished for key in keys))
    with closing(compute_runs(bench, runs, bench.cancelled, loaded.frames.keys())) as computed:
        for done, (request, score) in enumerate(computed, start=1):
            finished.add(request.key)
            name = "base" if request.mask is None else str(request.mask)
            bench.emit(RunFinished(name, request.benchmark.id, score, done, len(missing)))
            advance(sum(key in finished for key in keys))


def _requests(bench: Workbench, start: StartRuns, options: BenchmarkOptions) -> list[OutcomesRequest]:
    """The job's runs as the cache knows them."""
    found = []
    known: dict[str, Benchmark] = {}
    for run in start.runs:
        if run.benchmark not in known:
            (known[run.benchmark],) = find_benchmarks([run.benchmark], bench.spec.level, options)
        benchmark = known[run.benchmark]
        if not 1 <= run.n <= benchmark.n_items:
            raise ValueError(
                f"{run.n} items are asked for: '{benchmark.id}' has {benchmark.n_items}, give 1 to that."
            )
        found.append(bench.request(run.mask, benchmark, run.n))
    return found


def _do_rankings(bench: Workbench, start: StartRankings, advance: Advance) -> None:
    bench.expected = start.masks
    try:
        for done, mask in enumerate(start.masks, start=1):
            _require_go(bench)
            bench.mask(mask, alike_ks(mask, start.masks))
            advance(done)
    finally:
        bench.expected = ()


def _do_generation(bench: Workbench, job: str, start: StartGeneration, advance: Advance) -> None:
    prompt, unknown = prompt_for(bench, start.prompt)
    base: Generated | None = None
    for pane, recipe in enumerate(start.masks):
        _require_go(bench)
        mask = None if recipe is None else bench.mask(recipe, alike_ks(recipe, start.masks))
        seen: SeenTexts | None = None
        started = time.monotonic()
        with bench.ablated(mask, start.factor):
            written = write_on(
                bench,
                prompt,
                max_new_tokens=start.max_new_tokens,
                temperature=start.temperature,
                seed=start.seed,
                on_text=_teller(bench, job, pane),
            )
            seconds = time.monotonic() - started
            bench.emit(TextEnded(job, pane, written.finish, len(written.tokens), seconds, unknown))
            if written.finish == "cancelled":
                raise Cancelled
            if base is not None and recipe is not None:
                seen = see_texts(bench, prompt, start.max_new_tokens, base, written)
        if recipe is None:
            base = written
        if seen is not None:
            bench.emit(_compared(job, pane, seen, compare_texts(bench, seen)))
        advance(pane + 1)


def _do_calibration(bench: Workbench, start: StartCalibration, advance: Advance) -> None:
    spec = phantom_of(bench.spec)
    emit = _teller_of_phantom(bench.emit, advance)
    bench_for = benches(spec, bench.store, start.n_items, start.seed, emit, bench.cancelled)
    run_calibration(main_plan(start.limit, start.seed), truth_of(spec), bench_for)


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


def _teller(bench: Workbench, job: str, pane: int) -> Callable[[str], None]:
    return lambda text: bench.emit(TextWritten(job, pane, text))


def _require_go(bench: Workbench) -> None:
    if bench.cancelled():
        raise Cancelled
