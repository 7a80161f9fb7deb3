"""Cache access that never ends the work: damage and what cannot be written are emitted as events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from cache.entries import EntryFolder, Payload
from cache.files import Busy, CorruptEntry, OtherVersion, key_lock, locked
from cache.journals import journal_lock
from cache.tables import Loaded
from core.benchmarks.benchmark import Benchmark, ChoiceDocument, Document
from core.run.events import EntryReplaced
from core.run.experiment import Experiment

TURN_EVERY_S = 0.1
"""Seconds between two looks whether another process has finished a run."""

RUNS_AT_ONCE = 200
"""Runs whose outcomes are in memory at once while it is only asked whether they are whole."""


def stored_whole(experiment: Experiment, entries: EntryFolder, key: str) -> Payload | None:
    """Where to read the payload, verified whole; None if it is not stored, or damaged."""
    try:
        return entries.whole_payload(key)
    except CorruptEntry as error:
        replace_damaged(experiment, entries, key, error)
        return None


def stored_outcomes(experiment: Experiment, keys: Sequence[str]) -> Loaded:
    """The outcomes under many keys at once, without those that are not stored, or damaged."""
    loaded = experiment.store.outcomes.load_many(keys)
    for error in loaded.corrupt:
        replace_damaged(experiment, experiment.store.outcomes.entries, error.path.stem, error)
    return loaded


def whole_runs(experiment: Experiment, keys: Sequence[str]) -> set[str]:
    """Those of many keys whose outcomes are stored and whole; as for `stored_outcomes`, but none are kept."""
    found: set[str] = set()
    for first in range(0, len(keys), RUNS_AT_ONCE):
        found.update(stored_outcomes(experiment, keys[first : first + RUNS_AT_ONCE]).frames)
    return found


def replace_damaged(experiment: Experiment, entries: EntryFolder, key: str, error: CorruptEntry) -> None:
    """Emits that an entry is damaged and computed anew, and sets it aside where that is possible."""
    experiment.emit(EntryReplaced(str(error)))
    if isinstance(error, OtherVersion):
        return
    try:
        entries.set_aside(key)
    except OSError as problem:
        experiment.report_unwritable(problem)


@contextmanager
def storing(experiment: Experiment) -> Iterator[None]:
    """A context in which something is stored; what cannot be written stays in memory."""
    try:
        yield
    except OSError as problem:
        experiment.report_unwritable(problem)


@contextmanager
def alone_with(experiment: Experiment, key: str, *, wait: bool = True) -> Iterator[None]:
    """A context in which this thread of this process alone works on the key; waits for its turn.

    Where the cache has no room for locks, it goes on without. Within it, look the key up once more before
    computing it: another process may just have stored it.

    Raises:
        Busy: `wait` is off, and another process or thread works on the key.
    """
    with ExitStack() as held:
        try:
            held.enter_context(key_lock(experiment.store.root, key, wait=wait))
        except OSError as problem:
            experiment.report_unwritable(problem)
        yield


@contextmanager
def alone_with_run(experiment: Experiment, key: str, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """As `alone_with`, for the run of a key; False if it was cancelled while it waited.

    The lock is that of the journal, not that of the entry: deleting the entry must not wait for a run to end.
    """
    with ExitStack() as held:
        while not cancelled():
            try:
                held.enter_context(locked(journal_lock(experiment.store.root, key), wait=False))
            except Busy:
                time.sleep(TURN_EVERY_S)
                continue
            except OSError as problem:
                experiment.report_unwritable(problem)
            yield True
            return
        yield False


BEGINNING_LENGTH = 200
"""Characters of an item in a list."""

BLANK = "_"
"""Stands for the option in a prompt that has one within."""


def ensure_items(experiment: Experiment, benchmark: Benchmark, n: int) -> Payload:
    """The table of a benchmark's first n items, made if it is not stored (schema: `cache.tables`).

    A Parquet file, or its bytes where the cache cannot be written to.

    Raises:
        ValueError: the benchmark has fewer than n items, or its rows are missing.
    """
    key, key_inputs = experiment.items_request(benchmark, n)
    entries = experiment.store.items.entries
    # Looked up before locking too: a read-only cache has no room for locks.
    if (found := stored_whole(experiment, entries, key)) is not None:
        return found
    with alone_with(experiment, key):
        if (found := stored_whole(experiment, entries, key)) is not None:
            return found
        with storing(experiment):
            experiment.store.items.save(key, key_inputs, _columns(benchmark.documents(experiment.spec, n)))
        return entries.held[key][1] if key in entries.held else entries.payload_path(key)


def _columns(documents: Sequence[Document]) -> dict[str, list[Any]]:
    return {
        "item_id": [document.id for document in documents],
        "family": [document.family for document in documents],
        "beginning": [" ".join(document.asked.split())[:BEGINNING_LENGTH] for document in documents],
        "prompt": [prompt_of(document) for document in documents],
        "options": [list(d.options) if isinstance(d, ChoiceDocument) else [] for d in documents],
        "gold": [min(d.gold) if isinstance(d, ChoiceDocument) else None for d in documents],
        "steps": [d.steps if isinstance(d, ChoiceDocument) else "" for d in documents],
        "targets": [[] if isinstance(d, ChoiceDocument) else list(d.targets) for d in documents],
        "cluster": [document.cluster for document in documents],
    }


def prompt_of(document: Document) -> str:
    """The whole prompt as people read it; with a blank where every option has a context of its own."""
    if not isinstance(document, ChoiceDocument):
        return document.prompt
    if document.read:
        return document.read
    first, option = document.contexts[0], document.options[0]
    if len(document.contexts) == 1 or not first.endswith(option):
        return first
    return f"{first.removesuffix(option)}{BLANK}{document.continuations[0]}"
