"""The ways in which an ablated answer can differ from the base answer, and how often each occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
"""The tags that say that something is worse."""

WORDS: dict[TagName, str] = {
    "same": "the same",
    "refusal": "refuses",
    "changes_language": "changes language",
    "repeats_itself": "repeats itself",
    "incoherent": "incoherent",
    "stops_early": "stops early",
    "no_answer": "no answer",
    "wrong_format": "wrong format",
    "miscounts": "miscounts",
    "wrong_step": "wrong step",
    "same_answer_other_way": "same answer, another way",
    "skips_steps": "skips the steps",
    "runs_on": "runs on",
    "other_answer": "another answer",
}
"""As a person reads them."""


@dataclass(frozen=True)
class Tag:
    """One thing that can be said of an ablated answer."""

    name: TagName
    evidence: str
    """What shows it, in one short sentence. May quote the answer: text of a model, to be shown as text."""
    start: int | None = None
    """First character of the ablated text that shows it; None where no one place does."""
    end: int | None = None
    """The character after the last one."""
    excess: float | None = None
    """Of `miscounts`: how much the number is over (above 0) or under (below 0) what is right."""


def main_tag(tags: Sequence[Tag]) -> Tag | None:
    """The one tag to count, by `PRIORITY`; None without any: the texts differ in no way that has a name."""
    return min(tags, key=lambda tag: PRIORITY.index(tag.name), default=None)


MENTIONED = 2
"""So many ways are named for one ability and variant at most …"""

LEAST_SHARE = 0.05
"""… and none that is rarer than this."""

VERBS: dict[TagName, str] = {
    "same": "are the same",
    "refusal": "refuse",
    "changes_language": "change language",
    "repeats_itself": "repeat themselves",
    "incoherent": "are incoherent",
    "stops_early": "stop early",
    "no_answer": "state no answer",
    "wrong_format": "have the wrong format",
    "miscounts": "miscount",
    "wrong_step": "take a wrong step",
    "same_answer_other_way": "reach the same answer another way",
    "skips_steps": "skip the steps",
    "runs_on": "run on",
    "other_answer": "state another answer",
}
"""What is said of the answers that a tag is the main one of."""


class FailureMode(NamedTuple):
    """One way that an answer can go."""

    name: TagName | None
    """The main tag; None for texts that differ in no way that has a name."""
    direction: str = ""
    """Of `miscounts`: "upward" or "downward"; else empty."""


@dataclass(frozen=True)
class Share:
    """How many of the answers go one way."""

    name: TagName | None
    """The main tag; None for texts that differ in no way that has a name."""
    direction: str
    """Of `miscounts`: "upward" or "downward"; else empty."""
    count: int
    share: Accuracy
    """Of all the answers, with its 95 % Wilson interval."""

    @property
    def way(self) -> str:
        """What is said of the answers, such as "miscount upward"."""
        verb = VERBS[self.name] if self.name else "differ in other ways"
        return f"{verb} {self.direction}".rstrip()

    @property
    def interval(self) -> str:
        """In percent, such as "[34, 48]"."""
        return f"[{100 * self.share.low:.0f}, {100 * self.share.high:.0f}]"

    def words(self) -> str:
        """Such as "41 % miscount upward (82 of 200 [34, 48])"."""
        of_all = f"({self.count} of {self.share.n} {self.interval})"
        return f"{100 * self.share.score:.0f} % {self.way} {of_all}"

    def brief(self) -> str:
        """Such as "41 % [34, 48] miscount upward", where the number of answers stands elsewhere."""
        return f"{100 * self.share.score:.0f} % {self.interval} {self.way}"


def mode_of(tags: Sequence[Tag]) -> FailureMode:
    """Which way an answer goes, by its main tag."""
    tag = main_tag(tags)
    if tag is None:
        return FailureMode(None)
    if tag.name != "miscounts" or not tag.excess:
        return FailureMode(tag.name)
    return FailureMode(tag.name, "upward" if tag.excess > 0 else "downward")


def shares(ways: Iterable[FailureMode]) -> tuple[Share, ...]:
    """How many answers go each way, the most frequent first; of equals by `PRIORITY`.

    Args:
        ways: of each answer.

    Raises:
        ValueError: there are no answers.
    """
    counts = Counter(ways)
    if not counts:
        raise ValueError("There are no answers to count.")
    places = np.arange(counts.total())
    found = [Share(*way, count, accuracy(places < count)) for way, count in counts.items()]
    return tuple(sorted(found, key=lambda share: (-share.count, _place(share.name), share.direction)))


def frequent(found: Sequence[Share]) -> tuple[Share, ...]:
    """The failures that are frequent enough to be named, the most frequent first; `MENTIONED` at most.

    Args:
        found: all shares of some answers.
    """
    return failing(found)[:MENTIONED]


def failing(found: Sequence[Share]) -> tuple[Share, ...]:
    """The failures that are not rarer than `LEAST_SHARE`, the most frequent first."""
    return tuple(share for share in found if share.name in FAILURES and share.share.score >= LEAST_SHARE)


def _place(name: TagName | None) -> int:
    return len(PRIORITY) if name is None else PRIORITY.index(name)
