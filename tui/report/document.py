"""All that a report says, ready for a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from core.analysis.results import Results, SearchRecord
from core.analysis.table import AttributionAccuracy
from tui.frontier_words import RULE, FrontierRow, frontier_rows
from tui.names import VARIANT_WORDS
from tui.numbers import interval, k_text, number, percent
from tui.report.drawing import LinksDrawing, SweepDrawing, frontier_drawing, links_drawing, sweeps
from tui.report.failing import ChoiceRow, Quality, WrittenRow, choice_rows, examples, quality, written_rows
from tui.report.limits import Limit, limits
from tui.report.matrices import CellView, Column, Interval, Kind, Matrix, answers, matrices
from tui.report.run_facts import Fact, command_line, facts
from tui.report.samples import Sample, Samples, samples
from tui.report.words import word

ATTRIBUTION = (
    "The items of a compound benchmark need two or three abilities by construction, so it is known what "
    "should be named. A cell names its ability if the whole interval of its AIS_p is above .05 (link), or if "
    "it is above that of the other abilities' masks by the whole interval of the difference, and above "
    "random ones where these were run (specific). "
    "Silent: cells that cannot name theirs, being not identifiable, under a collapsed mask, or of an "
    "ability that the model does not show. Precision: needed among the named. Recall: named among the "
    "needed. F1: their harmonic mean; naming every ability everywhere gives {}."
)


SEARCH = (
    "k was chosen by {} items of each ability that no benchmark has. Own: mean AIS_p of the masks on their "
    "own ability's items; others: on those of the other abilities; with 95 % intervals. Chosen is "
    f"{RULE}, of those at which every mask leaves the model able to write."
)


class Need(NamedTuple):
    """What one benchmark needs."""

    column: Column
    links: tuple[CellView, ...]
    """Its links, the strongest first."""
    strongest: CellView | None
    """The strongest effect that is no link, where there is no link."""

    @property
    def leading(self) -> tuple[CellView, ...]:
        """The links beyond other masks; without any, the strongest one."""
        return tuple(one for one in self.links if one.is_specific) or self.links[:1]

    @property
    def rest(self) -> tuple[CellView, ...]:
        """The other links: other masks may do as much."""
        return tuple(one for one in self.links if one not in self.leading)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the benchmarks need, by one variant."""

    matrix: Matrix
    title: str
    sentences: tuple[str, ...]
    drawing: LinksDrawing
    needs: tuple[Need, ...]
    sweeps: tuple[SweepDrawing, ...]
    quality: Quality | None
    written: tuple[WrittenRow, ...]
    choices: tuple[ChoiceRow, ...]


class Search(NamedTuple):
    """How the k of a variant was chosen."""

    title: str
    items: int
    """Choosing items of each ability."""
    rows: tuple[FrontierRow, ...]
    drawing: SweepDrawing | None


class TitledMatrix(NamedTuple):
    """A matrix with its title."""

    title: str
    matrix: Matrix


class Intact(NamedTuple):
    """How the intact model does a benchmark of a profile that ablates nothing."""

    benchmark: str
    score: float
    chance: float | None
    n: int


@dataclass(frozen=True, eq=False)
class Report:
    """A report, by section."""

    model: str
    least: str
    """The effect that the whole interval of a link is above, as a number in words."""
    facts: tuple[Fact, ...]
    command: str
    answers: tuple[Answer, ...]
    others: tuple[TitledMatrix, ...]
    attribution: tuple[AttributionAccuracy, ...]
    """How well each matrix names what compound benchmarks need; empty without any."""
    searches: tuple[Search, ...]
    """By variant; empty if k was given."""
    intact: tuple[Intact, ...]
    """Only where nothing was ablated."""
    examples: tuple[Sample, ...]
    samples: Samples
    limits: tuple[Limit, ...]

    @property
    def attribution_words(self) -> str:
        """What the figures of `attribution` are."""
        return ATTRIBUTION.format(number(self.attribution[0].f1_of_all))

    @property
    def search_words(self) -> str:
        """What the figures of `searches` are."""
        return SEARCH.format(self.searches[0].items)

    @property
    def matrices(self) -> list[TitledMatrix]:
        """All matrices with their titles, those that answer first."""
        return [*(TitledMatrix(one.title, one.matrix) for one in self.answers), *self.others]


def report_of(results: Results) -> Report:
    """The report of a profile."""
    found = matrices(results)
    answering = answers(found)
    shown = samples(results, [one.kind for one in answering])
    return Report(
        model=results.model,
        least=number(results.least_effect),
        facts=tuple(facts(results)),
        command=command_line(results),
        answers=tuple(_answer(results, one, found) for one in answering),
        others=tuple(TitledMatrix(title(one.kind), one) for one in found if one not in answering),
        attribution=tuple(results.settings.attribution),
        searches=tuple(_search(one) for one in results.settings.auto_k if frontier_rows(one)),
        intact=() if found else _intact(results),
        examples=tuple(examples(shown.shown)),
        samples=shown,
        limits=tuple(limits(results, found, answering)),
    )


def title(kind: Kind | AttributionAccuracy) -> str:
    """Such as `MLP-only · contrast · k 0.3 %`."""
    return f"{_variant_words(kind.variant)} · {kind.selection} · k {k_text(kind.k)}"


def _variant_words(variant: str) -> str:
    """A variant in words; as it is where it is none of ours."""
    words: dict[str, str] = dict(VARIANT_WORDS.items())
    return words.get(variant, variant)


def _answer(results: Results, one: Matrix, found: list[Matrix]) -> Answer:
    same = [other for other in found if other.kind[:2] == one.kind[:2]]
    needs = tuple(_need(one, column) for column in one.columns)
    return Answer(
        matrix=one,
        title=title(one.kind),
        sentences=tuple(_sentences(one, needs, number(results.least_effect))),
        drawing=links_drawing(one),
        needs=needs,
        sweeps=tuple(sweeps(one, same)),
        quality=quality(results, one),
        written=tuple(written_rows(results, one.kind)),
        choices=tuple(choice_rows(results, one.kind)),
    )


def _search(found: SearchRecord) -> Search:
    name = f"{_variant_words(found.variant)} · {', '.join(found.selections)}"
    rows = tuple(frontier_rows(found))
    return Search(name, found.choosing_items, rows, frontier_drawing(found, name))


def _need(matrix: Matrix, column: Column) -> Need:
    cells = matrix.of(column.benchmark)
    links = tuple(one for one in cells if one.is_link)
    known = [one for one in cells if one.effect and not one.is_collapsed and one.is_shown]
    return Need(column, links, known[0] if known and not links else None)


def _sentences(matrix: Matrix, needs: tuple[Need, ...], least: str) -> list[str]:
    """The answer in words."""
    linked = [one for one in needs if one.links]
    specific = [one for one in linked if any(cell.is_specific for cell in one.links)]
    silent = [one for one in needs if all(cell.effect is None for cell in matrix.of(one.column.benchmark))]
    weights = (
        f"{matrix.weights:,} weights at 0, {percent(matrix.share_of_candidates)} of the candidates, each"
    )
    lines = [
        f"{_of(len(linked), len(needs))} need at least one ability: the whole interval of its effect is "
        f"above {least} ({weights}).",
        f"{_of(len(specific), len(needs))} need one in particular: its mask takes more than the other "
        f"abilities' masks {'and than random masks of the same size do' if matrix.has_random else 'do'}.",
    ]
    if silent:
        lines.append(f"{_of(len(silent), len(needs))} cannot be judged: the intact model is at chance there.")
    if not matrix.has_random:
        lines.append("No random masks of this size were run, so it may be that any such mask does as much.")
    if matrix.collapsed:
        lines.append(
            f"Left out, as every benchmark falls to chance: {', '.join(map(word, matrix.collapsed))}."
        )
    if matrix.mute:
        lines.append(
            f"All writing suffers, its perplexity more than doubled: {', '.join(map(word, matrix.mute))}."
        )
    return lines


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} benchmarks"


def _intact(results: Results) -> tuple[Intact, ...]:
    rows = results.cells.unique("benchmark", maintain_order=True).select(
        "benchmark", pl.col("base_score"), "chance", "n"
    )
    return tuple(Intact(*row) for row in rows.iter_rows())


def estimate(found: Interval | None) -> str:
    """Such as `.65 [.52, .77]`; a dot without one."""
    return "·" if found is None else f"{number(found.value)} {interval(found.low, found.high)}"


def verdict(cell: CellView) -> str:
    """What a link is worth, in words."""
    if cell.is_specific:
        return f"in particular{', but all writing suffers' if cell.harms_writing else ''}"
    if cell.beyond_random is not None and cell.beyond_random.low <= 0:
        return "random masks may do as much"
    return (
        "other abilities' masks may do as much"
        if cell.beyond_others
        else "no other abilities to compare with"
    )
