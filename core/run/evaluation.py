"""Evaluates one run: an iterator's batches become events, journal entries and at last a stored table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from cache.files import CorruptEntry, set_aside
from cache.journals import Journal, journal_path, read_journal, usable_batches
from core.benchmarks.benchmark import Document
from core.benchmarks.drawn import part_of
from core.benchmarks.evaluation import Outcome, Prepared, costs, evaluate, finished_batches
from core.inference.generation import Stage
from core.run.events import AnswerWritten, BatchFinished, EntryReplaced, ItemOutcome, Phase, RunStarted
from core.run.experiment import OutcomesRequest
from core.run.progress import Running
from core.run.runner import Runner
from core.run.storing import storing

OUTCOME_FIELDS = tuple(field.name for field in fields(Outcome))


def evaluate_run(runner: Runner, request: OutcomesRequest) -> float | None:
    """The score of the model as it is now, its outcomes stored under the request's key; None if cancelled.

    The caller has applied the request's mask. Finished batches are kept in a journal, and the next time goes
    on from them: the outcomes are the same, because the batches that are left are those of a whole run.

    Raises:
        ValueError: a log-likelihood is not finite, or the benchmark cannot be run here.
    """
    prepared = runner.prepared(request.benchmark, request.n)
    runner.emit(_started(request))
    entries = runner.store.outcomes.entries
    # Before anything is kept: if the weights turn out to have changed, it is deleted, whatever comes.
    runner.note_stored(entries, request.key)
    phase: Phase = "writing" if prepared.plan is None else "evaluating"
    with runner.progress.phase(phase, request.benchmark.id, request.n) as running:
        run = _Run(runner, prepared, running, notes_logprobs=request.mask is None)
        return _evaluated(runner, request, prepared, run)


def _evaluated(runner: Runner, request: OutcomesRequest, prepared: Prepared, run: _Run) -> float | None:
    """The score after all batches that no journal has."""
    entries, kept = runner.store.outcomes.entries, _kept_batches(runner, request, prepared)
    run.take_kept(kept)
    rows = [list(map(_row, batch)) for batch in kept]
    with Journal(entries, request.key, request.key_inputs, rows) as journal:
        keeper = _BatchKeeper(runner, journal, is_slow=prepared.plan is None)
        known = frozenset(run.by_id)
        for batch in evaluate(runner.loaded.model, prepared, runner.cancelled, known, run):
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
    logprobs = [run.logprobs.get(document.id, ()) for document in prepared.documents]
    if all(logprobs) and all(map(math.isfinite, itertools.chain.from_iterable(logprobs))):
        runner.base_logprobs[request.key] = logprobs
    return sum(outcome.score for outcome in outcomes) / len(outcomes)


def replay_stored(runner: Runner, request: OutcomesRequest) -> float | None:
    """The score of a stored run, whose outcomes are emitted as if it ran now; None if it is not stored."""
    try:
        frame = runner.store.outcomes.load(request.key)
    except CorruptEntry:  # whoever looked it up first has reported it
        return None
    if frame is None:
        return None
    runner.emit(_started(request))
    rows = frame.select("gold", "prediction", "correct", "loglikelihoods", "cut").iter_rows()
    outcomes = [
        ItemOutcome(index, _option(gold), _option(prediction), correct, tuple(logprobs or ()), cut or 0)
        for index, (gold, prediction, correct, logprobs, cut) in enumerate(rows)
    ]
    runner.emit(BatchFinished(tuple(outcomes)))
    return float(frame["score"].cast(float).to_numpy().mean())


def _started(request: OutcomesRequest) -> RunStarted:
    benchmark = request.benchmark
    return RunStarted(request.mask, benchmark.id, request.n, part_of(benchmark))


class _Run:
    """The outcomes of a run, emitted as they come, and one of the answers that are being written."""

    def __init__(self, runner: Runner, prepared: Prepared, running: Running, *, notes_logprobs: bool) -> None:
        self.notes_logprobs = notes_logprobs
        self.logprobs: dict[str, tuple[float, ...]] = {}
        """Those of the tokens of written answers, by item."""
        self._emit, self._running = runner.emit, running
        self._indices = {document.id: index for index, document in enumerate(prepared.documents)}
        self._costs = costs(prepared)
        self._share = 0.0
        self._tokens = self._tokens_before = 0
        self._pieces: dict[str, str] = {}
        """What is written so far, by item."""
        self._shown = ""
        """The item whose answer is emitted as it is written."""
        self.by_id: dict[str, Outcome] = {}

    def take_kept(self, batches: Iterable[Sequence[Outcome]]) -> None:
        """Takes in what was computed before."""
        for batch in batches:
            self._take(batch)
        self._running.skip(len(self.by_id), self._share)

    def take(self, batch: Sequence[Outcome]) -> None:
        """Takes in the outcomes of a batch that has just been computed."""
        self._take(batch)
        self._pieces, self._shown, self._tokens_before = {}, "", self._tokens
        self._running.advance(len(self.by_id), self._share, self._tokens)

    def _take(self, batch: Sequence[Outcome]) -> None:
        indexed = {self._indices[outcome.item_id]: outcome for outcome in batch}
        self._emit(BatchFinished(tuple(_event_of(index, outcome) for index, outcome in indexed.items())))
        self.by_id |= {outcome.item_id: outcome for outcome in indexed.values()}
        self._share += sum(self._costs[outcome.item_id] for outcome in batch)

    # What is being written.

    def noted(self, item_id: str, logprobs: tuple[float, ...]) -> None:
        """Keeps the log-probabilities of an answer."""
        self.logprobs[item_id] = logprobs

    def wrote(self, item_id: str, piece: str) -> None:
        """Emits the piece, if it belongs to the answer that is shown."""
        self._pieces[item_id] = self._pieces.get(item_id, "") + piece
        if item_id == self._shown:
            self._emit(AnswerWritten(self._indices[item_id], piece))

    def stepped(self, going: Sequence[str], stage: Stage) -> None:
        """Says how far the answers are; shows another one when that which was shown has ended."""
        if going and self._shown not in going:
            self._shown = going[0]
            self._emit(AnswerWritten(self._indices[self._shown], self._pieces.get(self._shown, "")))
        self._tokens = self._tokens_before + stage.tokens
        written_now = stage.share * stage.answers / len(self._indices)
        self._running.advance(len(self.by_id) + stage.finished, self._share + written_now, self._tokens)


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
    """The outcomes as `cache.tables` stores them; log-likelihoods or texts, whichever there are."""
    names = ["item_id", "gold", "prediction", "correct", "correct_norm", "score"]
    names += ["text", "answer", "finish", "tokens", "cut", "gold_logprob"]
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
