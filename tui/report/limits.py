"""What a profile cannot say, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.analysis.results import Results
from tui.numbers import interval, k_text, number
from tui.report.matrices import Column, Matrix
from tui.report.words import word
from tui.result_words import ENOUGH, cut_text


class Limit(NamedTuple):
    """A kind of thing that cannot be said."""

    name: str
    meaning: str
    cases: tuple[str, ...]


def limits(results: Results, found: Sequence[Matrix], answering: Sequence[Matrix]) -> list[Limit]:
    """All that applies to this profile.

    Args:
        results: the profile.
        found: all its matrices.
        answering: those that answer first.
    """
    made = [
        Limit(
            "Not identifiable",
            "The intact model is not above chance by two standard errors, or the benchmark has no usable "
            "chance level: no drop can be measured.",
            _not_identifiable(answering),
        ),
        Limit(
            "Not shown",
            "On the ability's own items the intact model is not above chance: the importance of an ability "
            "that is not there means nothing, so its masks make no link.",
            tuple(
                f"{word(one.ability)}: {one.right} of {one.n} right, {number(one.accuracy)} "
                f"{interval(one.low, one.high)}"
                for one in results.settings.shown
                if not one.shown
            ),
        ),
        Limit(
            "Collapsed",
            "The mask takes every benchmark that the intact model can do down to chance: that says nothing "
            "about one ability. A smaller k or max_minus_shared may help.",
            tuple(
                f"{one.kind.variant} · {one.kind.selection} · k {k_text(one.kind.k)}: "
                + ", ".join(word(ability) for ability in one.collapsed)
                for one in found
                if one.collapsed
            ),
        ),
        Limit(
            "Not settled",
            f"The interval has {number(results.least_effect)} inside, so these items neither show a link nor "
            "exclude one: more might.",
            _not_settled(answering),
        ),
        Limit(
            "Small effects",
            "With so many items an AIS, of right and wrong, below the minimum detectable one hardly shows. "
            "AIS_p shows smaller effects.",
            _detectable(answering),
        ),
        Limit(
            "Cut prompts",
            "Prompts that are longer than the model takes are cut from the left, as lm-evaluation-harness "
            "cuts them.",
            tuple(
                f"{column.benchmark}: {cut_text(column.truncated, column.n)}"
                for column in _columns(answering)
                if column.truncated
            ),
        ),
        Limit(
            "Few random masks", "An empirical p of .05 takes 19 random masks.", _few_random(results, found)
        ),
        Limit(
            "Not in this folder",
            "A profile's folder does not record them.",
            (
                "Where the masks lie, and how far abilities have the same weights: abilityscope importance "
                "and abilityscope overlap show it from the cache.",
            ),
        ),
    ]
    return [one for one in made if one.cases]


def _columns(found: Sequence[Matrix]) -> Iterable[Column]:
    """The benchmarks of some matrices, each once."""
    return {column.benchmark: column for one in found for column in one.columns}.values()


def _not_identifiable(answering: Sequence[Matrix]) -> tuple[str, ...]:
    """A line for each benchmark without an effect: the reason is the intact model's, so that of all masks."""
    found = {
        cell.benchmark: f"{cell.benchmark}: {cell.reason.removeprefix('not identifiable: ')}"
        for one in answering
        for cell in one.cells
        if cell.effect is None
    }
    return tuple(found.values())


def _not_settled(answering: Sequence[Matrix]) -> tuple[str, ...]:
    lines = []
    for one in answering:
        still_open = [cell for cell in one.cells if cell.is_open]
        if still_open:
            lines.append(f"{one.kind.variant}: {len(still_open)} of {len(one.cells)} cells")
    return tuple(lines)


def _detectable(answering: Sequence[Matrix]) -> tuple[str, ...]:
    """The minimum detectable AIS of each matrix, over its benchmarks."""
    lines = []
    for one in answering:
        known = sorted({number(column.detectable) for column in one.columns if column.detectable is not None})
        if known:
            span = known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"
            lines.append(f"{one.kind.variant}: minimum detectable AIS {span} (80 % power)")
    return tuple(lines)


def _few_random(results: Results, found: Sequence[Matrix]) -> tuple[str, ...]:
    masks = results.cells["random_masks"].max()
    if not found or not isinstance(masks, int) or masks >= ENOUGH:
        return ()
    return (f"{masks} per cell here: --random-seeds {ENOUGH} can show .05.",)
