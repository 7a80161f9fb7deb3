"""How often ablated answers fail in which way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.analysis.diagnosis.failure_modes import FAILURES, PRIORITY, Tag, TagName, main_tag
from core.analysis.statistics.accuracy import Accuracy, accuracy

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
