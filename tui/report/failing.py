"""How answers fail in a profile: shares of written ones, margins of chosen ones, examples; generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from core.analysis.diagnosis import Share, frequent_failures
from core.analysis.results import Results
from core.analysis.statistics.scores import Accuracy
from tui.failure_words import TAG_VERBS, share_text
from tui.numbers import k_text, percent
from tui.report.matrices import Kind, Matrix
from tui.report.samples import Sample
from tui.result_words import times_text

EXAMPLES_OF_A_TAG = 2
MOST_EXAMPLES = 12


class WrittenRow(NamedTuple):
    """How the written answers of one benchmark fail under one mask."""

    benchmark: str
    ability: str
    n: int
    words: str


class ChoiceRow(NamedTuple):
    """What one mask does to the answers that are options, over all benchmarks."""

    ability: str
    n: int
    broken: int
    base_margin: float | None
    margin: float | None
    preferences: str


class QualityCell(NamedTuple):
    """Whether a masked model can still write."""

    times: str
    """Its perplexity on neutral text, as a multiple of the intact model's."""
    repeating: str
    unreadable: str


class QualityRow(NamedTuple):
    """One ability's masks, or the random ones together, at each k; None where it is not measured."""

    name: str
    cells: tuple[QualityCell | None, ...]


@dataclass(frozen=True)
class Quality:
    """The generation quality of one variant and selection."""

    variant: str
    selection: str
    ks: tuple[str, ...]
    answers: int
    base_perplexity: float | None
    rows: tuple[QualityRow, ...]


def written_rows(results: Results, kind: Kind) -> list[WrittenRow]:
    """The failures of written answers, benchmark by benchmark."""
    rows = results.failures.filter(variant=kind.variant, selection=kind.selection, k=kind.k)
    order = {one.id: place for place, one in enumerate(results.settings.benchmarks)}
    found = [
        WrittenRow(one["benchmark"][0], one["ability"][0], one["n"][0], _failures(one))
        for one in rows.partition_by("benchmark", "ability", maintain_order=True)
    ]
    return sorted(found, key=lambda row: order.get(row.benchmark, len(order)))


def _failures(rows: pl.DataFrame) -> str:
    """The failures of one mask on one benchmark, the most frequent first."""
    known = [row for row in rows.to_dicts() if row["tag"] is None or row["tag"] in TAG_VERBS]
    found = [
        Share(
            row["tag"],
            row["count"],
            Accuracy(row["n"], row["share"], row["low"], row["high"]),
            row["base_share"],
        )
        for row in known
    ]
    named = [share_text(one) for one in frequent_failures(found)]
    return "; ".join(named) or "no failure in 5 % or more"


def choice_rows(results: Results, kind: Kind) -> list[ChoiceRow]:
    """What each mask does to chosen answers, over all benchmarks."""
    rows = results.choices.filter(variant=kind.variant, selection=kind.selection, k=kind.k)
    preferences = {
        one.ability: "; ".join(one.preferences)
        for one in results.settings.failures.choices
        if (one.variant, one.selection, one.k) == kind
    }
    return [
        ChoiceRow(
            ability := one["ability"][0],
            int(one["n"].sum()),
            int(one["broken"].sum()),
            _mean(one, "base_margin"),
            _mean(one, "margin"),
            preferences.get(ability, ""),
        )
        for one in rows.partition_by("ability", maintain_order=True)
    ]


def _mean(rows: pl.DataFrame, name: str) -> float | None:
    """The mean over items of a mean over benchmarks."""
    known = rows.drop_nulls(name)
    n = int(known["n"].sum())
    return float((known[name] * known["n"]).sum()) / n if n else None


def examples(samples: Sequence[Sample]) -> list[Sample]:
    """Some of each kind of failure, and for each ability the chosen answer that fell most."""
    written = [one for one in samples if one.text and not one.text.is_same]
    by_tag: dict[str, int] = {}
    found = []
    for one in written:
        by_tag[one.tag] = by_tag.get(one.tag, 0) + 1
        if by_tag[one.tag] <= EXAMPLES_OF_A_TAG:
            found.append(one)
    chosen = sorted(
        (one for one in samples if one.verdict == "broken" and one.change is not None),
        key=lambda one: one.change or 0.0,
    )
    fell = {one.ability: one for one in reversed(chosen)}
    return [*found, *fell.values()][:MOST_EXAMPLES]


def quality(results: Results, answer: Matrix) -> Quality | None:
    """The generation quality of the masks of a matrix's variant and selection at every k."""
    cells = results.cells.filter(variant=answer.kind.variant).drop_nulls("perplexity")
    rows = cells.filter(selection=answer.kind.selection)
    if not len(rows):
        return None
    ks = sorted(rows["k"].unique())
    made = [
        QualityRow(ability, tuple(_quality_cell(rows.filter(ability=ability, k=k)) for k in ks))
        for ability in answer.rows
    ]
    drawn = cells.filter(selection="random")
    if len(drawn):
        made.append(QualityRow("random masks, mean", tuple(_quality_cell(drawn.filter(k=k)) for k in ks)))
    first = rows.row(0, named=True)
    return Quality(
        answer.kind.variant,
        answer.kind.selection,
        tuple(map(k_text, ks)),
        int(first["generation_quality_answers"] or 0),
        first["base_perplexity"],
        tuple(made),
    )


def _quality_cell(rows: pl.DataFrame) -> QualityCell | None:
    """The mean over some masks."""
    if not len(rows):
        return None
    times = (rows["perplexity"] / rows["base_perplexity"]).mean()
    repeating, unreadable = (float(rows[name].mean() or 0.0) for name in ("repeating", "unreadable"))  # type: ignore[arg-type]
    return QualityCell(
        times_text(times if isinstance(times, float) else None), percent(repeating), percent(unreadable)
    )
