"""Rows as the exact text that lm-evaluation-harness gives a model; the most recent ones stay in memory."""

from __future__ import annotations

import functools
import gc
import hashlib
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.rows import files_of, load_rows, text_of
from core.benchmarks.task import HARNESS_SEED, Choice, Task, Writing
from core.models.chat_template import ChatTemplate

SEPARATOR = "\n\n"
"""What follows a few-shot example."""

Chat = Callable[[list[dict[str, str]]], str]
"""A model's chat template: messages with `role` and `content` in, the prompt up to its turn out."""


@dataclass(frozen=True)
class Turn:
    """A piece of a prompt."""

    role: Literal["system", "user", "assistant"]
    text: str
    after: str = ""
    """What separates it from the next piece if there is no chat template."""


class ShotSampler:
    """Draws the few-shot examples for the items of one family, which must be asked for in their order.

    One generator serves all items of a family, as in lm-evaluation-harness: the examples of an item depend on
    how many were drawn before it.
    """

    def __init__(self, task: Task, family: str, count: int, pool: Sequence[Row], seed: int) -> None:
        """Takes the family's rows to draw from.

        Raises:
            ValueError: there are too few rows.
        """
        self._task, self._family = task, family
        self._rule = task.shots
        self._count = count
        self._pool = list(pool) if self._rule.bundled is None else list(self._rule.bundled(family))
        self._generator = random.Random(seed)
        self._drawn = count + 1 if self._rule.without_item and self._rule.order == "random" else count
        if count and self._drawn > len(self._pool):
            raise ValueError(self._too_few(self._drawn, len(self._pool)))

    def before(self, item: Row) -> list[Row]:
        """The examples before an item; none if the count is 0.

        Raises:
            ValueError: too few rows differ from the item.
        """
        if not self._count:
            return []
        if self._rule.order == "first":
            return self._pool[: self._count]
        drawn = self._generator.sample(self._pool, self._drawn)
        if not self._rule.without_item:
            return drawn
        others = [row for row in drawn if row.fields != item.fields][: self._count]
        if len(others) < self._count:  # the pool has the item more than once
            pool = [row for row in self._pool if row.fields != item.fields]
            if len(pool) < self._count:
                raise ValueError(self._too_few(self._count, len(pool)))
            others = self._generator.sample(pool, self._count)
        return others

    def _too_few(self, needed: int, available: int) -> str:
        task, count = self._task, self._count
        if task.shots.bundled is not None:
            return f"'{task.id}' bundles {available} examples, not {count}: ask for {available} or fewer."
        of = f" of '{self._family}'" if self._family else ""
        return (
            f"'{task.id}' needs {needed} rows{of} to take {count} examples from, but the split "
            f"'{task.shots.split}' has {available}: ask for fewer examples, or give more rows."
        )


def render(
    task: Task,
    rows: Sequence[Row],
    *,
    limit: int | None = None,
    shots: int | None = None,
    shot_rows: Sequence[Row] = (),
    seed: int = HARNESS_SEED,
    chat: Chat | None = None,
) -> tuple[Document, ...]:
    """The documents of a task; a smaller limit gives a prefix of a larger one.

    Args:
        task: the benchmark.
        rows: all rows of the evaluated split, in order.
        limit: maximum number of documents, families taking turns; None: all.
        shots: few-shot examples before every item; None: the task's default.
        shot_rows: rows of the split that examples are drawn from.
        seed: few-shot seed.
        chat: the model's chat template, used instead of the separators.

    Raises:
        ValueError: a row is malformed, limit or shots is out of range, or there are no rows.
    """
    if not rows:
        raise ValueError(f"'{task.id}' has no rows.")
    if limit is not None and limit < 1:
        raise ValueError(f"The limit is {limit}: give 1 or more.")
    count = _count(task, shots)
    pools = _by_family(task, shot_rows) if count else {}
    samplers: dict[str, ShotSampler] = {}
    documents = []
    for family, number, row in itertools.islice(_in_turns(_by_family(task, rows)), limit):
        opening = task.preamble(row) if task.preamble else ""
        if family not in samplers:
            samplers[family] = ShotSampler(task, family, count, pools.get(family, ()), seed)
        name = "/".join(part for part in (task.id, family, str(number)) if part)
        turns = [Turn("system", opening)] if opening else []
        turns += _examples(task, samplers[family].before(row))
        documents.append(_document(task, name, family, turns, row, chat))
    return tuple(documents)


def _count(task: Task, shots: int | None) -> int:
    if shots is None or shots == task.shots.count:
        return task.shots.count
    if shots < 0:
        raise ValueError(f"The number of few-shot examples is {shots}: give 0 or more.")
    if task.shots.fixed:
        raise ValueError(
            f"'{task.id}' is always asked with {task.shots.count} added examples: leave the number out."
        )
    return shots


def _by_family(task: Task, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each family, families in order of first appearance."""
    families: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[text_of(row, task.family) if task.family else ""].append(row)
    return dict(families)


def _in_turns(families: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, int, Row]]:
    """Family, number and row: the first row of every family, then every second one, and so on."""
    for number in range(max(len(rows) for rows in families.values())):
        for family, rows in families.items():
            if number < len(rows):
                yield family, number, rows[number]


def _examples(task: Task, rows: Sequence[Row]) -> Iterator[Turn]:
    for row in rows:
        prompt, answer = _worked(task.read(row))
        if answer:
            yield Turn("user", prompt, task.delimiter)
            yield Turn("assistant", answer, SEPARATOR)
        else:  # lm-evaluation-harness takes an empty answer for none, and adds no separator
            yield Turn("user", prompt)


def _worked(read: Choice | Writing) -> tuple[str, str]:
    """Prompt and answer of a few-shot example."""
    if isinstance(read, Writing):
        return read.prompt, read.answer
    right = read.gold[0]
    return read.contexts[right if len(read.contexts) > 1 else 0], read.continuations[right]


def _document(
    task: Task, name: str, family: str, turns: Sequence[Turn], row: Row, chat: Chat | None
) -> Document:
    read = task.read(row)
    if isinstance(read, Choice):
        delimiter = "" if chat else task.delimiter
        return ChoiceDocument(
            id=name,
            family=family,
            cluster=read.cluster,
            contexts=tuple(_joined([*turns, Turn("user", text)], chat) for text in read.contexts),
            continuations=tuple(delimiter + text for text in read.continuations),
            gold=frozenset(read.gold),
            options=read.options or read.continuations,
            lengths=tuple(len(text) for text in read.continuations),
            asked=read.asked or read.contexts[0],
        )
    return GenerationDocument(
        id=name,
        family=family,
        cluster=read.cluster,
        prompt=_joined([*turns, Turn("user", read.prompt)], chat),
        until=task.until,
        max_new_tokens=task.max_new_tokens,
        targets=read.targets,
        code=read.code,
        asked=read.prompt,
        gold=_gold(task, read, chat),
    )


def _gold(task: Task, read: Writing, chat: Chat | None) -> str:
    """The right answer as the worked examples give theirs; programs go on from their prompts."""
    if not (task.answers_in_form and read.answer):
        return ""
    return read.answer if chat or read.code else task.delimiter + read.answer


def _joined(turns: Sequence[Turn], chat: Chat | None) -> str:
    if chat:
        return chat([{"role": turn.role, "content": turn.text} for turn in turns])
    return "".join(turn.text + turn.after for turn in turns)


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
