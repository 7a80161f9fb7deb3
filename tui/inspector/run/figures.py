"""What the tab Run shows, as plain values and as text to paste. Needs neither polars nor numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.inspector.ais.cell_text import ais_with_interval
from tui.measures import AIS_P
from tui.names import VARIANT_WORDS, order_words
from tui.numbers import interval, k_text, number, probability, share
from tui.result_words import cut_text, quality_text, random_masks, settled_words, too_few
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.statistics.cells import CellStatistics
    from core.analysis.statistics.scores import Accuracy, EmpiricalP
    from core.run.pace import Estimate
    from core.run.specs import Run
    from tui.inspector.lens import Lens

Side = Literal["base", "ablated", "control"]

SIDE_WORDS: dict[Side, str] = {"base": "base", "ablated": "ablated", "control": "random control"}

WRECKED = "this mask wrecks the model"
"""Where the generation quality is not acceptable."""

SETTLED_WIDTH = 0.2
"""Figures with a wider interval are dimmed."""


@dataclass(frozen=True)
class SideFigures:
    """The results of one model so far."""

    run: Run
    accuracy: Accuracy | None
    """Mean score over its answers; None without answers."""
    effect: CellStatistics | None
    """Effect against base over the items that both answered; None for base and without such items."""
    broken: int
    """Items that base has right and this side wrong."""
    fixed: int
    """Items that base has wrong and this side right."""


@dataclass(frozen=True)
class Curve:
    """A running mean score."""

    side: Side
    items: tuple[int, ...]
    """Numbers of items, ascending."""
    shares: tuple[float, ...]
    """Mean score after so many items."""


@dataclass(frozen=True)
class ItemLine:
    """One listed item."""

    index: int
    beginning: str
    options: tuple[str, ...]
    gold: int | None
    base: int | None
    """Index of the intact model's option; None if unknown."""
    other: int | None
    """The same for the ablated model or the control."""
    base_right: bool | None
    other_right: bool | None


@dataclass(frozen=True)
class Listing:
    """Some items, and why they are listed."""

    kind: Literal["arrived", "flipped", "wrong"]
    """The last of a live run; those where base and the other side differ; those answered wrong."""
    side: Side
    """The side whose answers stand beside base's."""
    lines: tuple[ItemLine, ...]
    total: int
    """All such items; `lines` has the first, or the last that arrived."""
    answered: int
    """Items that the sides compared have answered: fewer than all where a run stopped when it was known."""


@dataclass(frozen=True)
class Figures:
    """Everything that is shown of a comparison."""

    n: int
    """Items of each run."""
    chance: float | None
    sides: Mapping[Side, SideFigures]
    curves: tuple[Curve, ...]
    stored: frozenset[Side]
    """The sides in the cache."""
    live: Side | None
    """The side that is running: curves and lines are in the order of its answers, else in item order."""
    scorings: int
    """Abilities whose importance has to be computed first."""
    listing: Listing
    is_graded: bool = False
    """Whether an answer can score between 0 and 1."""
    truncated: int = 0
    """Items whose prompt was cut."""
    quality: GenerationQuality | None = None
    """Generation quality under the mask; None where it was not measured."""
    empirical: EmpiricalP | None = None
    """The mask beside all stored random masks of its size; None without any."""
    estimate: Estimate | None = None
    """How long missing runs take; None if none is missing."""
    until: float | None = None
    """The least AIS of interest, at which runs stop as soon as it is settled; None: all items count."""

    def is_stopped(self, side: Side) -> bool:
        """Whether a run stops when it is known: intervals for a fixed number of items do not hold there."""
        return self.until is not None and side != "base"

    @property
    def score_word(self) -> str:
        """The name of the first figure of each side."""
        return "score" if self.is_graded else "accuracy"


def nothing_yet(runs: Mapping[Side, Run], chance: float | None) -> Figures:
    """The figures before the cache was read."""
    sides = {side: SideFigures(run, None, None, 0, 0) for side, run in runs.items()}
    listing = Listing("wrong", "base", (), 0, 0)
    return Figures(runs["base"].n, chance, sides, (), frozenset(), None, 0, listing)


def is_settled(low: float, high: float) -> bool:
    """Whether an interval is narrow enough to be read."""
    return high - low < SETTLED_WIDTH


def report_of(model: str, lens: Lens, figures: Figures) -> str:
    """What was ablated and all figures, as lines to paste."""
    lines = [f"{safe_line(model)} on {lens.benchmark}"]
    if figures.chance is not None:
        lines[0] += f", chance {number(figures.chance)}"
    if lens.variant != "base":
        order = order_words(lens.selection, lens.scope)
        words = f"{VARIANT_WORDS[lens.variant]}, {order}, k {k_text(lens.k)}"
        lines.append(f"ablated: {lens.ability}, {words}")
    lines += [_side_line(side, one, figures) for side, one in figures.sides.items()]
    if figures.empirical is not None:
        p, masks = figures.empirical
        lines.append(f"empirical p {probability(p)} from {random_masks(masks)}{too_few(masks)}")
    if figures.quality is not None:
        lines.append(f"generation quality under the mask: {quality_text(figures.quality)}")
        lines += [] if figures.quality.is_acceptable else [WRECKED]
    lines += [cut_text(figures.truncated, figures.n)] if figures.truncated else []
    return "\n".join(lines)


def _side_line(side: Side, one: SideFigures, figures: Figures) -> str:
    name = f"{SIDE_WORDS[side]:<15}"
    if one.accuracy is None:
        return f"{name}not run"
    found = one.accuracy
    is_whole = found.n == figures.n or side in figures.stored
    items = f"n {found.n}" if is_whole else f"{found.n} of {figures.n} items"
    ends = "" if figures.is_stopped(side) else f" {interval(found.low, found.high)}"
    parts = [f"{figures.score_word} {share(found.score)}{ends}", items]
    if one.effect is not None:
        ais = f"AIS {ais_with_interval(one.effect)}" if one.effect.defined else one.effect.reason
        parts.append(ais)
        parts += [f"AIS_p {ais_with_interval(one.effect, AIS_P)}"] if one.effect.ais_p is not None else []
        if figures.until is None:
            parts.append(f"McNemar p {probability(one.effect.p_value)}")
        else:
            word = settled_words(one.effect, is_over=side in figures.stored)
            parts.append(f"{word} (until {number(figures.until)})")
        parts.append(f"{one.broken} right to wrong, {one.fixed} wrong to right")
    return name + ", ".join(parts)
