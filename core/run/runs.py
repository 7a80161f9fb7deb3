"""The run loop: looks up what is stored, applies each mask once, and evaluates what is lacking under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from core.abilities.neutral_texts import neutral_texts
from core.inference.cancelling import Cancelled
from core.run.divergences import measure_ablated, pairs_to_compare, store_divergences
from core.run.events import Event, RunFinished, RunsFound
from core.run.experiment import OutcomesRequest, words_of
from core.run.generation_quality import (
    masks_to_measure,
    measure_generation_quality,
    store_generation_quality,
)
from core.run.pace import Step, answering, keep_paces, scoring_phase, take_in_known
from core.run.runner import Runner
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, alike_ks
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


def steps_of_runs(
    runner: Runner,
    runs: Mapping[MaskSpec | None, Sequence[OutcomesRequest]],
    stored: Collection[str],
    unmeasured: Collection[MaskSpec | None],
) -> list[Step]:
    """The steps of `compute_runs`, in its order.

    Args:
        runner: the model and the cache.
        runs: what is asked for.
        stored: the keys of the runs that are stored.
        unmeasured: masks whose generation quality is to be measured.
    """
    steps: list[Step] = []
    rankings, prepared = _Rankings(runner), set[str]()
    for mask in dict.fromkeys((None, *runs)):
        asked = runs.get(mask, ())
        missing = [request for request in asked if request.key not in stored]
        if mask is not None and (missing or mask in unmeasured):
            steps += rankings.steps(mask)
        for request in missing:
            if request.benchmark.id not in prepared:
                steps.append(Step("preparing", request.benchmark.id, request.n))
                prepared.add(request.benchmark.id)
            steps.append(Step(*answering(request.benchmark), request.n))
        steps += _after_runs(runner, mask, asked, missing, is_measured=mask not in unmeasured)
    return [*steps, checking(runner)] if any(mask is not None for mask in runs) else steps


def steps_of_rankings(runner: Runner, masks: Iterable[MaskSpec]) -> list[Step]:
    """The steps of scoring what some masks lack, in their order."""
    rankings = _Rankings(runner)
    return [step for mask in masks for step in rankings.steps(mask)]


def checking(runner: Runner) -> Step:
    """The check of all weights at the end of a job that ablated."""
    return Step("checking", "", MATRICES_OF_A_LAYER * (runner.info.layers or 1))


MATRICES_OF_A_LAYER = 7


def _after_runs(
    runner: Runner,
    mask: MaskSpec | None,
    asked: Sequence[OutcomesRequest],
    missing: Sequence[OutcomesRequest],
    *,
    is_measured: bool,
) -> list[Step]:
    """The steps that follow the runs of one mask: comparing answers, generation quality."""
    lacking = {pair.ablated.key for pair in pairs_to_compare(runner, asked)} | {one.key for one in missing}
    compared = [one for one in asked if one.key in lacking and one.benchmark.kind != "multiple_choice"]
    under = [Step("comparing", one.benchmark.id, one.n) for one in compared if mask is not None]
    if is_measured:
        return [*under, *under]
    n = len(neutral_texts(runner.spec.level))
    return [*under, Step("quality", "", n), Step("quality", "intact", n), *under]


class _Rankings:
    """The rankings and importance maps that will be there after the steps so far."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._ranked = set[str]()
        self._scored = {(ability, n, False) for ability, n in runner.scored}
        """Abilities, their diagnostic items, and whether it is whole units that are scored."""

    def steps(self, mask: MaskSpec) -> list[Step]:
        """The steps that the mask needs beyond those before."""
        runner = self._runner
        if mask.selection == "random":
            return []
        key = runner.ranking_key(mask)
        if key in self._ranked or has_ranking(runner, mask):
            return []
        n, of_units = runner.n_items_of(mask), mask.scope == "units"
        missing = [each for each in runner.scored_abilities(mask) if self._is_missing(each, n, of_units)]
        phase = scoring_phase(of_units=of_units)
        self._ranked.add(key)
        self._scored.update((each, n, of_units) for each in missing)
        return [
            *(Step(phase, each, runner.diagnostic_set(each, n).n) for each in missing),
            Step("ranking", "", 3 if mask.selection == "top" else 1),
        ]

    def _is_missing(self, ability: str, n_items: int, of_units: bool) -> bool:
        is_known = (ability, n_items, of_units) in self._scored
        return not is_known and not (
            of_units and not self._runner.lacks_scores(ability, n_items, of_units=True)
        )


@contextmanager
def without_events(runner: Runner, kinds: tuple[type[Event], ...]) -> Iterator[None]:
    """A context in which events of some kinds are not emitted."""
    emit = runner.emit

    def pass_on(event: Event) -> None:
        if not isinstance(event, kinds):
            emit(event)

    runner.emit = pass_on
    try:
        yield
    finally:
        runner.emit = emit
