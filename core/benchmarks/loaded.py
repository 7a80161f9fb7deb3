"""Keeps the most recently loaded rows and documents in memory, as long as their files are unchanged."""

from __future__ import annotations

import functools
import gc
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import ChoiceDocument, Document
from core.benchmarks.rendering import render
from core.benchmarks.rows import files_of, load_rows
from core.benchmarks.task import Choice, Task
from core.models.chat_template import ChatTemplate

KEPT = 4
"""Number of document tuples kept in memory; twice as many splits of rows."""

KEPT_DIGESTS = 1024

Stamp = tuple[str, int, int]
"""State of a file: path, modification time in nanoseconds, size in bytes."""


@dataclass(frozen=True)
class Rows:
    """A request for the rows of one split; requests for the same rows are equal."""

    task: Task = field(compare=False)
    id: str
    split: str
    data_dir: str | None
    files: tuple[Stamp, ...]
    """Local files; empty for the hub, whose revisions do not change."""

    @classmethod
    def of(cls, task: Task, split: str, data_dir: str | None) -> Rows:
        """The request for the rows as their files are now."""
        folder = None if data_dir is None else Path(data_dir)
        if task.custom_files is not None:
            files = [Path(task.data.path), task.custom_files[split]]
        else:
            files = [] if folder is None else [file for file, _ in files_of(task, split, folder)]
        return cls(task, task.id, split, data_dir, tuple(_stamp(file) for file in files if file.is_file()))


@dataclass(frozen=True)
class Documents:
    """A request for a task's first n documents; requests for the same documents are equal."""

    rows: Rows
    shot_rows: Rows | None
    shots: int
    chat: ChatTemplate | None
    n: int

    @classmethod
    def of(
        cls, task: Task, data_dir: str | None, shots: int | None, chat: ChatTemplate | None, n: int
    ) -> Documents:
        """The request for the documents as their files are now; `shots` None: the task's default."""
        count = task.shots.count if shots is None else shots
        split = task.shots.split if count > 0 and task.shots.bundled is None else None
        shot_rows = Rows.of(task, split, data_dir) if split else None
        return cls(Rows.of(task, task.split, data_dir), shot_rows, count, chat, n)


@functools.lru_cache(maxsize=2 * KEPT)
def rows_of(wanted: Rows) -> tuple[Row, ...]:
    """The rows.

    Raises:
        ValueError: see `load_rows`.
    """
    folder = None if wanted.data_dir is None else Path(wanted.data_dir)
    with collector_paused():
        return load_rows(wanted.task, wanted.split, folder)


@functools.lru_cache(maxsize=KEPT)
def documents_of(wanted: Documents) -> tuple[Document, ...]:
    """The documents; fewer than asked for if there are fewer rows.

    Raises:
        ValueError: see `load_rows` and `render`.
    """
    with collector_paused():
        return render(
            wanted.rows.task,
            rows_of(wanted.rows),
            limit=wanted.n,
            shots=wanted.shots,
            shot_rows=rows_of(wanted.shot_rows) if wanted.shot_rows else (),
            chat=wanted.chat,
        )


@functools.lru_cache(maxsize=KEPT_DIGESTS)
def digest_of(wanted: Documents) -> str:
    """A hash of the documents' whole content.

    Raises:
        ValueError: see `documents_of`.
    """
    return digest(documents_of(wanted))


@functools.lru_cache(maxsize=KEPT_DIGESTS)
def count_of(wanted: Rows) -> int:
    """The number of rows.

    Raises:
        ValueError: see `load_rows`.
    """
    return len(rows_of(wanted))


@functools.lru_cache(maxsize=KEPT_DIGESTS)
def chance_over(wanted: Rows) -> float | None:
    """The score of guessing, a mean over all rows.

    Raises:
        ValueError: see `load_rows`; or a row is malformed.
    """
    task = wanted.task
    if task.chance != "by item":
        return task.chance
    read = (task.read(row) for row in rows_of(wanted))
    shares = [len(choice.gold) / len(choice.continuations) for choice in read if isinstance(choice, Choice)]
    return sum(shares) / len(shares)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses Python's garbage collector, which finds nothing among rows and documents.

    As objects accumulate it would scan the whole process again and again, and block the screen even if the
    rows are read in another thread.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def digest(documents: Sequence[Document]) -> str:
    """A hash of the whole content of some documents, part of cache keys."""
    content = hashlib.sha256()
    for document in documents:
        content.update(json.dumps(_plain(document)).encode() + b"\n")
    return content.hexdigest()


def _plain(document: Document) -> list[object]:
    shared: list[object] = [document.id, document.family, document.cluster, document.asked]
    if isinstance(document, ChoiceDocument):
        texts = (document.contexts, document.continuations, document.options, document.steps)
        return [*shared, *texts, sorted(document.gold), document.lengths]
    code = document.code and (document.code.head, document.code.tests)
    return [*shared, document.prompt, document.until, document.max_new_tokens, document.targets, code]


def _stamp(file: Path) -> Stamp:
    state = file.stat()
    return str(file), state.st_mtime_ns, state.st_size
