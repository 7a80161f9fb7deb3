"""Renders the rows of a benchmark as the text that a model gets: lm-evaluation-harness's to the letter."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.documents import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.tasks.few_shot import ShotSampler
from core.benchmarks.tasks.fields import text_of
from core.benchmarks.tasks.task import HARNESS_SEED, Choice, Task, Writing

SEPARATOR = "\n\n"
"""What parts a worked example from what follows."""

ChatTemplate = Callable[[list[dict[str, str]]], str]
"""A model's template: messages of `role` and `content` in, the prompt up to the model's turn out."""


@dataclass(frozen=True)
class Turn:
    """A piece of a prompt."""

    role: Literal["system", "user", "assistant"]
    text: str
    after: str = ""
    """What parts it from the next piece where no chat template does."""


def render(
    task: Task,
    rows: Sequence[Row],
    *,
    limit: int | None = None,
    shots: int | None = None,
    shot_rows: Sequence[Row] = (),
    seed: int = HARNESS_SEED,
    chat: ChatTemplate | None = None,
) -> tuple[Document, ...]:
    """The documents of a benchmark, a smaller limit giving the first of a larger one.

    Args:
        task: the benchmark.
        rows: of the evaluated split, all of them and in their order.
        limit: at most so many, the families taking turns; None: all.
        shots: worked examples before every item; None: as many as the benchmark's default.
        shot_rows: of the split that examples are drawn from.
        seed: of the drawing.
        chat: the model's chat template, which then takes the place of the separators.

    Raises:
        ValueError: a row is bad, the limit or the number of examples cannot be, or there are no rows.
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
        opening = _opening(task, row)
        if family not in samplers:
            samplers[family] = ShotSampler(task, family, count, pools.get(family, ()), seed)
        name = "/".join(part for part in (task.id, family, str(number)) if part)
        turns = [*opening, *_examples(task, samplers[family].before(row))]
        documents.append(_document(task, name, family, turns, row, chat))
    return tuple(documents)


def _count(task: Task, shots: int | None) -> int:
    if shots is None or shots == task.shots.count:
        return task.shots.count
    if shots < 0:
        raise ValueError(f"The number of worked examples is {shots}: give 0 or more.")
    if task.shots.fixed:
        raise ValueError(
            f"'{task.id}' is always asked with {task.shots.count} added examples: leave the number out."
        )
    return shots


def _by_family(task: Task, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each family, in the order of first appearance."""
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


def _opening(task: Task, row: Row) -> list[Turn]:
    text = task.preamble(row) if task.preamble else ""
    return [Turn("system", text)] if text else []


def _examples(task: Task, rows: Sequence[Row]) -> Iterator[Turn]:
    for row in rows:
        prompt, answer = _worked(task.read(row))
        if answer:
            yield Turn("user", prompt, task.delimiter)
            yield Turn("assistant", answer, SEPARATOR)
        else:  # lm-evaluation-harness takes an empty answer for none, and sets no separator
            yield Turn("user", prompt)


def _worked(read: Choice | Writing) -> tuple[str, str]:
    """Prompt and answer of a worked example."""
    if isinstance(read, Writing):
        return read.prompt, read.answer
    right = read.gold[0]
    return read.contexts[right if len(read.contexts) > 1 else 0], read.continuations[right]


def _document(
    task: Task, name: str, family: str, turns: Sequence[Turn], row: Row, chat: ChatTemplate | None
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
    )


def _joined(turns: Sequence[Turn], chat: ChatTemplate | None) -> str:
    if chat:
        return chat([{"role": turn.role, "content": turn.text} for turn in turns])
    return "".join(turn.text + turn.after for turn in turns)
