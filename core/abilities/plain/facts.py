"""Families that ask for a known fact, such as the capital of a country or the opposite of a word.

In each of them four answers of one split are drawn, and any of them may be the one that is asked for. So in
both splits an option is right in a quarter of the items that show it, and its words alone tell nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from core.abilities.drafting import capital, draft_from, pick
from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft, Family

Fact = tuple[str, str]
"""What is asked about, and the answer."""


def fact_family(ability: str, name: str, facts: Sequence[Fact], questions: Sequence[str]) -> Family:
    """Asks for the answer of a fact; the other options are the answers of three other facts.

    A fifth of the facts is held out. At least four different answers are needed in any row of so many facts.

    Args:
        ability: the ability that the family belongs to.
        name: the family's name, its key.
        facts: what is asked about.
        questions: the ways to ask, with `{s}` for the subject.
    """
    return group_family(ability, name, [[fact] for fact in facts], questions)


def kind_family(
    name: str, kinds: Mapping[str, Sequence[str]], questions: Sequence[str], steps: str = ""
) -> Family:
    """Asks for the kind of a thing; a fifth of each kind's things is held out.

    Args:
        name: the family's name, a part of every key.
        kinds: the things of each kind, five or more.
        questions: the ways to ask, with `{s}` for the thing.
        steps: the worked solution, with `{s}` for the thing and `{a}` for its kind.
    """

    def draw(rng: random.Random) -> Draft:
        kind = rng.choice(list(kinds))
        number = rng.randrange(len(kinds[kind]))
        thing, member = kinds[kind][number], (number, len(kinds[kind]))
        question, worked = (capital(text.format(s=thing, a=kind)) for text in (rng.choice(questions), steps))
        return draft_from(rng, f"{name}/{kind}", "", question, kind, list(kinds), worked, member)

    return Family(name, draw)


def group_family(
    ability: str,
    name: str,
    groups: Sequence[Sequence[Fact]],
    questions: Sequence[str],
    near: int = 1,
    steps: str = "",
) -> Family:
    """Asks for one of several facts about the same thing; a fifth of the groups is held out.

    Args:
        ability: the ability that the family belongs to.
        name: the family's name, its key.
        groups: the facts about each thing, `near` of them or more.
        questions: the ways to ask, with `{s}` for the subject of a fact.
        near: how many of the options are answers of the group that is asked about, 1 or 2. With 2 it is not
            enough to know which words go together.
        steps: the worked solution, with `{s}` for the subject and `{a}` for the answer.
    """
    members = [(number, len(groups)) for number in range(len(groups))]
    splits = [[m for m in members if split_of(ability, name, m) == split] for split in SPLITS]

    def draw(rng: random.Random) -> Draft:
        drawn = pick(rng, rng.choice(splits), 4 // near)
        facts = [fact for number, _ in drawn for fact in pick(rng, groups[number], near)]
        options = [answer for _, answer in facts]
        if len(set(options)) < 4:
            return draw(rng)
        subject, answer = facts[0]
        question, worked = (
            capital(text.format(s=subject, a=answer)) for text in (rng.choice(questions), steps)
        )
        return draft_from(rng, name, "", question, answer, options, worked, drawn[0])

    return Family(name, draw)
