"""The run loop: looks up what is stored, applies each mask once, and evaluates what is lacking under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from core.inference.cancelling import Cancelled
from core.run.divergences import measure_ablated, pairs_to_compare, store_divergences
from core.run.events import RunFinished, RunsFound
from core.run.experiment import OutcomesRequest, words_of
from core.run.generation_quality import (
    masks_to_measure,
    measure_generation_quality,
    store_generation_quality,
)
from core.run.kept_paces import keep_paces, take_in_known
from core.run.pace import Step
from core.run.runner import Runner
from core.run.specs import MaskSpec, alike_ks
from core.run.steps import steps_of_runs
from core.run.storing import alone_with_run, stored_outcomes, whole_runs

if TYPE_CHECKING:
    import polars as pl

TRIES = 2
"""How often missing runs are computed: again what was deleted or damaged meanwhile."""

Runs = Mapping[MaskSpec | None, Sequence[OutcomesRequest]]
"""The runs of each mask; None is the intact model."""


def store_all(
    runner: Runner,
    requests: Sequence[OutcomesRequest],
    later: Sequence[Step] = (),
    *,
    with_controls: bool = True,
    finished: Callable[[Collection[str]], None] = lambda keys: None,
) -> None:
    """Computes the runs that the cache lacks.

    Args:
        runner: the model and the cache.
        requests: what is asked for.
        later: what the job may have to do after that, for its time left.
        with_controls: whether the generation quality of controls is measured too.
        finished: receives the keys of what is stored by now, at first and after each run.

    Raises:
        Cancelled: the runner was cancelled, with every finished run stored.
        ValueError: the cache loses what is stored.
    """
    keys = {request.key for request in requests}
    stored = find_runs(runner, requests)
    finished(stored)
    for _ in range(TRIES):
        known, computed = frozenset(stored), list[str]()
        for one in run_missing(runner, requests, known, with_controls=with_controls, later=later):
            computed.append(one.key)
            finished({*known, *computed})
        stored |= whole_runs(runner, computed)
        if stored >= keys:
            return
    raise lost_runs(runner, len(keys - stored))


def lost_runs(runner: Runner, n: int) -> ValueError:
    """The error that runs which were just stored are gone."""
    return ValueError(
        f"The cache folder {runner.store.root} loses what is stored in it: {n} runs are not there any "
        "more, or damaged. Check the disk, or give another --cache-dir."
    )


def outcomes_of(runner: Runner, request: OutcomesRequest) -> pl.DataFrame:
    """The outcomes of one request, from the cache or computed now.

    Raises:
        Cancelled: the runner was cancelled.
        WeightsChangedError: the weights were not restored.
        ValueError: k is out of range, or a log-likelihood is not finite.
    """
    frame = stored_outcomes(runner, [request.key]).frames.get(request.key)
    stored = () if frame is None else (request.key,)
    try:
        with closing(compute_runs(runner, {request.mask: [request]}, stored)) as computed:
            for _ in computed:
                frame = runner.store.outcomes.load(request.key)
    finally:
        runner.verify_restored()
    assert frame is not None, "what was just stored is there"
    return frame


def all_outcomes(runner: Runner, requests: Sequence[OutcomesRequest]) -> list[pl.DataFrame]:
    """The outcomes of several requests, from the cache or computed now, as one job with one time left.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        WeightsChangedError: the weights were not restored.
        ValueError: k is out of range, or a log-likelihood is not finite.
    """
    stored = find_runs(runner, requests)
    try:
        for _ in run_missing(runner, requests, stored):
            pass
    finally:
        runner.verify_restored()
    frames = [runner.store.outcomes.load(request.key) for request in requests]
    found = [frame for frame in frames if frame is not None]
    assert len(found) == len(requests), "what was just stored is there"
    return found


def find_runs(runner: Runner, requests: Sequence[OutcomesRequest]) -> set[str]:
    """The keys of those requests that are stored and whole; emits how many they are."""
    stored = whole_runs(runner, list(dict.fromkeys(request.key for request in requests)))
    runner.emit(RunsFound(total=len(requests), cached=sum(request.key in stored for request in requests)))
    return stored


def run_missing(
    runner: Runner,
    requests: Sequence[OutcomesRequest],
    stored: Collection[str],
    *,
    with_controls: bool = True,
    later: Sequence[Step] = (),
) -> Iterator[OutcomesRequest]:
    """Computes the requests that are not stored, emitting and yielding each as it is finished and stored.

    Args:
        runner: the model and the cache.
        requests: what is asked for.
        stored: the keys of those that are stored and whole.
        with_controls: whether the generation quality of controls is measured too.
        later: what the job may have to do after that, for its time left.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: the model cannot be used, or a mask cannot be made.
    """
    runs = by_mask(requests)
    total = len({request.key for request in requests} - set(stored))
    with closing(compute_runs(runner, runs, stored, with_controls=with_controls, later=later)) as computed:
        for done, (request, score) in enumerate(computed, start=1):
            runner.emit(RunFinished(words_of(request.mask), request.benchmark.id, score, done, total))
            yield request


def by_mask(requests: Sequence[OutcomesRequest]) -> dict[MaskSpec | None, list[OutcomesRequest]]:
    """The requests of each mask, so that each is applied once; one that is there twice, once."""
    runs: dict[MaskSpec | None, list[OutcomesRequest]] = {request.mask: [] for request in requests}
    for request in {request.key: request for request in requests}.values():
        runs[request.mask].append(request)
    return runs


def compute_runs(
    runner: Runner,
    runs: Runs,
    stored: Collection[str] = (),
    *,
    with_controls: bool = True,
    later: Sequence[Step] = (),
) -> Generator[tuple[OutcomesRequest, float]]:
    """Each run that is not stored with its score, as it is finished and stored.

    Afterwards the generation quality of every mask is stored too, and so are the divergences of every
    ablated run with written answers whose base run is stored.

    Args:
        runner: the model and the cache.
        runs: what is asked for; a mask without runs only says which k a new ranking has to reach.
        stored: the keys of the runs that are stored and whole.
        with_controls: whether the generation quality of controls is measured too.
        later: what the job may have to do after that, for its time left.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: the model cannot be used, or a mask cannot be made.
    """
    unmeasured = masks_to_measure(runner, runs, with_controls=with_controls)
    lacking = {request.mask for asked in runs.values() for request in asked if request.key not in stored}
    expected = [mask for mask in runs if mask is not None and mask in lacking | unmeasured]
    take_in_known(runner, runner.progress.paces)
    runner.progress.expect([*steps_of_runs(runner, runs, stored, unmeasured), *later])
    for mask in dict.fromkeys((None, *runs)):  # base first: answers are compared with its
        asked = runs.get(mask, ())
        missing = [request for request in asked if request.key not in stored]
        pairs = pairs_to_compare(runner, asked)
        if not missing and not pairs and mask not in unmeasured:
            continue
        runner.check_cancelled()
        selected = None if mask is None else runner.mask(mask, alike_ks(mask, runs), expected)
        with runner.ablated(selected):
            for request in missing:
                yield request, _score(runner, request)
            compared = list(measure_ablated(runner, pairs))
            measured = measure_generation_quality(runner) if mask in unmeasured else None
        if measured is not None:
            store_generation_quality(runner, mask, measured)
        for pair in compared:
            store_divergences(runner, pair)
        keep_paces(runner, runner.progress.paces)


def _score(runner: Runner, request: OutcomesRequest) -> float:
    """The score of a run that is evaluated now, or that another process has just stored.

    Raises:
        Cancelled: the runner was cancelled.
    """
    from core.run.evaluation import evaluate_run, replay_stored

    score = None
    with alone_with_run(runner, request.key, runner.cancelled) as is_ours:
        if is_ours:
            score = replay_stored(runner, request)
            score = evaluate_run(runner, request) if score is None else score
    if score is None:
        raise Cancelled
    return score
