"""The ways in which an ablated answer can differ from the base answer, and which of several counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

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
