"""Items with the intact model's answer beside the ablated one's: the samples of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from markupsafe import escape

from core.analysis.results import Results
from tui.failure_words import TAG_WORDS
from tui.report.matrices import Kind
from tui.report.parting import MOST_OWN, MOST_PROMPT, Parting, beginning, ending, parting
from tui.safe_text import safe_block

MOST_SAMPLES = 2000
MOST_CHARACTERS = 1_600_000
"""Characters that all samples' texts take as HTML, so that a report stays below 3 MB whatever they are."""

MOST_OPTION = 70
"""Characters that are shown of an option."""

RUN_OF = ["ability", "variant", "selection", "k"]
ITEM_OF = ["benchmark", "item_id"]

VERDICTS = ("broken", "fixed", "both wrong", "both right")
"""By whether the intact and the ablated model are right; the first are shown first."""


@dataclass(frozen=True)
class Option:
    """An option of an item with both models' log-likelihoods, in nats."""

    text: str
    is_right: bool
    base: float
    ablated: float
    is_base: bool
    """Whether the intact model prefers it."""
    is_ablated: bool


@dataclass(frozen=True)
class Sample:
    """One item under one mask."""

    kind: Kind
    ability: str
    benchmark: str
    item_id: str
    verdict: str
    prompt: str
    options: tuple[Option, ...]
    """Empty where answers are written."""
    text: Parting | None
    """The written answers; None where answers are options."""
    targets: str
    """The right written answers."""
    base_answer: str
    answer: str
    change: float | None
    """How much p(right) changes; None where answers are written."""
    tag: str
    """The main tag in words; empty without one."""
    evidence: str
    cut: int
    """Tokens that were cut from the prompt."""


@dataclass(frozen=True)
class Samples:
    """The samples of a report, and of how many they are."""

    shown: tuple[Sample, ...]
    total: int
    changed: int
    """How many of all are broken or fixed."""


def samples(results: Results, kinds: Sequence[Kind], most: int = MOST_SAMPLES) -> Samples:
    """The samples of some matrices: broken items first, then fixed ones, each mask and benchmark in turn."""
    light = results.outcomes.select(*RUN_OF, *ITEM_OF, "correct")
    base = light.filter(pl.col("variant") == "base").select(*ITEM_OF, was=pl.col("correct"))
    of_kinds = _of_kinds(light, kinds).join(base, on=ITEM_OF)
    correct, was = pl.col("correct"), pl.col("was")
    of_changed = pl.when(was & ~correct).then(0).when(~was & correct).then(1)
    verdict = of_changed.when(~correct).then(2).otherwise(3)
    placed = of_kinds.with_columns(verdict=verdict).with_columns(
        turn=pl.int_range(pl.len()).over(*RUN_OF, "benchmark", "verdict")
    )
    every = placed.collect()
    chosen = every.sort("verdict", "turn", maintain_order=True).head(most)
    heavy = _of_kinds(results.outcomes, kinds).join(
        chosen.lazy().select(*RUN_OF, *ITEM_OF, "verdict", "turn"), on=[*RUN_OF, *ITEM_OF]
    )
    intact = results.outcomes.filter(pl.col("variant") == "base")
    both = heavy.join(intact.select(*ITEM_OF, *_BASE), on=ITEM_OF).collect()
    rows = both.sort("verdict", "turn", *RUN_OF, *ITEM_OF).to_dicts()
    tags = _main_tags(results, kinds)
    made = (_sample(row, tags) for row in rows)
    return Samples(tuple(_fitting(made)), len(every), len(every.filter(pl.col("verdict") < 2)))


def _fitting(made: Iterable[Sample]) -> Iterator[Sample]:
    """The first samples, as many as fit."""
    room = MOST_CHARACTERS
    for one in made:
        texts = [one.prompt, one.base_answer, one.answer, one.targets, one.evidence, *(one.text or ())]
        texts += [option.text for option in one.options]
        texts += [one.text.shared] if one.text else []  # on both sides
        room -= sum(len(escape(safe_block(text))) for text in texts)
        if room < 0:
            return
        yield one


_BASE = [pl.col(name).alias(f"base_{name}") for name in ("prediction", "loglikelihoods", "text", "answer")]


def _of_kinds(table: pl.LazyFrame, kinds: Iterable[Kind]) -> pl.LazyFrame:
    """The rows of some matrices."""
    wanted = pl.any_horizontal(
        pl.lit(value=False),
        *(
            (pl.col("variant") == one.variant)
            & (pl.col("selection") == one.selection)
            & (pl.col("k") == one.k)
            for one in kinds
        ),
    )
    return table.filter(wanted)


def _main_tags(results: Results, kinds: Sequence[Kind]) -> dict[tuple[Any, ...], tuple[str, str]]:
    """The main tag and its evidence, by mask and item."""
    rows = _of_kinds(results.tags.lazy(), kinds).filter("is_main").collect()
    return {
        tuple(row[name] for name in (*RUN_OF, *ITEM_OF)): (row["tag"], row["evidence"] or "")
        for row in rows.to_dicts()
    }


def _sample(row: Mapping[str, Any], tags: Mapping[tuple[Any, ...], tuple[str, str]]) -> Sample:
    options = _options(row)
    tag, evidence = tags.get(tuple(row[name] for name in (*RUN_OF, *ITEM_OF)), ("", ""))
    is_written = not options
    return Sample(
        kind=Kind(row["variant"], row["selection"], row["k"]),
        ability=row["ability"],
        benchmark=row["benchmark"],
        item_id=row["item_id"],
        verdict=VERDICTS[row["verdict"]],
        prompt=ending(row["prompt"] or "", MOST_PROMPT),
        options=options,
        text=parting(row["base_text"] or "", row["text"] or "") if is_written else None,
        targets=beginning(" · ".join(row["targets"] or ()), MOST_OPTION) if is_written else "",
        base_answer=_answer(row, "base_"),
        answer=_answer(row, ""),
        change=_change(row),
        tag=tag_words(tag),
        evidence=beginning(evidence, MOST_OWN),
        cut=row["cut"] or 0,
    )


def tag_words(tag: str | None) -> str:
    """A tag in words; one of a later version as it is."""
    known: dict[str, str] = dict(TAG_WORDS.items())
    return known.get(tag or "", tag or "")


def _options(row: Mapping[str, Any]) -> tuple[Option, ...]:
    texts, base, ablated = row["options"], row["base_loglikelihoods"], row["loglikelihoods"]
    if not texts or not base or not ablated or not len(texts) == len(base) == len(ablated):
        return ()
    return tuple(
        Option(
            beginning(text, MOST_OPTION),
            place == row["gold"],
            base[place],
            ablated[place],
            place == row["base_prediction"],
            place == row["prediction"],
        )
        for place, text in enumerate(texts)
    )


def _answer(row: Mapping[str, Any], side: str) -> str:
    """The chosen option, or the answer in the text."""
    chosen, options = row[f"{side}prediction"], row["options"]
    if chosen is not None and options and 0 <= chosen < len(options):
        return beginning(options[chosen].strip(), MOST_OPTION)
    return beginning(row[f"{side}answer"] or "", MOST_OPTION)


def _change(row: Mapping[str, Any]) -> float | None:
    """Ablated minus base p(right); None where there are no options with one right."""
    sides = [row["base_loglikelihoods"], row["loglikelihoods"]]
    if row["gold"] is None or not all(sides) or not all(0 <= row["gold"] < len(one) for one in sides):
        return None
    base, ablated = (_softmax(one)[row["gold"]] for one in sides)
    return float(ablated - base)


def _softmax(values: Sequence[float]) -> Any:
    weights = np.exp(np.array(values) - max(values))
    return weights / weights.sum()
