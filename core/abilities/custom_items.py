"""Loads custom multiple-choice items, in the form of the paper's diagnostic sets."""

from __future__ import annotations

import difflib
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from core.abilities.custom_rows import Row, read_rows, short, text_or_problem
from core.abilities.item import Item

UNNAMED = "own"
"""Ability or question type of a row that names none."""

LABELS = "ABCDEFGH"
"""Labels of options without labels; an item may have as many options."""

MIN_OPTIONS = 2


@dataclass(frozen=True)
class CustomItemsReport:
    """What was read, before anything was sampled or shuffled."""

    rows: int
    question_types: dict[str, int]
    """Rows of each question type, in the order of first appearance."""
    gold_position_prior: tuple[float, ...]
    """Share of the rows whose right option is at each position; far from even is a shortcut."""


@dataclass(frozen=True)
class CustomItems:
    """Custom items and the report on their source."""

    items: tuple[Item, ...]
    report: CustomItemsReport


def load_items(source: str | Path, *, seed: int = 0, limit: int | None = None) -> CustomItems:
    """The items of a `.jsonl` or `.parquet` file or of a hub data set, their options shuffled.

    Fields: `question`, `options`, `answer` or `answer_index`, and optionally `context`, `ability` and
    `question_type`. The hub's names `choices` and `answerKey` are understood too.

    Args:
        source: a path, or the id of a hub data set (`owner/name`).
        seed: decides the order of the options and which rows are sampled.
        limit: most items, the question types taking turns; None keeps all, in their order.

    Raises:
        ValueError: the source cannot be read, has no rows, or a row is wrong; the message names file,
            line (or row) and field.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"The limit has to be at least 1, not {limit}.")
    items = _with_unique_ids([_item(row) for row in read_rows(source)])
    if not items:
        raise ValueError(f"{source} is empty: it has no rows.")
    gold, positions = Counter(item.answer_index for item in items), max(len(item.options) for item in items)
    report = CustomItemsReport(
        rows=len(items),
        question_types=dict(Counter(item.family for item in items)),
        gold_position_prior=tuple(gold[index] / len(items) for index in range(positions)),
    )
    sampled = items if limit is None else _sampled(items, seed, limit)
    return CustomItems(tuple(_shuffled(item, seed) for item in sampled), report)


def _with_unique_ids(items: Sequence[Item]) -> list[Item]:
    """The items; the id of a row that repeats an earlier one ends in a number."""
    seen: Counter[str] = Counter()
    unique = []
    for item in items:
        seen[item.id] += 1
        unique.append(replace(item, id=f"{item.id}-{seen[item.id]}") if seen[item.id] > 1 else item)
    return unique


def _sampled(items: Sequence[Item], seed: int, limit: int) -> list[Item]:
    """Up to limit items, the question types taking turns; a smaller limit gives the first of a larger."""
    rng = random.Random(f"own items/{seed}")
    by_type: dict[str, list[Item]] = {}
    for item in items:
        by_type.setdefault(item.family, []).append(item)
    for group in by_type.values():
        rng.shuffle(group)
    rounds = range(max(len(group) for group in by_type.values()))
    turns = [group[turn] for turn in rounds for group in by_type.values() if turn < len(group)]
    return turns[:limit]


def _shuffled(item: Item, seed: int) -> Item:
    """The item, its options in an order that seed and id alone decide."""
    order = list(range(len(item.options)))
    random.Random(f"{seed}/{item.id}").shuffle(order)
    options = tuple(item.options[i] for i in order)
    return replace(item, options=options, answer_index=order.index(item.answer_index))


def _item(row: Row) -> Item:
    context = _text(row, "context", default="")
    question = _text(row, "question")
    labels, options = _options(row)
    ability = _text(row, "ability", default=UNNAMED)
    question_type = _text(row, "question_type", default=UNNAMED)
    said = "\x1f".join((context, question, *sorted(options)))
    digest = hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
    return Item(
        id=f"own/{ability}/{question_type}/{digest}",
        ability=ability,
        family=question_type,
        context=context,
        question=question,
        options=options,
        answer_index=_answer_index(row, labels, options),
    )


def _text(row: Row, field: str, default: str | None = None) -> str:
    """A field's text without the spaces around it; the default if the field is missing, null or blank."""
    value = row.fields.get(field)
    text = "" if value is None else _checked_text(row, field, value)
    if text:
        return text
    if default is None:
        _fail(row, field, "is empty" if field in row.fields else f"is missing{_hint(row, field)}")
    return default


def _options(row: Row) -> tuple[list[Any], tuple[str, ...]]:
    """The labels and the texts of the options, of one of three forms.

    A list of texts, a list of `{label, text}`, or (the hub's ARC) `{label: [...], text: [...]}`.
    """
    field = "choices" if "options" not in row.fields and "choices" in row.fields else "options"
    value = row.fields.get(field)
    if value is None:
        _fail(row, field, f"is missing{_hint(row, field)}")
    labels, texts = _labels_and_texts(row, field, value)
    if not MIN_OPTIONS <= len(texts) <= len(LABELS):
        _fail(row, field, f"has {len(texts)} options, not {MIN_OPTIONS} to {len(LABELS)}")
    options = tuple(_checked_text(row, field, text) for text in texts)
    if "" in options:
        _fail(row, field, "has an empty option")
    if len(set(options)) < len(options):
        twice = next(option for option in options if options.count(option) > 1)
        _fail(row, field, f"has the option {short(twice)} twice")
    return labels or list(LABELS[: len(options)]), options


def _labels_and_texts(row: Row, field: str, value: Any) -> tuple[list[Any], list[Any]]:
    if isinstance(value, dict):
        labels, texts = value.get("label"), value.get("text")
    elif isinstance(value, list) and value and all(isinstance(option, dict) for option in value):
        labels, texts = [o.get("label") for o in value], [o.get("text") for o in value]
    else:
        labels, texts = [], value
    if not isinstance(labels, list) or not isinstance(texts, list):
        _fail(row, field, "has to be a list of texts, or texts with labels ({text, label})")
    if labels and (len(labels) != len(texts) or len(set(map(str, labels))) < len(labels)):
        _fail(row, field, "needs one label for each text, each of them once")
    return labels, texts


def _answer_index(row: Row, labels: list[Any], options: tuple[str, ...]) -> int:
    """The index of the right option; if answer and answer_index are both given, they have to agree."""
    named = row.fields.get("answer_index")
    field = "answerKey" if "answer" not in row.fields and "answerKey" in row.fields else "answer"
    if named is None and row.fields.get(field) is None:
        _fail(row, field, f"is missing, and answer_index too{_hint(row, field)}")
    if named is None:
        return _index_of_answer(row, field, labels, options)
    if not isinstance(named, int) or isinstance(named, bool) or not 0 <= named < len(options):
        last = len(options) - 1
        _fail(row, "answer_index", f"has to be a whole number from 0 to {last}, not {short(named)}")
    if row.fields.get(field) is not None and _index_of_answer(row, field, labels, options) != named:
        _fail(row, "answer_index", f"says {named}, but the field '{field}' says otherwise")
    return named


def _index_of_answer(row: Row, field: str, labels: list[Any], options: tuple[str, ...]) -> int:
    """The index of the option that has the answer as its text or else as its label."""
    value = row.fields[field]
    if not isinstance(value, str):
        _fail(row, field, f"has to be an option's text or label, not {short(value)} (use answer_index)")
    answer = _checked_text(row, field, value)
    if answer in options:
        return options.index(answer)
    if answer not in labels:
        _fail(row, field, f"is {short(answer)}, which is neither the text nor the label of an option")
    return labels.index(answer)


def _checked_text(row: Row, field: str, value: Any) -> str:
    """The value without the spaces around it, if it is a text that a tokenizer can take."""
    text, problem = text_or_problem(value)
    if problem:
        _fail(row, field, problem)
    return text.strip()


def _fail(row: Row, field: str, what: str) -> NoReturn:
    raise ValueError(f"{row.where}, field '{field}': {what}.")


def _hint(row: Row, field: str) -> str:
    near = difflib.get_close_matches(field, list(row.fields), n=1, cutoff=0.7)
    return f" (did you mean the field {short(near[0])}?)" if near else ""
