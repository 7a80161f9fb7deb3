"""Evaluates the model as it is on a benchmark; what is finished is kept batch by batch, and gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import msgspec

from cache.files import CorruptEntry
from cache.journals import (
    Journal,
    journal_of,
    journal_path,
    read_journal,
    set_journal_aside,
    usable_batches,
)
from core.benchmarks.evaluation import Outcome, Prepared, evaluate, finished_batches
from core.experiment.events import BatchFinished, EntryReplaced, ItemOutcome, RunStarted
from core.experiment.storing import emit_unwritable, storing

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Document
    from core.experiment.experiment import OutcomesRequest
    from core.runner.runner import Runner

OUTCOME_FIELDS = tuple(field.name for field in fields(Outcome))


def evaluate_request(runner: Runner, request: OutcomesRequest, cancelled: Callable[[], bool]) -> float | None:
    """The score of the model as it is now, its outcomes stored under the request's key.

    Whoever calls has applied the request's mask. None if it was cancelled. The outcomes are the same whether
    or not some of them were kept by an earlier run: the batches that are left are those of a whole run.

    Raises:
        ValueError: a log-likelihood is not finite, or the benchmark cannot be run here.
    """
    prepared = runner.prepared(request.benchmark, request.n)
    runner.emit(RunStarted(request.mask, request.benchmark.id, request.n))
    # Before anything is kept: if the weights turn out to be others, it is deleted, whatever comes.
    runner.unverified.append((runner.store.outcomes.entries, request.key))
    run = _Run(runner, prepared)
    kept = _kept_batches(runner, request, prepared)
    for batch in kept:
        run.take(batch)
    entries = runner.store.outcomes.entries
    rows = [list(map(_row, batch)) for batch in kept]
    with journal_of(entries, request.key, request.key_inputs, rows) as journal:
        keeping = _Keeping(runner, journal, is_slow=prepared.plan is None)
        for batch in evaluate(runner.loaded.model, prepared, cancelled, frozenset(run.by_id)):
            if len(run.by_id) + len(batch) < request.n:  # the last one is stored with all others
                keeping.keep(batch)
            run.take(batch)
        if len(run.by_id) < request.n:
            return None
        outcomes = [run.by_id[document.id] for document in prepared.documents]
        with storing(runner):
            columns = _columns(prepared.documents, outcomes)
            runner.store.outcomes.save(request.key, request.key_inputs, columns)
            journal.remove()
    return sum(outcome.score for outcome in outcomes) / len(outcomes)


def take_stored(runner: Runner, request: OutcomesRequest) -> float | None:
    """The score of a run that is stored, its outcomes told as if it ran now; else None."""
    try:
        frame = runner.store.outcomes.load(request.key)
    except CorruptEntry:  # whoever looked it up has told it
        return None
    if frame is None:
        return None
    runner.emit(RunStarted(request.mask, request.benchmark.id, request.n))
    rows = frame.select("gold", "prediction", "correct", "loglikelihoods").iter_rows()
    told = [
        ItemOutcome(place, _option(gold), _option(prediction), correct, tuple(logprobs or ()))
        for place, (gold, prediction, correct, logprobs) in enumerate(rows)
    ]
    runner.emit(BatchFinished(tuple(told)))
    return float(frame["score"].cast(float).to_numpy().mean())


class _Run:
    """The outcomes of a run, which are told as they come."""

    def __init__(self, runner: Runner, prepared: Prepared) -> None:
        self._emit = runner.emit
        self._places = {document.id: place for place, document in enumerate(prepared.documents)}
        self.by_id: dict[str, Outcome] = {}

    def take(self, batch: Iterable[Outcome]) -> None:
        """Takes in the outcomes of a batch."""
        placed = {self._places[outcome.item_id]: outcome for outcome in batch}
        self._emit(BatchFinished(tuple(_told(place, outcome) for place, outcome in placed.items())))
        self.by_id |= {outcome.item_id: outcome for outcome in placed.values()}


@dataclass
class _Keeping:
    """Keeps batches in a journal for as long as that can be written."""

    runner: Runner
    journal: Journal
    is_slow: bool
    """Whether a batch takes so long that it is worth waiting for the disk."""
    _can_write: bool = True

    def keep(self, batch: Sequence[Outcome]) -> None:
        """Writes a batch down; where that is not possible it is told, and not tried again."""
        if not self._can_write:
            return
        try:
            self.journal.append([_row(outcome) for outcome in batch], settle=self.is_slow)
        except OSError as problem:
            self._can_write = False
            self.journal.close()
            emit_unwritable(self.runner, problem)


def _kept_batches(runner: Runner, request: OutcomesRequest, prepared: Prepared) -> list[list[Outcome]]:
    """The outcomes that an earlier run kept, in the batches of a whole run; damage is told and left out."""
    entries, key = runner.store.outcomes.entries, request.key
    try:
        found = read_journal(entries, key)
        batches = usable_batches(entries, found)
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
            set_journal_aside(entries, key)
    return finished_batches(prepared, {outcome.item_id: outcome for outcome in outcomes})


def _row(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a journal keeps it."""
    return {name: getattr(outcome, name) for name in OUTCOME_FIELDS}


def _columns(documents: Sequence[Document], outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    """The outcomes as `cache.outcomes` stores them; log-likelihoods or texts, whichever there are."""
    names = ["item_id", "gold", "prediction", "correct", "correct_norm", "score"]
    names += ["text", "answer", "finish", "tokens"]
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in outcomes] for name in names}
    columns["cluster"] = [document.cluster or None for document in documents]
    if outcomes[0].loglikelihoods is not None:
        columns["loglikelihoods"] = [outcome.loglikelihoods for outcome in outcomes]
    return columns


def _told(place: int, outcome: Outcome) -> ItemOutcome:
    """The outcome as it is told; without options there is neither a right one nor a chosen one."""
    gold, prediction = _option(outcome.gold), _option(outcome.prediction)
    return ItemOutcome(place, gold, prediction, outcome.correct, outcome.loglikelihoods or ())


def _option(option: int | None) -> int:
    """The place of an option as it is told."""
    return -1 if option is None else option
