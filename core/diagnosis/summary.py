"""How often an ablated model fails in which way, by ability and variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.abilities.catalogue import find_ability
from core.choices import Variant
from core.diagnosis.tags import FAILURES, PRIORITY, Tag, TagName, main_tag
from core.statistics import Accuracy, accuracy

MENTIONED = 3
"""So many ways are named for one ability and variant at most …"""

LEAST_SHARE = 0.05
"""… and none that is rarer than this."""

VARIANT_WORDS: dict[Variant, str] = {"base": "base", "mlp": "MLP-only", "all": "all layers"}

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

    def words(self) -> str:
        """Such as "41 % miscount upward (82 of 200 [34, 48])"."""
        verb = VERBS[self.name] if self.name else "differ in other ways"
        interval = f"[{100 * self.share.low:.0f}, {100 * self.share.high:.0f}]"
        way = f"{verb} {self.direction}".rstrip()
        return f"{100 * self.share.score:.0f} % {way} ({self.count} of {self.share.n} {interval})"


def shares(diagnoses: Sequence[Sequence[Tag]]) -> tuple[Share, ...]:
    """How many answers go each way, by their main tags, the most frequent first; of equals by `PRIORITY`.

    Args:
        diagnoses: the tags of each answer.

    Raises:
        ValueError: there are no answers.
    """
    ways = [_way(tags) for tags in diagnoses]
    if not ways:
        raise ValueError("There are no answers to count.")
    found = [
        Share(*way, count, accuracy(np.array([one == way for one in ways])))
        for way, count in Counter(ways).items()
    ]
    return tuple(sorted(found, key=lambda share: (-share.count, _place(share.name), share.direction)))


def summary(diagnoses: Mapping[tuple[str, Variant], Sequence[Sequence[Tag]]]) -> list[str]:
    """One line for each ability: how its ablated answers fail, by variant.

    Such as "quantitative reasoning: MLP-only: 41 % miscount upward (82 of 200 [34, 48]); all layers: 63 %
    repeat themselves (…)". Up to `MENTIONED` failures of each variant are named, the most frequent first.

    Args:
        diagnoses: the tags of each answer, by the ablated ability's id and the variant.

    Raises:
        ValueError: there is no such ability, or a variant of it has no answers.
    """
    by_ability: dict[str, list[str]] = {}
    for (ability, variant), of_answers in diagnoses.items():
        by_ability.setdefault(ability, []).append(f"{VARIANT_WORDS[variant]}: {_said(shares(of_answers))}")
    return [f"{find_ability(ability).name}: {'; '.join(said)}" for ability, said in by_ability.items()]


def _said(found: Sequence[Share]) -> str:
    """The failures that are frequent enough; without any, how many answers are the same."""
    failures = [share for share in found if share.name in FAILURES and share.share.score >= LEAST_SHARE]
    if failures:
        return ", ".join(share.words() for share in failures[:MENTIONED])
    return f"no failure in {100 * LEAST_SHARE:.0f} % or more of {found[0].share.n} answers"


def _way(tags: Sequence[Tag]) -> tuple[TagName | None, str]:
    """The main tag, None without any, and its direction."""
    tag = main_tag(tags)
    if tag is None:
        return None, ""
    if tag.name != "miscounts" or not tag.excess:
        return tag.name, ""
    return tag.name, "upward" if tag.excess > 0 else "downward"


def _place(name: TagName | None) -> int:
    return len(PRIORITY) if name is None else PRIORITY.index(name)
