"""The ways in which an ablated answer can differ from the base answer, and how often each occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from core.analysis.statistics.accuracy import Accuracy, accuracy

TagName = Literal[
    "same",
    "refusal",
    "changes_language",
    "repeats_itself",
    "incoherent",
    "stops_early",
    "no_answer",
    "wrong_format",
    "miscounts",
    "wrong_step",
    "same_answer_other_way",
    "skips_steps",
    "runs_on",
    "other_answer",
]

PRIORITY: tuple[TagName, ...] = get_args(TagName)
"""Which of several tags counts: the first. What collapses the whole text comes before what is wrong in it,
and that before how it was reached."""

FAILURES: frozenset[TagName] = frozenset(PRIORITY) - {"same", "same_answer_other_way"}
"""The tags that mean that something is worse."""


@dataclass(frozen=True)
class Tag:
    """One difference of an ablated answer from the base answer."""

    name: TagName
    evidence: str
    """What shows it, in one short sentence. May quote the model: to be shown as text."""
    start: int | None = None
    """First character of the ablated text that shows it; None where it is nowhere in particular."""
    end: int | None = None
    """The character after the last one."""
    excess: float | None = None
    """For `miscounts`: how much the number is over (above 0) or under (below 0) the right one."""


def main_tag(tags: Sequence[Tag]) -> Tag | None:
    """The first tag by `PRIORITY`; None if the texts differ in no way that has a name."""
    return min(tags, key=lambda tag: PRIORITY.index(tag.name), default=None)


MENTIONED = 2
"""Failure modes that a table names, at most …"""

LEAST_SHARE = 0.05
"""… and none rarer than this."""


class FailureMode(NamedTuple):
    """How an answer ends up."""

    name: TagName | None
    """The main tag; None for an unnamed difference."""
    direction: str = ""
    """For `miscounts`: "upward" or "downward"; else empty."""


@dataclass(frozen=True)
class Share:
    """How many answers have one failure mode."""

    name: TagName | None
    """The main tag; None for an unnamed difference."""
    direction: str
    """For `miscounts`: "upward" or "downward"; else empty."""
    count: int
    share: Accuracy
    """The share of all answers, with its 95 % Wilson interval."""
    base: float | None = None
    """The share of base answers that end up so beside the right ones; None where no right one is known."""


def mode_of(tags: Sequence[Tag]) -> FailureMode:
    """The failure mode of an answer, by its main tag."""
    tag = main_tag(tags)
    if tag is None:
        return FailureMode(None)
    if tag.name != "miscounts" or not tag.excess:
        return FailureMode(tag.name)
    return FailureMode(tag.name, "upward" if tag.excess > 0 else "downward")


def shares(
    modes: Iterable[FailureMode], base_modes: Mapping[FailureMode, int] | None = None
) -> tuple[Share, ...]:
    """How many answers have each failure mode: the most frequent first, then by `PRIORITY`.

    Args:
        modes: one for each answer.
        base_modes: how many base answers end up in each, beside the right answers.

    Raises:
        ValueError: there are no answers.
    """
    counts = Counter(modes)
    if not counts:
        raise ValueError("There are no answers to count.")
    indices = np.arange(counts.total())
    n_base = sum(base_modes.values()) if base_modes else 0
    found = [
        Share(
            *mode, count, accuracy(indices < count), base_modes.get(mode, 0) / n_base if base_modes else None
        )
        for mode, count in counts.items()
    ]
    return tuple(sorted(found, key=lambda share: (-share.count, _rank(share.name), share.direction)))


def frequent(found: Sequence[Share]) -> tuple[Share, ...]:
    """The most frequent failures, as many as a table names."""
    return failing(found)[:MENTIONED]


def failing(found: Sequence[Share]) -> tuple[Share, ...]:
    """The failures not rarer than `LEAST_SHARE`, the most frequent first."""
    return tuple(share for share in found if share.name in FAILURES and share.share.score >= LEAST_SHARE)


def _rank(name: TagName | None) -> int:
    return len(PRIORITY) if name is None else PRIORITY.index(name)
