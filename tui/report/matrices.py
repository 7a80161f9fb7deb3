"""The matrices of a profile: which one answers first, and each cell as a report shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from core.analysis.generation_quality import MOST_TIMES
from core.analysis.results import Results
from core.analysis.statistics import LEAST_EFFECT, NO_PROBABILITY, SIGNIFICANT
from core.masks.choices import CONTROLS
from tui.measures import AIS, AIS_P, Measure

BY_PREFERENCE = ("max_minus_shared", "top")
"""Selections, the one that says most about single abilities first."""


class Kind(NamedTuple):
    """What the masks of one matrix share."""

    variant: str
    selection: str
    k: float


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CellView:
    """One ability's mask on one benchmark."""

    ability: str
    benchmark: str
    effect: Interval | None
    """AIS_p, or AIS where there is no p(right); None if it is not identifiable."""
    mark: str
    is_link: bool
    """The whole interval is above `Results.least_effect`, and nothing forbids to say so."""
    is_open: bool
    """These items do not settle whether there is a link."""
    is_collapsed: bool
    is_shown: bool
    harms_writing: bool
    """The mask more than doubles the perplexity on neutral text: too much for `--k auto`."""
    reason: str
    """Why there is no effect; else empty."""
    beyond_others: Interval | None
    """The effect minus that of the other abilities' masks."""
    beyond_random: Interval | None
    """The effect minus that of random masks of the same size."""

    @property
    def is_specific(self) -> bool:
        """A link beyond the other abilities' masks, and beyond random ones if there are any."""
        is_random = self.beyond_random is not None and self.beyond_random.low <= 0
        return (
            self.is_link and self.beyond_others is not None and self.beyond_others.low > 0 and not is_random
        )


@dataclass(frozen=True)
class Column:
    """A benchmark of a matrix, as the intact model does it."""

    benchmark: str
    measure: Measure
    n: int
    base_score: float
    chance: float | None
    truncated: int
    random: float | None
    """The mean effect of the random masks of this size; None without any."""
    detectable: float | None
    """Minimum detectable AIS."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """One variant, selection and k: abilities by benchmarks."""

    kind: Kind
    weights: int
    share_of_candidates: float
    columns: tuple[Column, ...]
    rows: Mapping[str, tuple[CellView, ...]]
    """By ability, in the order of the columns."""

    @property
    def has_random(self) -> bool:
        """Whether random masks of this size were run."""
        return any(one.random is not None for one in self.columns)

    @property
    def cells(self) -> list[CellView]:
        """All cells, ability by ability."""
        return [cell for row in self.rows.values() for cell in row]

    @property
    def links(self) -> list[CellView]:
        """The links, the strongest first."""
        return sorted((one for one in self.cells if one.is_link), key=lambda one: -_value(one))

    def of(self, benchmark: str) -> list[CellView]:
        """The cells of one benchmark, the strongest effect first."""
        return sorted((one for one in self.cells if one.benchmark == benchmark), key=lambda one: -_value(one))

    @property
    def collapsed(self) -> list[str]:
        """The abilities whose masks take every benchmark down to chance."""
        return [ability for ability, row in self.rows.items() if any(one.is_collapsed for one in row)]

    @property
    def mute(self) -> list[str]:
        """The abilities whose masks harm all writing."""
        return [ability for ability, row in self.rows.items() if any(one.harms_writing for one in row)]


def _value(cell: CellView) -> float:
    return cell.effect.value if cell.effect else float("-inf")


def matrices(results: Results) -> list[Matrix]:
    """All matrices but those of controls, the first of each variant being its answer.

    The answer is the preferred selection at the largest k at which no mask collapses, else at the smallest k:
    a rule that looks at no effect on a single benchmark.
    """
    cells = results.cells.filter(pl.col("ability") != "")
    if not len(cells):
        return []
    made = [
        _matrix(Kind(*rows.select("variant", "selection", "k").row(0)), rows, cells)
        for rows in cells.filter(~pl.col("selection").is_in(CONTROLS)).partition_by(
            "variant", "selection", "k", maintain_order=True
        )
    ]
    found = []
    for variant in dict.fromkeys(one.kind.variant for one in made):
        of_variant = [one for one in made if one.kind.variant == variant]
        first = _answer(of_variant)
        found += [first, *(one for one in of_variant if one is not first)]
    return found


def answers(found: Sequence[Matrix]) -> list[Matrix]:
    """The first matrix of each variant."""
    return list({one.kind.variant: one for one in reversed(found)}.values())[::-1]


def _answer(found: Sequence[Matrix]) -> Matrix:
    by_name = {name: place for place, name in enumerate(BY_PREFERENCE)}
    best = min((one.kind.selection for one in found), key=lambda name: by_name.get(name, len(by_name)))
    same = sorted((one for one in found if one.kind.selection == best), key=lambda one: one.kind.k)
    standing = [one for one in same if not one.collapsed]
    return standing[-1] if standing else same[0]


def _matrix(kind: Kind, rows: pl.DataFrame, cells: pl.DataFrame) -> Matrix:
    """One matrix from its rows; the controls are looked up in all cells."""
    benchmarks = list(dict.fromkeys(rows["benchmark"]))
    measures = {name: _measure(rows.filter(benchmark=name)) for name in benchmarks}
    drawn = cells.filter(selection="random", variant=kind.variant, k=kind.k)
    columns = tuple(_column(rows.filter(benchmark=name), measures[name], drawn) for name in benchmarks)
    by_name = {(row["ability"], row["benchmark"]): row for row in rows.to_dicts()}
    return Matrix(
        kind,
        rows["weights"].max(),  # type: ignore[arg-type]
        rows["share_of_candidates"].max(),  # type: ignore[arg-type]
        columns,
        {
            ability: tuple(_cell(by_name[ability, name], measures[name]) for name in benchmarks)
            for ability in dict.fromkeys(rows["ability"])
        },
    )


def _measure(rows: pl.DataFrame) -> Measure:
    """AIS where there is no p(right), else AIS_p."""
    return AIS if (rows["ais_p_reason"] == NO_PROBABILITY).all() else AIS_P


def _column(rows: pl.DataFrame, measure: Measure, drawn: pl.DataFrame) -> Column:
    first = rows.row(0, named=True)
    random = drawn.filter(benchmark=first["benchmark"])[measure.effect].mean()
    detectable = rows["detectable_ais"].drop_nulls()
    return Column(
        benchmark=first["benchmark"],
        measure=measure,
        n=int(rows["n"].max() or 0),  # type: ignore[arg-type]
        base_score=first["base_score"],
        chance=first["chance"],
        truncated=int(rows["truncated"].fill_null(0).max() or 0),  # type: ignore[arg-type]
        random=random if isinstance(random, float) else None,
        detectable=detectable[0] if len(detectable) else None,
    )


def _cell(row: Mapping[str, Any], measure: Measure) -> CellView:
    effect = _interval(row, measure.effect)
    is_open = measure is AIS_P and effect is not None and row["link"] is None and row["shown"] is not False
    return CellView(
        ability=row["ability"],
        benchmark=row["benchmark"],
        effect=effect,
        mark=measure.mark(row) if effect and not row["collapsed"] else "",
        is_link=effect is not None and _is_link(row, measure, effect),
        is_open=is_open and not row["collapsed"],
        is_collapsed=bool(row["collapsed"]),
        is_shown=row["shown"] is not False,
        harms_writing=(row["perplexity"] or 0.0) > MOST_TIMES * (row["base_perplexity"] or math.inf),
        reason="" if effect else row[measure.reason] or "",
        beyond_others=_interval(row, "specificity" if measure is AIS else "specificity_p"),
        beyond_random=None if measure is AIS else _interval(row, "over_random_p"),
    )


def _is_link(row: Mapping[str, Any], measure: Measure, effect: Interval) -> bool:
    if row["collapsed"] or row["shown"] is False:
        return False
    if measure is AIS_P:
        return row["link"] is True
    q = row["q_value"]
    return effect.low > (row["until"] or LEAST_EFFECT) and q is not None and q < SIGNIFICANT


def _interval(row: Mapping[str, Any], name: str) -> Interval | None:
    """The estimate with its interval; None unless all three are numbers."""
    values = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
    return None if any(value is None for value in values) else Interval(*values)
