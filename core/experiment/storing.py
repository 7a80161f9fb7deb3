"""Looks things up in the cache and stores them: what is damaged or cannot be written is told, never fatal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from cache.entries import EntryFolder, OtherFormat, Payload, Unwritable
from cache.files import Busy, CorruptEntry, locked
from cache.journals import journal_lock
from core.experiment.events import EntryReplaced, NotStored

if TYPE_CHECKING:
    from cache.outcomes import Loaded
    from core.experiment.experiment import Experiment

TURN_EVERY_S = 0.1
"""Seconds between two looks whether another process has finished a run."""


def stored_whole(experiment: Experiment, entries: EntryFolder, key: str) -> Payload | None:
    """Where to read the payload, proved whole; None if it is not stored, or damaged, which is told."""
    try:
        return entries.whole_payload(key)
    except CorruptEntry as error:
        replace_damaged(experiment, entries, key, error)
        return None


def stored_outcomes(experiment: Experiment, keys: Sequence[str]) -> Loaded:
    """The outcomes under many keys at once; what is not stored is left out, and what is damaged is told."""
    loaded = experiment.store.outcomes.load_many(keys)
    for error in loaded.corrupt:
        replace_damaged(experiment, experiment.store.outcomes.entries, error.path.stem, error)
    return loaded


def replace_damaged(experiment: Experiment, entries: EntryFolder, key: str, error: CorruptEntry) -> None:
    """Tells that an entry is damaged and computed anew, and sets it aside where that is possible."""
    experiment.emit(EntryReplaced(str(error)))
    if isinstance(error, OtherFormat):
        return
    try:
        entries.set_aside(key)
    except OSError as problem:
        emit_unwritable(experiment, problem)


@contextmanager
def storing(experiment: Experiment) -> Iterator[None]:
    """A context in which something is stored; what cannot be written stays in memory, which is told once."""
    try:
        yield
    except OSError as problem:
        emit_unwritable(experiment, problem)


@contextmanager
def alone_with(experiment: Experiment, key: str) -> Iterator[None]:
    """A context in which this thread of this process alone works on the key; waits for its turn.

    Where the cache has no place for locks it goes on without, which is told once. Within it, look the key up
    once more before computing it: another process may just have stored it.
    """
    with ExitStack() as held:
        try:
            held.enter_context(experiment.store.lock(key))
        except OSError as problem:
            emit_unwritable(experiment, problem)
        yield


@contextmanager
def alone_with_run(experiment: Experiment, key: str, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """A context in which this thread of this process alone evaluates the run of a key; waits for its turn.

    False if it was cancelled while it waited. The lock is that of the journal and not that of the entry, so
    that nobody who deletes the entry has to wait for the end of a run. Where the cache has no place for locks
    it goes on without, which is told once. Within it, look the run up once more before evaluating it.
    """
    with ExitStack() as held:
        while not cancelled():
            try:
                held.enter_context(locked(journal_lock(experiment.store.root, key), wait=False))
            except Busy:
                time.sleep(TURN_EVERY_S)
                continue
            except OSError as problem:
                emit_unwritable(experiment, problem)
            yield True
            return
        yield False


def emit_unwritable(experiment: Experiment, problem: OSError) -> None:
    """Tells that nothing can be stored, unless it was told for the same reason already."""
    known = problem if isinstance(problem, Unwritable) else Unwritable(experiment.store.root, problem)
    if str(known) not in experiment.reported_unwritable:
        experiment.reported_unwritable.add(str(known))
        experiment.emit(NotStored(str(known)))
