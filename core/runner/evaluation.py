"""Evaluates one run: an iterator's batches become events, journal entries and at last a stored table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from cache.files import CorruptEntry, set_aside
from cache.journals import Journal, journal_path, read_journal, usable_batches
from core.benchmarks.benchmark import Document
from core.benchmarks.evaluation import Outcome, Prepared, evaluate, finished_batches
from core.experiment.events import BatchFinished, EntryReplaced, ItemOutcome, RunStarted
from core.experiment.experiment import OutcomesRequest
from core.experiment.storing import storing
from core.runner.runner import Runner

OUTCOME_FIELDS = tuple(field.name for field in fields(Outcome))


def evaluate_run(runner: Runner, request: OutcomesRequest) -> float | None:
    """The score of the model as it is now, its outcomes stored under the request's key; None if cancelled.

    The caller has applied the request's mask. Finished batches are kept in a journal, and the next time goes
    on from them: the outcomes are the same, because the batches that are left are those of a whole run.

    Raises:
        ValueError: a log-likelihood is not finite, or the benchmark cannot be run here.
    """
    prepared = runner.prepared(request.benchmark, request.n)
    runner.emit(RunStarted(request.mask, request.benchmark.id, request.n))
    entries = runner.store.outcomes.entries
    # Before anything is kept: if the weights turn out to have changed, it is deleted, whatever comes.
    runner.note_stored(entries, request.key)
    run = _Run(runner, prepared)
    kept = _kept_batches(runner, request, prepared)
    for batch in kept:
        run.take(batch)
    rows = [list(map(_row, batch)) for batch in kept]
    with Journal(entries, request.key, request.key_inputs, rows) as journal:
        keeper = _BatchKeeper(runner, journal, is_slow=prepared.plan is None)
        for batch in evaluate(runner.loaded.model, prepared, runner.cancelled, frozenset(run.by_id)):
            if len(run.by_id) + len(batch) < request.n:  # the last one is stored with all others
                keeper.keep(batch)
            run.take(batch)
        if len(run.by_id) < request.n:
            return None
        outcomes = [run.by_id[document.id] for document in prepared.documents]
        with storing(runner):
            columns = _columns(prepared.documents, outcomes)
            runner.store.outcomes.save(request.key, request.key_inputs, columns)
            journal.remove()
    return sum(outcome.score for outcome in outcomes) / len(outcomes)


def replay_stored(runner: Runner, request: OutcomesRequest) -> float | None:
    """The score of a stored run, whose outcomes are emitted as if it ran now; None if it is not stored."""
    try:
        frame = runner.store.outcomes.load(request.key)
    except CorruptEntry:  # whoever looked it up first has reported it
        return None
    if frame is None:
        return None
    runner.emit(RunStarted(request.mask, request.benchmark.id, request.n))
    rows = frame.select("gold", "prediction", "correct", "loglikelihoods", "cut").iter_rows()
    outcomes = [
        ItemOutcome(index, _option(gold), _option(prediction), correct, tuple(logprobs or ()), cut or 0)
        for index, (gold, prediction, correct, logprobs, cut) in enumerate(rows)
    ]
    runner.emit(BatchFinished(tuple(outcomes)))
    return float(frame["score"].cast(float).to_numpy().mean())


class _Run:
    """The outcomes of a run, emitted as they come."""

    def __init__(self, runner: Runner, prepared: Prepared) -> None:
        self._emit = runner.emit
        self._indices = {document.id: index for index, document in enumerate(prepared.documents)}
        self.by_id: dict[str, Outcome] = {}

    def take(self, batch: Iterable[Outcome]) -> None:
        """Takes in the outcomes of a batch."""
        indexed = {self._indices[outcome.item_id]: outcome for outcome in batch}
        self._emit(BatchFinished(tuple(_event_of(index, outcome) for index, outcome in indexed.items())))
        self.by_id |= {outcome.item_id: outcome for outcome in indexed.values()}


class _BatchKeeper:
    """Keeps batches in a journal for as long as that can be written."""

    def __init__(self, runner: Runner, journal: Journal, *, is_slow: bool) -> None:
        """`is_slow`: whether a batch takes so long that it is worth waiting for the disk."""
        self._runner, self._journal, self._is_slow = runner, journal, is_slow
        self._can_write = True

    def keep(self, batch: Sequence[Outcome]) -> None:
        """Writes a batch down; after a failure, no further one is tried."""
        if not self._can_write:
            return
        try:
            self._journal.append([_row(outcome) for outcome in batch], settle=self._is_slow)
        except OSError as problem:
            self._can_write = False
            self._journal.close()
            self._runner.report_unwritable(problem)


def _kept_batches(runner: Runner, request: OutcomesRequest, prepared: Prepared) -> list[list[Outcome]]:
    """The outcomes that an earlier run kept, in the batches of a whole run; damaged ones are left out."""
    entries, key = runner.store.outcomes.entries, request.key
    try:
        found = read_journal(entries, key)
        batches = usable_batches(found)
        try:
            outcomes = [msgspec.convert(row, Outcome) for batch in batches for row in batch]
        except msgspec.ValidationError as error:
            raise CorruptEntry(journal_path(entries, key), f"it has no outcomes ({error})") from None
        damage = None if found is None else found.damage
    except CorruptEntry as error:
        outcomes, damage = [], error
    if damage is not None:
        runner.emit(EntryReplaced(str(damage)))
        with storing(runner):
            set_aside(journal_path(entries, key))
    return finished_batches(prepared, {outcome.item_id: outcome for outcome in outcomes})


def _row(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a journal keeps it."""
    return {name: getattr(outcome, name) for name in OUTCOME_FIELDS}


def _columns(documents: Sequence[Document], outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    """The outcomes as `cache.outcomes` stores them; log-likelihoods or texts, whichever there are."""
    names = ["item_id", "gold", "prediction", "correct", "correct_norm", "score"]
    names += ["text", "answer", "finish", "tokens", "cut"]
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in outcomes] for name in names}
    columns["cluster"] = [document.cluster or None for document in documents]
    if outcomes[0].loglikelihoods is not None:
        columns["loglikelihoods"] = [outcome.loglikelihoods for outcome in outcomes]
    return columns


def _event_of(index: int, outcome: Outcome) -> ItemOutcome:
    gold, prediction = _option(outcome.gold), _option(outcome.prediction)
    logprobs = outcome.loglikelihoods or ()
    return ItemOutcome(index, gold, prediction, outcome.correct, logprobs, outcome.cut)


def _option(option: int | None) -> int:
    """An option as events have it: -1 where the answer is written."""
    return -1 if option is None else option
